"""What `count_characters` promises in its description, checked without a look at how it does it."""

from function import count_characters


def test_the_names_of_the_counts():
    """There are five, whatever the text."""
    names = {"characters", "without_spaces", "letters", "digits", "lines"}
    assert set(count_characters("a")) == set(count_characters("")) == names


def test_with_and_without_spaces():
    """Blanks count in one and not in the other."""
    found = count_characters("to be or not to be")
    assert found["characters"] == 18
    assert found["without_spaces"] == 13


def test_letters_and_digits():
    """Neither punctuation nor blanks are letters, and digits are none either."""
    found = count_characters("Flat 7B, 00-950 Warszawa.")
    assert found["letters"] == 13
    assert found["digits"] == 6


def test_a_short_message():
    """The 160 characters of a text message."""
    found = count_characters("x" * 160)
    assert found == {"characters": 160, "without_spaces": 160, "letters": 160, "digits": 0, "lines": 1}


def test_lines_of_a_poem():
    """Four lines, with the empty one between."""
    assert count_characters("one\ntwo\n\nfour\n")["lines"] == 4
    assert count_characters("one\ntwo\n\nfour")["lines"] == 4


def test_one_line():
    """A text without a line end is one line."""
    assert count_characters("one")["lines"] == 1


def test_an_empty_text_has_no_line():
    """Nor anything else."""
    found = count_characters("")
    assert found["lines"] == 0
    assert found["characters"] == 0


def test_nothing_but_blanks():
    """They are characters and nothing else."""
    assert count_characters("   \t") == {"characters": 4, "without_spaces": 0, "letters": 0, "digits": 0, "lines": 1}


def test_files_of_windows():
    """A line end of two characters counts as one, and is white space."""
    found = count_characters("ab\r\ncd\r\n")
    assert (found["characters"], found["without_spaces"], found["lines"]) == (6, 4, 2)


def test_polish_words():
    """Diacritics change no count."""
    assert count_characters("żółw") == count_characters("zolw")


def test_letters_taken_apart():
    """A letter and its accent in two characters are one letter."""
    assert count_characters("o\u0301w") == count_characters("\u00f3w")
    assert count_characters("o\u0301w")["letters"] == 2


def test_signs():
    """Signs and emoji are characters, but neither letters nor digits."""
    found = count_characters("€ 5 + 🙂 = ?")
    assert (found["characters"], found["letters"], found["digits"]) == (11, 0, 1)
