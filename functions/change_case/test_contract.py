"""What `change_case` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

import pytest
from function import change_case


def test_shouting():
    """A sentence in upper case."""
    assert change_case("Please mind the gap!", "upper") == "PLEASE MIND THE GAP!"


def test_caps_lock_was_on():
    """A sentence in lower case, its first letter too."""
    assert change_case("PLEASE MIND THE GAP!", "lower") == "please mind the gap!"


def test_a_headline():
    """Every word of a headline gets its capital, small words too."""
    assert change_case("the lord of the rings", "title") == "The Lord Of The Rings"
    assert change_case("THE LORD OF THE RINGS", "title") == "The Lord Of The Rings"


def test_names():
    """Names that somebody typed in small letters or in capitals."""
    assert change_case("anna maria KOWALSKA-NOWAK", "title") == "Anna Maria Kowalska-Nowak"
    assert change_case("łucja ŻAK", "title") == "Łucja Żak"


def test_polish_text():
    """Diacritics are kept in all three cases."""
    assert change_case("Pchnąć w tę łódź jeża", "upper") == "PCHNĄĆ W TĘ ŁÓDŹ JEŻA"
    assert change_case("PCHNĄĆ W TĘ ŁÓDŹ JEŻA", "lower") == "pchnąć w tę łódź jeża"
    assert change_case("pchnąć w tę łódź jeża", "title") == "Pchnąć W Tę Łódź Jeża"


def test_short_forms():
    """An apostrophe begins no new word."""
    assert change_case("it's what they're for", "title") == "It's What They're For"


def test_a_hyphen_parts_words():
    """Both parts get their capital."""
    assert change_case("a state-of-the-art lamp", "title") == "A State-Of-The-Art Lamp"


def test_german_sharp_s():
    """It has two letters in upper case."""
    assert change_case("Straße", "upper") == "STRASSE"
    assert change_case("Straße", "lower") == "straße"


def test_digits_and_words():
    """A word that begins with a digit has no capital."""
    assert change_case("the 2nd and the 3RD", "title") == "The 2nd And The 3rd"
    assert change_case("route 66a", "upper") == "ROUTE 66A"


def test_blanks_and_lines_stay():
    """Nothing but letters changes."""
    assert change_case("one  two\n\n three\t", "title") == "One  Two\n\n Three\t"
    assert change_case("one  two\n\n three\t", "upper") == "ONE  TWO\n\n THREE\t"


def test_nothing_to_change():
    """An empty text, and one without letters."""
    assert change_case("", "title") == ""
    assert change_case("12:30 - 14:00", "lower") == "12:30 - 14:00"


def test_a_case_that_is_not_there():
    """Anything but the three is refused."""
    with pytest.raises(ValueError, match=r"\S"):
        change_case("text", "capital")
    with pytest.raises(ValueError, match=r"\S"):
        change_case("text", "Upper")
