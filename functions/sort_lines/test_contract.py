"""What `sort_lines` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

import pytest
from function import sort_lines


def test_names():
    """A list of names, one a line, comes out from A to Z."""
    assert sort_lines("Nowak\nKowalska\nWójcik\nAdamski") == "Adamski\nKowalska\nNowak\nWójcik"


def test_from_z_to_a():
    """And from Z to A when asked."""
    assert sort_lines("Nowak\nKowalska\nWójcik\nAdamski", "descending") == "Wójcik\nNowak\nKowalska\nAdamski"


def test_lines_and_not_words():
    """Words keep their place within a line."""
    assert sort_lines("the zoo\na zebra ate") == "a zebra ate\nthe zoo"


def test_small_letters_and_capitals():
    """Capitals do not all come before small letters."""
    assert sort_lines("Zoo\napple\nMango\nbanana") == "apple\nbanana\nMango\nZoo"


def test_polish_letters():
    """Letters with diacritics do not come after Z."""
    assert sort_lines("Żory\nŁódź\nZabrze\nLublin\nŚwidnica\nOpole") == "Łódź\nLublin\nOpole\nŚwidnica\nZabrze\nŻory"


def test_a_shorter_line_comes_first():
    """A line that another begins with comes before it."""
    assert sort_lines("carpet\ncar\ncart") == "car\ncarpet\ncart"


def test_blanks_count():
    """A line that begins with a space comes before one that begins with a letter."""
    assert sort_lines("b\n a\nc") == " a\nb\nc"


def test_nothing_is_lost():
    """Lines that repeat are all there afterwards."""
    assert sort_lines("b\na\nb\na\nb") == "a\na\nb\nb\nb"


def test_the_end_of_the_text():
    """A line end that the text ends with is kept, none is added, and it makes no empty line at the top."""
    assert sort_lines("b\na\n") == "a\nb\n"
    assert sort_lines("b\na") == "a\nb"


def test_empty_lines_are_lines():
    """They come first."""
    assert sort_lines("b\n\na\n") == "\na\nb\n"


def test_files_of_windows():
    """Carriage returns are no part of a line, and do not come out."""
    assert sort_lines("b\r\na\r\nc") == "a\nb\nc"


def test_numbers_are_text():
    """10 and 100 come before 2."""
    assert sort_lines("2\n100\n10") == "10\n100\n2"


def test_very_little():
    """An empty text and a single line come back as they are."""
    assert sort_lines("") == ""
    assert sort_lines("only one") == "only one"


def test_an_order_that_is_not_there():
    """Anything but the two is refused."""
    with pytest.raises(ValueError, match=r"\S"):
        sort_lines("b\na", "reverse")
