"""What count_characters promises."""

import pytest
from function import count_characters


def counts(characters: int, without_spaces: int, letters: int, digits: int, lines: int) -> dict[str, int]:
    """The result with these numbers."""
    return {
        "characters": characters,
        "without_spaces": without_spaces,
        "letters": letters,
        "digits": digits,
        "lines": lines,
    }


def test_a_sentence():
    """Letters, digits, signs and blanks are told apart."""
    assert count_characters("Room 12, at 9!") == counts(14, 11, 6, 3, 1)


def test_an_empty_text():
    """It has nothing, and its numbers are numbers."""
    assert repr(sorted(count_characters("").values())) == "[0, 0, 0, 0, 0]"
    assert count_characters("") == counts(0, 0, 0, 0, 0)


@pytest.mark.parametrize("space", [" ", "\t", "\n", "\u00a0", "\u2003", "\x0b", "\u3000"])
def test_white_space_of_every_kind(space: str):
    """Tabs, line ends and the wide and narrow spaces of Unicode are spaces."""
    found = count_characters(f"a{space}b{space}{space}c")
    assert (found["characters"], found["without_spaces"], found["letters"]) == (6, 3, 3)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_kind(end: str):
    """Each kind is one character and ends one line."""
    assert count_characters(f"a{end}b{end}") == counts(4, 2, 2, 0, 2)
    assert count_characters(f"a{end}b") == counts(3, 2, 2, 0, 2)


@pytest.mark.parametrize(("text", "lines"), [("a", 1), ("a\n", 1), ("\n", 1), ("\n\n", 2), ("\na", 2), ("a\n\nb\n", 3)])
def test_lines(text: str, lines: int):
    """Empty lines count, and the last line needs no end."""
    assert count_characters(text)["lines"] == lines


def test_other_separators_end_no_line():
    """Form feeds and the separators of Unicode do not."""
    assert count_characters("a\x0cb\u2028c\u2029d\x85e") == counts(9, 5, 5, 0, 1)


def test_polish_letters():
    """A letter with a diacritic is one letter."""
    assert count_characters("Zażółć gęślą jaźń") == counts(17, 15, 15, 0, 1)


def test_accents_of_their_own():
    """An accent that is a character of its own adds nothing, also where there is no single letter for both."""
    assert count_characters("e\u0301a\u0328") == count_characters("éą") == counts(2, 2, 2, 0, 1)
    assert count_characters("x\u0301\u0323y") == counts(2, 2, 2, 0, 1)


def test_other_scripts():
    """Letters and digits of every script are such; a superscript and a fraction are no digits."""
    assert count_characters("жλ東א") == counts(4, 4, 4, 0, 1)
    assert count_characters("٣९5") == counts(3, 3, 0, 3, 1)
    assert count_characters("²½Ⅷ") == counts(3, 3, 0, 0, 1)


def test_emoji_and_signs():
    """A plain emoji is one character and no letter; a family is put together of five."""
    assert count_characters("🙂-_") == counts(3, 3, 0, 0, 1)
    assert count_characters("👩\u200d👩\u200d👧")["characters"] == 5
