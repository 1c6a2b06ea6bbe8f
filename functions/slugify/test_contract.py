"""What `slugify` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

import pytest
from function import slugify


def test_words_are_joined_by_hyphens():
    """Words become lower case and are joined."""
    assert slugify("a b") == "a-b"
    assert slugify("Hello, World!") == "hello-world"
    assert slugify("Top 10 of 2026") == "top-10-of-2026"


def test_one_word():
    """A single word needs no hyphen."""
    assert slugify("Hello") == "hello"
    assert slugify("7") == "7"


def test_nothing_to_spell():
    """A text without anything that ASCII can spell gives an empty slug."""
    assert slugify("") == ""
    assert slugify(" -_!?- ") == ""
    assert slugify("日本語") == ""


def test_separators_never_pile_up():
    """However much stands between two words, one hyphen joins them, and none stands at the ends."""
    assert slugify("  a -- b  ") == "a-b"
    assert slugify("--a__b..c/d--") == "a-b-c-d"
    assert slugify("C++ & C#") == "c-c"


def test_accents_are_removed():
    """Accented letters keep their letter, in one code point or in two."""
    assert slugify("Crème brûlée") == "creme-brulee"
    assert slugify("ÀÉÎÕÜ") == "aeiou"
    assert slugify("cafe\u0301 noir") == "cafe-noir"
    assert slugify("İstanbul") == "istanbul"


def test_letters_with_a_usual_spelling():
    """Letters that no accent explains get the spelling that is usual."""
    assert slugify("Łódź") == "lodz"
    assert slugify("Øresund") == "oresund"
    assert slugify("Straße") == "strasse"
    assert slugify("Ærø") == "aero"
    assert slugify("Cœur") == "coeur"


def test_other_scripts_separate():
    """What has no ASCII spelling separates words like a blank."""
    assert slugify("東京 2026") == "2026"
    assert slugify("a日b") == "a-b"
    assert slugify("fish 🐟 chips") == "fish-chips"


def test_apostrophes_vanish():
    """An apostrophe, straight or curved, leaves no hyphen behind."""
    assert slugify("Don't stop") == "dont-stop"
    assert slugify("it’s") == "its"


def test_cut_between_words():
    """A slug that is too long ends with a whole word, and never with a hyphen."""
    assert slugify("hello big world", 11) == "hello-big"
    assert slugify("hello big world", 9) == "hello-big"
    assert slugify("hello big world", 8) == "hello"
    assert slugify("ab cd", 3) == "ab"


def test_a_slug_that_just_fits():
    """A slug of exactly the length allowed is not cut."""
    assert slugify("hello world", 11) == "hello-world"
    assert slugify("hello", max_length=5) == "hello"


def test_one_long_word_is_cut_within():
    """Where not even the first word fits, its beginning is kept."""
    assert slugify("hello", 3) == "hel"
    assert slugify("hello world", 1) == "h"
    assert slugify("a" * 100) == "a" * 80


def test_the_length_is_that_of_the_slug():
    """Letters that become two count as two, and what vanishes does not count."""
    assert slugify("ßß", 4) == "ssss"
    assert slugify("...ab...", 2) == "ab"


def test_a_slug_is_its_own_slug():
    """Doing it twice changes nothing."""
    assert slugify("zazolc-gesla-jazn") == "zazolc-gesla-jazn"
    assert slugify("top-10", 6) == "top-10"


def test_lengths_below_one_are_refused():
    """A slug has room for one character at least, whatever the text."""
    with pytest.raises(ValueError, match=r"\S"):
        slugify("a b", 0)
    with pytest.raises(ValueError, match=r"\S"):
        slugify("a b", -1)
    with pytest.raises(ValueError, match=r"\S"):
        slugify("", 0)
