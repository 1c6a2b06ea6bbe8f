"""What day_of_week promises. 2 March 2026 is a Monday."""

from datetime import date, timedelta

import pytest
from function import day_of_week

ENGLISH = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
POLISH = ["poniedziałek", "wtorek", "środa", "czwartek", "piątek", "sobota", "niedziela"]
MONDAY = date(2026, 3, 2)


def test_a_week_in_english():
    """The seven days from a Monday on have their names, with a capital letter."""
    assert [day_of_week(MONDAY + timedelta(days)) for days in range(7)] == ENGLISH


def test_a_week_in_polish():
    """The same in Polish, with small letters and with diacritics."""
    assert [day_of_week(MONDAY + timedelta(days), "pl") for days in range(7)] == POLISH


def test_english_is_what_is_not_said():
    """Without a language the name is English."""
    assert day_of_week(MONDAY) == day_of_week(MONDAY, language="en") == "Monday"


def test_weeks_repeat():
    """Every seventh day is of one name, over four years with a leap day."""
    assert {day_of_week(MONDAY + timedelta(7 * weeks)) for weeks in range(209)} == {"Monday"}
    assert {day_of_week(MONDAY - timedelta(7 * weeks + 1)) for weeks in range(209)} == {"Sunday"}


def test_leap_days():
    """29 February lies between the 28th and 1 March."""
    assert day_of_week(date(2028, 2, 28)) == "Monday"
    assert day_of_week(date(2028, 2, 29)) == "Tuesday"
    assert day_of_week(date(2028, 3, 1)) == "Wednesday"


def test_centuries():
    """1900 had no leap day, 2000 had one."""
    assert day_of_week(date(1900, 3, 1)) == "Thursday"
    assert day_of_week(date(2000, 3, 1)) == "Wednesday"


def test_the_first_and_the_last_date():
    """The calendar begins on a Monday and ends on a Friday."""
    assert day_of_week(date.min) == "Monday"
    assert day_of_week(date.max, "pl") == "piątek"


@pytest.mark.parametrize("language", ["de", "EN", "", "pl "])
def test_other_languages(language: str):
    """A language that is not there is an error that names those that are."""
    with pytest.raises(ValueError, match=f"^language must be one of en, pl, not '{language}'$"):
        day_of_week(MONDAY, language)
