"""What sort_lines promises."""

import itertools

import pytest
from function import sort_lines


def test_lines_are_sorted():
    """Lines come out in the order of the alphabet."""
    assert sort_lines("pear\napple\nfig") == "apple\nfig\npear"


def test_descending():
    """The other way round on request."""
    assert sort_lines("pear\napple\nfig", order="descending") == "pear\nfig\napple"
    assert sort_lines("pear\napple\nfig", "ascending") == "apple\nfig\npear"


@pytest.mark.parametrize("order", ["ascending", "descending"])
def test_the_last_line_end_stays_last(order: str):
    """A line end at the end stays there, and where there is none, none is made."""
    ordered = "b\na\n" if order == "descending" else "a\nb\n"
    assert sort_lines("a\nb\n", order) == sort_lines("b\na\n", order) == ordered
    assert sort_lines("a\nb", order) == ordered[:-1]


@pytest.mark.parametrize("text", ["b\r\na\r\n", "b\ra\r", "b\r\na\n", "b\na\r\n"])
def test_line_ends_of_every_kind(text: str):
    """CR LF and CR end a line as LF does, and come out as LF."""
    assert sort_lines(text) == "a\nb\n"


def test_other_separators_end_no_line():
    """Form feeds, vertical tabs and the separators of Unicode stay within their line."""
    assert sort_lines("b\x0cx\na\u2028y\x0bz\x85") == "a\u2028y\x0bz\x85\nb\x0cx"


def test_case_counts_last():
    """Small and capital letters stand together; between lines alike in all else the capital comes first."""
    assert sort_lines("b\nB\na\nA\nab") == "A\na\nab\nB\nb"
    assert sort_lines("Straße\nSTRASSEN\nstrasse") == "Straße\nstrasse\nSTRASSEN"


def test_accents_count_last():
    """Letters with accents stand with their letter, whether Unicode takes them apart or not."""
    words = "żaba\nzebra\nłąka\nlis\nluty\nćma\ncena\nczas"
    assert sort_lines(words) == "cena\nćma\nczas\nłąka\nlis\nluty\nżaba\nzebra"
    assert sort_lines("ør\nos\nøl") == "øl\nør\nos"
    assert sort_lines("đ\nd\ne") == "d\nđ\ne"


def test_accents_of_both_forms():
    """An accent in a character of its own counts as one that is part of the letter."""
    assert sort_lines("e\u0301b\n\u00e9a\nec") == "\u00e9a\ne\u0301b\nec"


def test_repeated_and_empty_lines_are_kept():
    """No line is lost; empty ones come first, or last where it is descending."""
    assert sort_lines("b\n\na\nb\n\n") == "\n\na\nb\nb\n"
    assert sort_lines("b\n\na\nb\n\n", "descending") == "b\nb\na\n\n\n"


def test_digits_one_by_one():
    """Numbers are compared as text is."""
    assert sort_lines("9\n10\n1") == "1\n10\n9"


@pytest.mark.parametrize("text", ["", "\n", "a", "a\n", " a", "\n\n"])
def test_what_is_in_order(text: str):
    """A text of one line or of empty ones stays as it is."""
    assert sort_lines(text) == sort_lines(text, "descending") == text


def test_any_order_comes_to_the_same():
    """However the lines stand, they come out in one order, and its reverse."""
    lines = ["Ala", "ala", "ąla", "Bob", "-"]
    ordered = sort_lines("\n".join(lines))
    assert ordered == "-\nAla\nala\nąla\nBob"
    for mixed in itertools.permutations(lines):
        assert sort_lines("x\n" + "\n".join(mixed)) == f"{ordered}\nx"
        assert sort_lines("x\n" + "\n".join(mixed), "descending").split("\n") == ["x", *reversed(ordered.split("\n"))]


@pytest.mark.parametrize("order", ["", "Descending", "random"])
def test_other_orders(order: str):
    """An order that is not there is an error that names those that are."""
    with pytest.raises(ValueError, match=f"^order must be one of ascending, descending, not '{order}'$"):
        sort_lines("b\na", order)
