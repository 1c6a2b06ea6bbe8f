"""What unique_lines promises."""

import itertools

import pytest
from function import unique_lines


def test_the_first_stays():
    """A line that was there before goes, wherever it stands."""
    assert unique_lines("a\nb\na\nc\nb") == "a\nb\nc"


def test_neighbours():
    """Lines that follow each other become one."""
    assert unique_lines("a\na\na\nb\nb") == "a\nb"


def test_the_order_stays():
    """Nothing is sorted."""
    assert unique_lines("c\na\nc\nb\na") == "c\na\nb"


def test_case_and_blanks_count():
    """Lines that differ in case, in blanks or in accents are different."""
    text = "a\nA\na \n a\na\t\ną\na"
    assert unique_lines(text) == text[:-2]


@pytest.mark.parametrize(("text", "kept"), [("a\na\n", "a\n"), ("a\na", "a"), ("a\nb\na\n", "a\nb\n"), ("\n", "\n")])
def test_the_last_line_end(text: str, kept: str):
    """A line end at the end stays there, and where there is none, none is made."""
    assert unique_lines(text) == kept


@pytest.mark.parametrize("text", ["a\r\na\r\nb\r\n", "a\ra\rb\r", "a\na\r\nb\r", "a\r\nb\na\n"])
def test_line_ends_of_every_kind(text: str):
    """CR LF and CR end a line as LF does, and come out as LF."""
    assert unique_lines(text) == "a\nb\n"


def test_empty_lines():
    """Of empty lines the first stays; the line end at the end makes none."""
    assert unique_lines("a\n\nb\n\n\nc\n") == "a\n\nb\nc\n"
    assert unique_lines("a\n\n") == "a\n\n"
    assert unique_lines("\n\n\n") == "\n"


def test_other_separators_end_no_line():
    """Form feeds, vertical tabs and the separators of Unicode stay within their line."""
    assert unique_lines("a\x0ca\x0ba\u2028a\x85a\na") == "a\x0ca\x0ba\u2028a\x85a\na"


@pytest.mark.parametrize("text", ["", "a", "a\nb\nc", "a\nb\nc\n"])
def test_nothing_to_remove(text: str):
    """A text without repetition stays as it is, and so does what comes out."""
    assert unique_lines(text) == text
    assert unique_lines(unique_lines(f"{text}\n{text}")) == unique_lines(f"{text}\n{text}")


def test_agrees_with_looking_for_each():
    """Of all texts of five lines from three, every line stays whose like is not before it."""
    for lines in itertools.product("xyz", repeat=5):
        kept = [line for place, line in enumerate(lines) if line not in lines[:place]]
        assert unique_lines("\n".join(lines)) == "\n".join(kept)
