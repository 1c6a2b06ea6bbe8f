"""What markdown_headings promises."""

import pytest
from function import markdown_headings


def found(text: str) -> list[tuple[int, str]]:
    """Level and title of each heading."""
    return [(heading["level"], heading["title"]) for heading in markdown_headings(text)]


def test_levels_titles_and_anchors():
    """Each heading comes in order with its level, title and anchor."""
    assert markdown_headings("# Guide\ntext\n### Set up\n") == [
        {"level": 1, "title": "Guide", "anchor": "guide"},
        {"level": 3, "title": "Set up", "anchor": "set-up"},
    ]


def test_six_levels_and_no_more():
    """One to six signs make a heading, with a space, a tab or nothing behind them."""
    text = "".join(f"{'#' * level} x{level}\n" for level in range(1, 8))
    assert found(text) == [(level, f"x{level}") for level in range(1, 7)]
    assert found("#no\n##\tyes\n#\n") == [(2, "yes"), (1, "")]


def test_signs_at_the_end():
    """Closing signs go where a space sets them apart; others are part of the title."""
    assert found("# a #\n## b ####  \n# c#\n# #\n# d # e\n#   f  ") == [
        (1, "a"),
        (2, "b"),
        (1, "c#"),
        (1, ""),
        (1, "d # e"),
        (1, "f"),
    ]


def test_indentation():
    """Up to three spaces may stand before a heading; four or a tab make it code."""
    assert found("   # a\n\n    # b\n\n\t# c\n\n    code\n---\n") == [(1, "a")]


def test_underlined_paragraphs():
    """A paragraph over equal signs has level 1, one over hyphens level 2, with all its lines."""
    assert found("One\n===\nTwo\nlines\n  -\n\n  Three\n     more\n--- \n") == [
        (1, "One"),
        (2, "Two lines"),
        (2, "Three more"),
    ]


def test_lines_that_underline_nothing():
    """Without a paragraph right above, hyphens are a rule and equal signs are text; a rule ends what is above."""
    assert found("a\n\n---\n\nb\n***\n---\n# c\n---\n===\n\nd\n-- -\n") == [(1, "c")]
    assert found("- - -\nTitle\n===\n* * *\nNext\n---\n___\nLast\n-") == [(1, "Title"), (2, "Next"), (2, "Last")]


@pytest.mark.parametrize("mark", ["> ", ">", "- ", "* ", "+ ", "1. ", "12) "])
def test_quotes_and_lists(mark: str):
    """What stands behind the mark of a quote or item is no heading, up to the next blank line."""
    assert found(f"{mark}# a\n{mark}b\nc\n===\n\nd\n===\n{mark}e\n---\n# f") == [(1, "d"), (1, "f")]


@pytest.mark.parametrize(("mark", "other"), [("```", "~~~"), ("~~~~", "```"), ("  ````", "~~~")])
def test_fenced_code(mark: str, other: str):
    """Between fences nothing is a heading; only a fence of the same signs, as long or longer, closes."""
    text = f"# a\n{mark}py\n# b\n{other}\n# c\n{mark[:-1]}\n{mark} x\nd\n===\n{mark}{mark[-1]} \n# e\n"
    assert found(text) == [(1, "a"), (1, "e")]
    assert found(f"a\n{mark}\n{mark}\n===\n# b") == [(1, "b")]


def test_fences_and_comments_left_open():
    """Code or a comment that does not end goes to the end of the text; ticks in a line of text are no fence."""
    assert found("# a\n```\n# b\n") == [(1, "a")]
    assert found("# a\n<!-- b\n# c\n") == [(1, "a")]
    assert found("```a`\n# b\n```` c `` \n# d") == [(1, "b"), (1, "d")]


def test_comments_and_front_matter():
    """Comments and YAML at the very start are passed over; later such lines are a rule and a heading."""
    assert found("---\ntitle: a\n# b\n---\n# c\n<!-- # d\n# e\n--> f\n# g") == [(1, "c"), (1, "g")]
    assert found("---\na: 1\n...\n# b") == [(1, "b")]
    assert found("\n---\ntitle: a\n---\n") == [(2, "title: a")]


def test_html():
    """A block of HTML goes to the next blank line, raw contents to their end tag; other tags are ordinary text."""
    assert found("<div align=x>\n# a\n---\n\n# b\n</P>\nc\n===\n \n# d") == [(1, "b"), (1, "d")]
    assert found("<pre>\n\n# a\n</pre> b\n---\n<Style\n># c\n\n# d\n</style>\n# e\n<script>\n\n# f") == [(1, "e")]
    assert found("<divx>\n# a\n\n<i>b</i>\n---\n<br/>") == [(1, "a"), (2, "<i>b</i>")]


def test_plain_titles():
    """Marks of code and emphasis, links and images go; what they say stays."""
    assert found("# The `x*y*` of *a* **b** ***c*** _d_ __e__ *f __g__*\n") == [(1, "The x*y* of a b c d e f g")]
    assert found("## [Doc `s`](http://x.y) [r][1] ![i](j.png) [k]\n") == [(2, "Doc s r  [k]")]
    assert found("# snake_case_name 2 * 3 * 4 \\*x\\* ``a`b``") == [(1, "snake_case_name 2 * 3 * 4 *x* a`b")]


@pytest.mark.parametrize(
    ("title", "anchor"),
    [
        ("Hello, World!", "hello-world"),
        ("a  b - c_d", "a--b---c_d"),
        ("C++ & v1.0 (beta)?", "c--v10-beta"),
        ("ZAŻÓŁĆ Ω 2²", "zażółć-ω-2²"),
        ("हिन्दी 🐟", "हिन्दी-"),
    ],
)
def test_anchors(title: str, anchor: str):
    """Anchors keep letters and digits of any script, hyphens and underscores, in small letters."""
    assert [heading["anchor"] for heading in markdown_headings(f"# {title}")] == [anchor]


def test_anchors_given_before():
    """A second one gets -1, a third -2, and none is given twice."""
    text = "# a\n## A!\n# a-1\n# a\n# b\n# b\n"
    assert [heading["anchor"] for heading in markdown_headings(text)] == ["a", "a-1", "a-1-1", "a-2", "b", "b-1"]


def test_line_ends_and_nothing():
    """Line ends of Windows do not count; a text without headings gives none."""
    assert found("---\r\na: b\r\n---\r\n# a\r\n```\r\n# b\r\n```\r\nc\r\n---\r\n") == [(1, "a"), (2, "c")]
    assert found("") == []
