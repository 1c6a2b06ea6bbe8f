"""What change_case promises."""

import pytest
from function import change_case

MIXED = "The qUICK brown FOX, 3rd of 10."


def test_upper():
    """All letters are capitals."""
    assert change_case(MIXED, "upper") == "THE QUICK BROWN FOX, 3RD OF 10."


def test_lower():
    """All letters are small."""
    assert change_case(MIXED, "lower") == "the quick brown fox, 3rd of 10."


def test_title():
    """Each word begins with a capital, its other letters are small, and none follows a digit."""
    assert change_case(MIXED, "title") == "The Quick Brown Fox, 3rd Of 10."


def test_polish_letters():
    """Letters with diacritics have both cases, in the middle of a word and at its start."""
    assert change_case("zażółć GĘŚLĄ jaźń", "upper") == "ZAŻÓŁĆ GĘŚLĄ JAŹŃ"
    assert change_case("ZAŻÓŁĆ gęślą JAŹŃ", "lower") == "zażółć gęślą jaźń"
    assert change_case("łÓDŹ świdnica ŻARY", "title") == "Łódź Świdnica Żary"


@pytest.mark.parametrize("apostrophe", ["'", "’"])
def test_apostrophes_within_a_word(apostrophe: str):
    """What follows an apostrophe within a word stays small; one before or after it is no part of it."""
    text = f"DON{apostrophe}T {apostrophe}quote{apostrophe} o{apostrophe}clock{apostrophe}s"
    expected = f"Don{apostrophe}t {apostrophe}Quote{apostrophe} O{apostrophe}clock{apostrophe}s"
    assert change_case(text, "title") == expected


def test_what_parts_words():
    """Hyphens, slashes, dots and line ends part words; an underscore and a digit do not."""
    assert change_case("well-known and/or a.b\nnew\tline", "title") == "Well-Known And/Or A.B\nNew\tLine"
    assert change_case("snake_case x2y 2nd", "title") == "Snake_case X2y 2nd"


def test_accents_of_their_own():
    """An accent that is a character of its own belongs to its word."""
    assert change_case("cafe\u0301s e\u0301te\u0301", "title") == "Cafe\u0301s E\u0301te\u0301"
    assert change_case("cafe\u0301", "upper") == "CAFE\u0301"


def test_other_scripts():
    """Greek, with its sigma at the end of a word, Cyrillic, and letters of two characters."""
    assert change_case("ΟΔΟΣ ΣΑΣ", "lower") == "οδος σας"
    assert change_case("ΟΔΟΣ ΣΑΣ", "title") == "Οδος Σας"
    assert change_case("война и мир", "title") == "Война И Мир"
    assert change_case("ǆep straße ﬁn", "title") == "ǅep Straße Fin"
    assert change_case("straße ﬁn", "upper") == "STRASSE FIN"


@pytest.mark.parametrize("case", ["upper", "lower", "title"])
def test_everything_else_stays(case: str):
    """Digits, signs, blanks and scripts without case are as before, and so is a second time."""
    assert change_case(" 1,5 % \r\n\t€ 東京 ", case) == " 1,5 % \r\n\t€ 東京 "
    assert change_case("", case) == ""
    assert change_case(change_case(MIXED, case), case) == change_case(MIXED, case)


@pytest.mark.parametrize("case", ["UPPER", "camel", "", "upper "])
def test_other_cases(case: str):
    """A case that is not there is an error that names those that are."""
    with pytest.raises(ValueError, match=f"^case must be one of upper, lower, title, not '{case}'$"):
        change_case("text", case)
