"""What iso_week promises."""

from datetime import date, timedelta

import pytest
from function import iso_week


def test_a_day_in_the_middle_of_a_year():
    """21 November 2026 is the Saturday of the 47th week."""
    assert iso_week(date(2026, 11, 21)) == {"year": 2026, "week": 47, "weekday": 6}


def test_the_keys_in_their_order():
    """The result begins with the year."""
    assert list(iso_week(date(2026, 1, 1))) == ["year", "week", "weekday"]


@pytest.mark.parametrize(
    ("day", "year", "week", "weekday"),
    [
        (date(2005, 1, 1), 2004, 53, 6),
        (date(2005, 1, 2), 2004, 53, 7),
        (date(2006, 1, 1), 2005, 52, 7),
        (date(2010, 1, 3), 2009, 53, 7),
        (date(2021, 1, 1), 2020, 53, 5),
    ],
)
def test_january_in_the_year_before(day: date, year: int, week: int, weekday: int):
    """The first days of January may be in the last week of the year before."""
    assert iso_week(day) == {"year": year, "week": week, "weekday": weekday}


@pytest.mark.parametrize(
    ("day", "year", "weekday"),
    [(date(2007, 12, 31), 2008, 1), (date(2008, 12, 29), 2009, 1), (date(2025, 12, 31), 2026, 3)],
)
def test_december_in_the_next_year(day: date, year: int, weekday: int):
    """The last days of December may be in the first week of the next year."""
    assert iso_week(day) == {"year": year, "week": 1, "weekday": weekday}


def test_weeks_begin_on_monday():
    """Monday is 1 and Sunday is 7, and after it the next week begins."""
    monday = date(2026, 3, 2)
    week = [iso_week(monday + timedelta(days)) for days in range(8)]
    assert [day["weekday"] for day in week] == [1, 2, 3, 4, 5, 6, 7, 1]
    assert [day["week"] for day in week] == [10] * 7 + [11]


@pytest.mark.parametrize(("year", "weeks"), [(2015, 53), (2020, 53), (2024, 52), (2025, 52), (2026, 53), (2032, 53)])
def test_the_number_of_weeks(year: int, weeks: int):
    """28 December is always in the last week, which is the 52nd or the 53rd."""
    last = iso_week(date(year, 12, 28))
    assert (last["year"], last["week"]) == (year, weeks)


def test_the_fourth_of_january():
    """4 January is always in the first week."""
    for year in range(2000, 2029):
        first = iso_week(date(year, 1, 4))
        assert (first["year"], first["week"]) == (year, 1)


def test_leap_years():
    """29 February moves what follows."""
    assert iso_week(date(2024, 2, 29)) == {"year": 2024, "week": 9, "weekday": 4}
    assert iso_week(date(2024, 3, 1)) == {"year": 2024, "week": 9, "weekday": 5}


def test_the_ends_of_the_calendar():
    """The first date there is is a Monday, the last a Friday."""
    assert iso_week(date.min) == {"year": 1, "week": 1, "weekday": 1}
    assert iso_week(date.max) == {"year": 9999, "week": 52, "weekday": 5}
