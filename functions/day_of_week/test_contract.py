"""What `day_of_week` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

from datetime import date

import pytest
from function import day_of_week


def test_days_that_people_remember():
    """The Moon landing was on a Sunday, the Berlin Wall fell on a Thursday."""
    assert day_of_week(date(1969, 7, 20)) == "Sunday"
    assert day_of_week(date(1989, 11, 9)) == "Thursday"


def test_polish_history():
    """Poland joined the Union on a Saturday; 11 November 1918 was a Monday."""
    assert day_of_week(date(2004, 5, 1), "pl") == "sobota"
    assert day_of_week(date(1918, 11, 11), "pl") == "poniedziałek"


def test_every_name_in_english():
    """Each of the seven names, from dates of 2026."""
    assert day_of_week(date(2026, 6, 1)) == "Monday"
    assert day_of_week(date(2026, 9, 1)) == "Tuesday"
    assert day_of_week(date(2026, 4, 1)) == "Wednesday"
    assert day_of_week(date(2026, 10, 1)) == "Thursday"
    assert day_of_week(date(2026, 5, 1)) == "Friday"
    assert day_of_week(date(2026, 8, 1)) == "Saturday"
    assert day_of_week(date(2026, 11, 1)) == "Sunday"


def test_every_name_in_polish():
    """The same dates in Polish."""
    assert day_of_week(date(2026, 6, 1), "pl") == "poniedziałek"
    assert day_of_week(date(2026, 9, 1), "pl") == "wtorek"
    assert day_of_week(date(2026, 4, 1), "pl") == "środa"
    assert day_of_week(date(2026, 10, 1), "pl") == "czwartek"
    assert day_of_week(date(2026, 5, 1), "pl") == "piątek"
    assert day_of_week(date(2026, 8, 1), "pl") == "sobota"
    assert day_of_week(date(2026, 11, 1), "pl") == "niedziela"


def test_english_by_default():
    """English may be asked for by name, and is what comes without."""
    assert day_of_week(date(2026, 12, 24), "en") == "Thursday"
    assert day_of_week(date(2026, 12, 24)) == "Thursday"


def test_months_without_a_leap_day_end_as_they_should():
    """In 2026, 28 February is a Saturday and the next day, 1 March, a Sunday."""
    assert day_of_week(date(2026, 2, 28)) == "Saturday"
    assert day_of_week(date(2026, 3, 1)) == "Sunday"


def test_leap_years():
    """In 2024, 29 February is a Thursday and 1 March a Friday."""
    assert day_of_week(date(2024, 2, 29)) == "Thursday"
    assert day_of_week(date(2024, 3, 1)) == "Friday"


def test_long_ago_and_far_ahead():
    """The first day of the Gregorian calendar was a Friday; 1 January 2400 will be a Saturday."""
    assert day_of_week(date(1582, 10, 15)) == "Friday"
    assert day_of_week(date(2400, 1, 1)) == "Saturday"


def test_a_language_that_is_not_there():
    """Anything but `en` and `pl` is refused."""
    with pytest.raises(ValueError, match=r"\S"):
        day_of_week(date(2026, 3, 2), "de")
    with pytest.raises(ValueError, match=r"\S"):
        day_of_week(date(2026, 3, 2), "English")
