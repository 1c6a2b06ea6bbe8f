"""What count_words promises."""

import pytest
from function import count_words


def test_words_between_spaces():
    """Words apart by spaces count one each."""
    assert count_words("a b") == 2
    assert count_words("The quick brown fox") == 4


@pytest.mark.parametrize("text", ["", " \t\r\n", "— … !?", "' - _ '", "🎉 🎉"])
def test_text_without_words(text: str):
    """White space, punctuation and pictures are no words."""
    assert count_words(text) == 0


def test_any_white_space_separates():
    """Line ends, tabs and no-break spaces separate words, and several count as one."""
    assert count_words("  one\ttwo\r\nthree\u00a0four\n\n\nfive  ") == 5


def test_punctuation_separates_and_does_not_count():
    """Words that only punctuation parts are several words."""
    assert count_words("Yes,no;maybe. (Perhaps!) and/or – so…on") == 8


@pytest.mark.parametrize("word", ["don't", "don’t", "well-known", "snake_case", "mother-in-law's", "non‑breaking"])
def test_joined_words_count_once(word: str):
    """An apostrophe, hyphen or underscore inside a word joins it."""
    assert count_words(f"a {word} b") == 3


@pytest.mark.parametrize("text", ["one--two", "one -two", "one- two", "one 'two'", "one__two", "one'-two"])
def test_joiners_join_only_inside(text: str):
    """A doubled joiner, or one with a space beside it, joins nothing."""
    assert count_words(text) == 2


def test_numbers_are_words():
    """Digits count as words, and a dot or comma between digits joins them."""
    assert count_words("2 of 1,240.50 in v2") == 5


def test_dot_and_comma_join_digits_only():
    """A dot or comma beside a letter or a space separates."""
    assert count_words("a.b c,d 1,x x.1 1. 2") == 10


def test_letters_of_any_script():
    """Polish, Greek, Cyrillic and Arabic words count like English ones."""
    assert count_words("Zażółć gęślą jaźń αβγ привет مرحبا straße") == 7


def test_combining_marks_do_not_split():
    """A letter with its accent as a character of its own is one letter, also in Hindi."""
    assert count_words("cafe\u0301s re\u0301sume\u0301") == 2
    assert count_words("हिन्दी में") == 2


def test_soft_hyphens_do_not_split():
    """A hyphen that shows only at a line's end is not part of the word."""
    assert count_words("Donau\u00addampf\u00adschiff") == 1


def test_script_without_spaces_counts_as_a_run():
    """An unbroken run of letters is one word."""
    assert count_words("東京都 大阪") == 2


def test_long_text():
    """The count is exact for a long text, its first and last word included."""
    assert count_words("word " * 4_999 + "end") == 5_000
