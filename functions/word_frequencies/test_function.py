"""What word_frequencies promises."""

import pytest
from function import word_frequencies


def counted(text: str, top: int = 10) -> list[tuple[str, int]]:
    """Words and counts as pairs."""
    return [(entry["word"], entry["count"]) for entry in word_frequencies(text, top)]


def test_words_and_counts():
    """Each entry is an object with the word and how often it occurs."""
    assert word_frequencies("b a b") == [{"word": "b", "count": 2}, {"word": "a", "count": 1}]


def test_the_most_frequent_come_first():
    """Entries go from many to few, whatever their order in the text."""
    assert counted("one two two three three three") == [("three", 3), ("two", 2), ("one", 1)]


def test_ties_in_the_order_of_characters():
    """Equally frequent words stand in the order of Unicode: digits, ASCII, other letters."""
    assert counted("ż b a z 10 9 ab") == [("10", 1), ("9", 1), ("a", 1), ("ab", 1), ("b", 1), ("z", 1), ("ż", 1)]


def test_case_does_not_count():
    """Words are the same in any case, in every script, and are given in small letters."""
    assert counted("The THE the ŁÓDŹ Łódź Да да") == [("the", 3), ("łódź", 2), ("да", 2)]


def test_accents_count_however_they_are_stored():
    """An accent makes another word; stored apart or not it is the same."""
    assert counted("caf\u00e9 cafe\u0301 CAFE\u0301 cafe") == [("café", 3), ("cafe", 1)]


def test_punctuation_separates():
    """Everything that is no letter or digit separates words, underscores too."""
    assert counted("a,b;c.d/e_f—g(h)\n1.5\t€") == [(word, 1) for word in "15abcdefgh"]


def test_apostrophes_and_hyphens_join():
    """One of them between letters joins; at the ends, or two together, they separate."""
    assert counted("don't well-known 'a' -b- c--d e'-f") == [
        *[(word, 1) for word in ("a", "b", "c", "d", "don't", "e", "f", "well-known")]
    ]


def test_typographic_spellings_are_the_same_word():
    """Curved apostrophes and other hyphens count as those of the keyboard."""
    assert counted("don't don’t donʼt e-mail e‐mail e‑mail") == [("don't", 3), ("e-mail", 3)]


def test_digits_and_other_scripts():
    """Digits are words, and signs that combine with letters are part of them."""
    assert counted("2026 v2 हिन्दी हिन्दी привет") == [("हिन्दी", 2), ("2026", 1), ("v2", 1), ("привет", 1)]


@pytest.mark.parametrize(("top", "words"), [(1, ["a"]), (2, ["a", "b"]), (3, ["a", "b", "c"]), (9, ["a", "b", "c"])])
def test_as_many_as_asked_for(top: int, words: list[str]):
    """The list ends after so many words, or when there are no more."""
    assert [word for word, _ in counted("c b b a a a", top)] == words


def test_ten_by_default():
    """Ten words are listed where no number is given."""
    assert [entry["word"] for entry in word_frequencies("l k j i h g f e d c b a a")] == list("abcdefghij")


def test_nothing_to_count():
    """A text without words gives an empty list."""
    assert word_frequencies("") == []
    assert word_frequencies(" -- ' … !") == []


@pytest.mark.parametrize("top", [0, -1])
def test_fewer_than_one_is_refused(top: int):
    """A list without room for a word is an error that names the number."""
    with pytest.raises(ValueError, match=f"^top must be at least 1, not {top}$"):
        word_frequencies("a", top)
