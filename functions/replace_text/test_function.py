"""What replace_text promises."""

import pytest
from function import replace_text


def test_every_occurrence():
    """All are replaced, at both ends and between."""
    assert replace_text("a-b-a-b-a", "a", "x") == "x-b-x-b-x"
    assert replace_text("aaa", "a", "bb") == "bbbbbb"


@pytest.mark.parametrize("match", ["anywhere", "words"])
def test_nothing_found(match: str):
    """A text without it stays as it is, an empty one too."""
    assert replace_text("one two", "three", "x", match) == "one two"
    assert replace_text("", "three", "x", match) == ""


def test_case_counts():
    """Another case is another text."""
    assert replace_text("Cat cat CAT", "cat", "dog") == "Cat dog CAT"
    assert replace_text("Cat cat CAT", "cat", "dog", match="words") == "Cat dog CAT"


@pytest.mark.parametrize("old", [".", "*", "a.c", "[b]", "(", "\\", "\\d", "^", "$", "a|b", "+"])
@pytest.mark.parametrize("match", ["anywhere", "words"])
def test_signs_mean_themselves(old: str, match: str):
    """What is looked for is no pattern: only itself is found."""
    assert replace_text(f"abc - {old} - 1", old, "X", match) == "abc - X - 1"


@pytest.mark.parametrize("new", ["\\1", "\\g<0>", "$1", "\\n", "\\", "{0}", "%s"])
@pytest.mark.parametrize("match", ["anywhere", "words"])
def test_what_is_put_in_means_itself(new: str, match: str):
    """A backslash or a dollar in the new text comes out as it is."""
    assert replace_text("one two", "two", new, match) == f"one {new}"


def test_overlaps():
    """Of two that overlap the first goes, and what was put in is not searched."""
    assert replace_text("aaaa", "aaa", "b") == "ba"
    assert replace_text("ab", "a", "aa") == "aab"
    assert replace_text("xay", "a", "xay") == "xxayy"


def test_whole_words():
    """Part of a word stays when whole words are asked for, and goes when not."""
    text = "cat, category, bobcat, cat_food, cat1, the cat"
    assert replace_text(text, "cat", "dog", "words") == "dog, category, bobcat, cat_food, cat1, the dog"
    assert replace_text(text, "cat", "dog", "anywhere") == "dog, dogegory, bobdog, dog_food, dog1, the dog"


def test_letters_of_every_language_make_words():
    """`ł` is a letter as `l` is; hyphens, apostrophes and dots end a word."""
    assert replace_text("kot kotł łkot", "kot", "pies", "words") == "pies kotł łkot"
    assert replace_text("kot-kot kot's kot.", "kot", "pies", "words") == "pies-pies pies's pies."


def test_phrases_and_lines():
    """Blanks and line ends are part of what is looked for."""
    assert replace_text("to  be\nor not to be", "to be", "x") == "to  be\nor not x"
    assert replace_text("a\n\nb\n\nc", "\n\n", "\n") == "a\nb\nc"
    assert replace_text("one two three", "two three", "2 3", "words") == "one 2 3"


def test_to_remove():
    """With an empty new text it is taken out."""
    assert replace_text("a-b-c", "-", "") == "abc"
    assert replace_text("the cat the cats", "the", "", "words") == " cat  cats"


@pytest.mark.parametrize("match", ["anywhere", "words"])
def test_nothing_to_look_for(match: str):
    """An empty text to look for is an error that says so."""
    with pytest.raises(ValueError, match=r"^old must not be empty$"):
        replace_text("text", "", "x", match)


@pytest.mark.parametrize("match", ["", "Words", "lines"])
def test_other_ways_to_match(match: str):
    """A way that is not there is an error that names those that are."""
    with pytest.raises(ValueError, match=f"^match must be one of anywhere, words, not '{match}'$"):
        replace_text("text", "e", "x", match)
