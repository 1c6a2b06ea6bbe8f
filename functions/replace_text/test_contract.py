"""What `replace_text` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

import pytest
from function import replace_text


def test_a_name_in_a_letter():
    """A name is replaced wherever it stands."""
    letter = "Dear Anna,\nAnna, how are you?\nYours, Jan"
    assert replace_text(letter, "Anna", "Ola") == "Dear Ola,\nOla, how are you?\nYours, Jan"


def test_a_phrase():
    """Several words may be looked for, and become one or more."""
    assert replace_text("as soon as possible", "as soon as", "when") == "when possible"
    assert replace_text("ASAP please", "ASAP", "as soon as possible") == "as soon as possible please"


def test_marks_of_punctuation():
    """A dot is a dot, and a question mark a question mark."""
    assert replace_text("1.240.50", ".", ",") == "1,240,50"
    assert replace_text("Really?? Yes?", "?", "!") == "Really!! Yes!"
    assert replace_text("C:\\temp\\a", "\\", "/") == "C:/temp/a"


def test_parts_of_words():
    """Parts of words are replaced unless whole words are wanted."""
    assert replace_text("pineapple apple", "apple", "nut") == "pinenut nut"
    assert replace_text("pineapple apple", "apple", "nut", match="words") == "pineapple nut"


def test_a_whole_word_next_to_punctuation():
    """Quotation marks, brackets and commas do not hide a word."""
    assert replace_text('"art", (art) art! party', "art", "x", "words") == '"x", (x) x! party'


def test_digits_and_underscores_belong_to_words():
    """`v2` is not found in `v21`, nor `id` in `user_id`."""
    assert replace_text("v2 v21", "v2", "v3", "words") == "v3 v21"
    assert replace_text("id user_id", "id", "key", "words") == "key user_id"


def test_polish_words():
    """Letters with diacritics are letters."""
    assert replace_text("żaba i żaba", "żaba", "ropucha") == "ropucha i ropucha"
    assert replace_text("on oń", "o", "a", "words") == "on oń"


def test_capitals():
    """A word with a capital is another one."""
    assert replace_text("Red or red", "red", "blue") == "Red or blue"


def test_nothing_in_its_place():
    """What is replaced by nothing is gone."""
    assert replace_text("very very good", "very ", "") == "good"


def test_the_same_in_its_place():
    """What is replaced by itself stays."""
    assert replace_text("round and round", "round", "round") == "round and round"


def test_no_endless_search():
    """The new text may hold the old one."""
    assert replace_text("go", "go", "go go go") == "go go go"


def test_not_there():
    """A text that does not hold it comes back as it is."""
    assert replace_text("black and white", "green", "red") == "black and white"
    assert replace_text("", "green", "red") == ""


def test_an_empty_text_cannot_be_looked_for():
    """It would stand everywhere."""
    with pytest.raises(ValueError, match=r"\S"):
        replace_text("black and white", "", "red")
    with pytest.raises(ValueError, match=r"\S"):
        replace_text("", "", "red", "words")


def test_a_way_to_match_that_is_not_there():
    """Anything but the two is refused."""
    with pytest.raises(ValueError, match=r"\S"):
        replace_text("black and white", "black", "red", "lines")
