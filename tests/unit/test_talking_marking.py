"""Data in a message stays data: it calls nobody, hides no address, and does not get out of its code."""

import re

import pytest
from hypothesis import given, strategies

from agent.talking.marking import JOINER, fenced, file_name, prose, span

CALLED = re.compile(r"(?:^|\s|>)@[\w.-]+", re.MULTILINE)
"""What Rocket.Chat's server takes for a mention, wherever it stands in the message: code is no shelter."""
FENCE = re.compile(r"```[\w .-]*\n(?:(?:[^\r\n`]|`[^`\r\n]|``[^`\r\n])*\n)+```")
"""What its clients take for a block of code: a back quote may not end a line of it."""
LINK = re.compile(r"\[[^\]]*\]\([^)]+\)|<[^<>|\s]+\|[^<>]+>|!\[")
TEXTS = strategies.text(max_size=200) | strategies.text(alphabet="@`\n\r al<|>![](hx)*_~\\$.", max_size=60)
HOSTILE = (
    "@all", "hi @here", "x\n@rocket.cat please", ">@all", "@@all", "a @all@example.org", "@all:example.org",
    "[bank](https://evil.example)", "<https://evil.example|bank>", "![x](https://evil.example/x.png)", "](",
    "```", "``` \n@all", "a```\n```", "`", "``", "x`", "x`\n", "x``\ny", "`@all`", "` @all `",
    "\r@all", "\u2028@all", "\x0b@all", "\u202e@all", "||hidden||", "<t:1630360800:R>", "\\[x\\]", "$$x$$", "\ud800",
)  # fmt: skip


def mentions(text: str) -> list[str]:
    """Whom the text calls."""
    return CALLED.findall(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_harmless(text):
    """In a line, in a block, in a sentence."""
    for written in (span(text), fenced(text), prose(text)):
        assert mentions(written) == []
        written.encode()
    assert re.fullmatch(r"`[^`\n]+`", span(text))
    assert FENCE.fullmatch(fenced(text))
    outside = re.sub(r"`[^`\n]+`", "", prose(text))
    assert LINK.search(outside) is None
    assert "`" not in outside


REFERENCE = re.compile(
    r"[#!~%&][\w\"]|&#?\w+;|\[\[|\]\[|\]:|:[\w+-]+:|<[a-zA-Z/!]|[{\[][+-]|\$`|(?<!\S)[*_~][^\s\u200d]"
)
"""What GitLab reads in words, and not in code."""
REFERENCES = (
    "closes #1", "see !2 and ~bug", "%v1 %\"a b\"", "&1", "&commat;all", "&#64;all", "[[About|https://evil.example]]",
    "[x][y]", "[y]: https://evil.example", ":tada:", "<img src=x>", "<details>", "<!-- hidden -->", "</div>", "{+ a +}",
    "[- b -]", "$`x`$", "group/app#5", "*bold*", "~~gone~~",
)  # fmt: skip


@pytest.mark.parametrize("text", REFERENCES)
def test_nothing_in_a_sentence_is_a_reference(text):
    """Issues, labels, entities, HTML, signs: a code host shows what was written, and nobody is told."""
    outside = re.sub(r"`[^`\n]+`", "", prose(text))
    assert REFERENCE.search(outside) is None, outside
    assert prose(text).replace(JOINER, "").count(" ") == text.count(" ")


@given(strategies.text(alphabet="#!~%&@[]():;$<>{}+-*_`| ab1", max_size=40))
def test_no_sentence_holds_a_reference(text):
    """Whatever stands beside what."""
    outside = re.sub(r"`[^`\n]+`", "", prose(text))
    found = re.search(r"[#~][\w]|![\d\[]|%[\w]|&#?\w+;|\[\[|\]\[|\]\(|:[\w+-]+:|<[a-z/!]", outside)
    assert found is None, (outside, found)


@given(TEXTS)
def test_no_text_mentions_anybody(text):
    """Whatever a function gives."""
    assert mentions(f"{span(text)}\n{fenced(text)}\n{prose(text)}") == []


@given(TEXTS)
def test_no_text_leaves_its_code(text):
    """A span is one span, a block one block, and in a sentence all that is not code means nothing."""
    assert re.fullmatch(r"`[^`\n]+`", span(text))
    assert FENCE.fullmatch(fenced(text))
    outside = re.sub(r"`[^`\n]+`", "", prose(text))
    assert LINK.search(outside) is None
    assert "`" not in outside
    assert "\n" not in outside


@given(strategies.text(alphabet=strategies.characters(categories=("L", "N", "P", "S", "Zs")), max_size=100))
def test_nothing_visible_is_lost_in_a_block(text):
    """Without the signs that nobody sees, a block holds the very text."""
    body = fenced(text).removeprefix("```\n").removesuffix("\n```")
    assert body.replace(JOINER, "") == (text or " ")


@pytest.mark.parametrize("text", ["a.b@example.org", "write to ewa@poczta.example.pl now", "a @ b", "x@", "e = m @ c"])
def test_addresses_and_lone_signs_stay_what_they_are(text):
    """An e-mail address can be copied, and so can a matrix product."""
    assert span(text) == f"`{text}`"


def test_what_acts_without_a_shape_is_shown():
    """Marks of direction and controls have a mark in their place; line ends become one kind."""
    assert span("a\u202eb\x1bc") == "`a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c`"
    assert fenced("a\r\nb\u2028c\x85d") == "```\na\nb\nc\nd\n```"
    assert fenced("👩‍👧 ż ä 日本") == "```\n👩‍👧 ż ä 日本\n```"


def test_a_sentence_keeps_its_code_and_its_words():
    """`names` in ticks stay code, other signs are only signs, and names with underscores can be read."""
    assert prose("`csv_group_sum` needs `text` (a text)") == "`csv_group_sum` needs `text` (a text)"
    assert prose("no link: https://a.example`[x](https://evil.example)`").count("`") == 0
    assert prose("(`a` or `b`)") == "(`a` or `b`)"
    assert prose("of csv_group_sum, 3 < 4").replace(JOINER, "") == "of csv_group_sum, 3 < 4"
    assert prose("one ` tick and __init__").replace(JOINER, "") == "one ‵ tick and __init__"
    assert len(prose("x" * 5000)) == 600


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("report.csv", "report.csv"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("a\\b", "a_b"),
        ("@all.txt", "_all.txt"),
        ("x\ny", "x_y"),
        ("..", "_"),
        ("", "_"),
        ("\u202egpj.exe", "_gpj.exe"),
    ],
)
def test_a_file_has_a_plain_name(name, plain):
    """No folders, nothing that is obeyed, nobody called."""
    assert file_name(name) == plain
