"""What `word_frequencies` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

import pytest
from function import word_frequencies


def test_the_most_frequent_first():
    """Words come by how often they occur, each with its count."""
    assert word_frequencies("b a b c b c") == [
        {"word": "b", "count": 3},
        {"word": "c", "count": 2},
        {"word": "a", "count": 1},
    ]


def test_ties_in_the_order_of_characters():
    """Of equally frequent words the order is that of their characters in Unicode."""
    assert [entry["word"] for entry in word_frequencies("zebra żaba ala 10 9 éclair ala żaba")] == [
        "ala",
        "żaba",
        "10",
        "9",
        "zebra",
        "éclair",
    ]


def test_case_does_not_count():
    """Words are given in small letters."""
    assert word_frequencies("The THE the Żółw ŻÓŁW") == [{"word": "the", "count": 3}, {"word": "żółw", "count": 2}]


def test_accents_count():
    """A letter with an accent is another letter."""
    assert word_frequencies("resume résumé") == [{"word": "resume", "count": 1}, {"word": "résumé", "count": 1}]


def test_ten_by_default():
    """Ten words are listed where no other number is given."""
    text = " ".join("abcdefghijkl")
    assert [entry["word"] for entry in word_frequencies(text)] == list("abcdefghij")


def test_the_number_of_words():
    """As many words are listed as were asked for, or all there are."""
    assert word_frequencies("a a b c", 1) == [{"word": "a", "count": 2}]
    assert word_frequencies("a a b c", top=2) == [{"word": "a", "count": 2}, {"word": "b", "count": 1}]
    assert len(word_frequencies("a a b c", 3)) == len(word_frequencies("a a b c", 99)) == 3


def test_nothing():
    """A text without words gives an empty list."""
    assert word_frequencies("") == []
    assert word_frequencies(" -- ... ' - !? \n") == []


def test_punctuation_parts_words():
    """What is neither letter nor digit ends a word."""
    assert word_frequencies("a,b;c.d/e(f)g_h", 20) == [{"word": word, "count": 1} for word in "abcdefgh"]


def test_apostrophes_and_hyphens_join():
    """One of them between letters or digits belongs to the word."""
    assert word_frequencies("don't well-known 24-7") == [
        {"word": "24-7", "count": 1},
        {"word": "don't", "count": 1},
        {"word": "well-known", "count": 1},
    ]


def test_apostrophes_and_hyphens_elsewhere():
    """At the ends of a word, or two of them, they belong to none."""
    assert word_frequencies("'a' -b- c' d--e") == [{"word": word, "count": 1} for word in "abcde"]


def test_typographic_characters():
    """Typographic apostrophes and hyphens count as those of the keyboard."""
    assert word_frequencies("don’t don't") == [{"word": "don't", "count": 2}]
    assert word_frequencies("e\u2010mail e-mail") == [{"word": "e-mail", "count": 2}]


def test_digits_and_scripts():
    """Numbers are words, and so are those of any script."""
    assert word_frequencies("2026 привет 2026 A4") == [
        {"word": "2026", "count": 2},
        {"word": "a4", "count": 1},
        {"word": "привет", "count": 1},
    ]


def test_fewer_than_one():
    """At least one word must be asked for, whatever the text."""
    for top in (0, -1):
        with pytest.raises(ValueError, match=r"\S"):
            word_frequencies("a b", top)
        with pytest.raises(ValueError, match=r"\S"):
            word_frequencies("", top)
