"""What `markdown_headings` promises in its description, checked without a look at how it does it."""

from function import markdown_headings


def test_six_levels():
    """One to six number signs make a heading of that level, seven make none."""
    text = "\n\n".join(f"{'#' * level} T{level}" for level in range(1, 8))
    assert [heading["level"] for heading in markdown_headings(text)] == [1, 2, 3, 4, 5, 6]
    assert [heading["title"] for heading in markdown_headings(text)] == ["T1", "T2", "T3", "T4", "T5", "T6"]


def test_what_a_heading_has():
    """A heading has its level, its title and its anchor, and nothing else."""
    assert markdown_headings("## Set up\n") == [{"level": 2, "title": "Set up", "anchor": "set-up"}]


def test_nothing():
    """A text without headings gives none."""
    assert markdown_headings("") == []
    assert markdown_headings("text\n\nmore text #1\n") == []


def test_the_space_behind_the_signs():
    """Without a space there is no heading; more than one does not count, and neither do signs at the end."""
    assert markdown_headings("#tag\n") == []
    assert markdown_headings("#   Title   ##  \n") == [{"level": 1, "title": "Title", "anchor": "title"}]
    assert markdown_headings("# C#\n")[0]["title"] == "C#"


def test_blanks_before_a_heading():
    """Up to three spaces may stand before a heading; four make it code."""
    assert [heading["title"] for heading in markdown_headings("   # a\n\n    # b\n\n\t# c\n")] == ["a"]


def test_underlined_headings():
    """Equal signs under a paragraph make level 1, hyphens level 2, however many."""
    text = "One\n===\n\nTwo\n---\n\nThree\n=\n"
    assert [(heading["level"], heading["title"]) for heading in markdown_headings(text)] == [
        (1, "One"),
        (2, "Two"),
        (1, "Three"),
    ]


def test_hyphens_without_a_paragraph():
    """Behind an empty line hyphens are a rule, and equal signs a paragraph."""
    assert markdown_headings("text\n\n---\n\n===\n\nmore\n") == []


def test_fenced_code():
    """What stands between fences of either kind is no heading; behind them headings go on."""
    assert [heading["title"] for heading in markdown_headings("```sh\n# a\n```\n# b\n~~~\n# c\n~~~\n# d\n")] == [
        "b",
        "d",
    ]
    assert [heading["title"] for heading in markdown_headings("````\n```\n# a\n````\n# b\n")] == ["b"]
    assert [heading["title"] for heading in markdown_headings("# a\n```\n# b\n")] == ["a"]


def test_comments_quotes_lists_and_front_matter():
    """Comments, quotes, list items and YAML at the start hold no headings."""
    text = "---\ntitle: x\n# y\n---\n\n<!--\n# a\n-->\n\n> # b\n\n- # c\n\n1. # d\n\n# e\n"
    assert [heading["title"] for heading in markdown_headings(text)] == ["e"]


def test_plain_titles():
    """Links keep their text, images go, and so do the marks of code and emphasis."""
    titles = [
        heading["title"]
        for heading in markdown_headings(
            "# Use `kit`\n# *a* and **b** and __c__\n# See [docs](https://example.com)\n# ![logo](l.png) Name\n"
        )
    ]
    assert titles == ["Use kit", "a and b and c", "See docs", "Name"]


def test_marks_within_words():
    """An underscore within a word is no mark of emphasis."""
    assert markdown_headings("# snake_case_name\n") == [
        {"level": 1, "title": "snake_case_name", "anchor": "snake_case_name"}
    ]


def test_anchors():
    """Anchors have small letters, digits, hyphens and underscores; a space is a hyphen, the rest goes."""
    anchors = [
        heading["anchor"]
        for heading in markdown_headings("# What's New?\n# v1.2.3 (beta)\n# A & B\n# pre-made_kit\n# Über Łódź\n")
    ]
    assert anchors == ["whats-new", "v123-beta", "a--b", "pre-made_kit", "über-łódź"]


def test_repeated_anchors():
    """An anchor that was given before gets a number, across levels too."""
    anchors = [heading["anchor"] for heading in markdown_headings("# A\n## A\n### a\n# B\n# A!\n")]
    assert anchors == ["a", "a-1", "a-2", "b", "a-3"]


def test_the_order_of_the_text():
    """Headings of both kinds come as they stand, whatever their level."""
    text = "### c\n\na\n=\n\n# b\n"
    assert [(heading["level"], heading["title"]) for heading in markdown_headings(text)] == [
        (3, "c"),
        (1, "a"),
        (1, "b"),
    ]
