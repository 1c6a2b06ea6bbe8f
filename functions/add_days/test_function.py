"""What add_days promises. 2 March 2026 is a Monday."""

from datetime import date, timedelta

import pytest
from function import add_days

MONDAY = date(2026, 3, 2)


def test_days_on():
    """One day on is the next day, within a month as at its end."""
    assert add_days(MONDAY, 1) == date(2026, 3, 3)
    assert add_days(date(2026, 3, 31), 1) == date(2026, 4, 1)


def test_days_back():
    """Negative days lead back, into the month before too."""
    assert add_days(MONDAY, -1) == date(2026, 3, 1)
    assert add_days(MONDAY, -2) == date(2026, 2, 28)


@pytest.mark.parametrize("start", [MONDAY, date(2028, 2, 29), date.min, date.max])
def test_no_days_at_all(start: date):
    """0 days give the start, the first and the last date there are included."""
    assert add_days(start, 0) == start


def test_weekends_count():
    """From a Friday three days lead to the Monday, and five to the Wednesday."""
    assert add_days(date(2026, 3, 6), 3) == date(2026, 3, 9)
    assert add_days(date(2026, 3, 6), 5) == date(2026, 3, 11)


@pytest.mark.parametrize(("year", "end"), [(2026, 1), (2028, 0), (2000, 0), (1900, 1)])
def test_february(year: int, end: int):
    """From 28 February one day leads to 29 in a leap year, else to 1 March; 1900 was none, 2000 was one."""
    assert add_days(date(year, 2, 28), 1) == (date(year, 3, 1) if end else date(year, 2, 29))


def test_over_the_turn_of_the_year():
    """New Year is passed in both directions."""
    assert add_days(date(2025, 12, 31), 1) == date(2026, 1, 1)
    assert add_days(date(2026, 1, 1), -1) == date(2025, 12, 31)


def test_agrees_with_counting_day_by_day():
    """The n-th day on is one day on from the one before, over three years, and the way back ends at the start."""
    here = date(2027, 1, 1)
    for days in range(1, 1100):
        here += timedelta(1)
        assert add_days(date(2027, 1, 1), days) == here
        assert add_days(here, -days) == date(2027, 1, 1)


def test_the_first_and_the_last_date():
    """The whole calendar can be crossed, which has 3652059 days."""
    assert add_days(date.min, 3652058) == date.max
    assert add_days(date.max, -3652058) == date.min


@pytest.mark.parametrize(("start", "days"), [(date.max, 1), (date.min, -1), (MONDAY, 10**30), (MONDAY, -(10**30))])
def test_beyond_the_calendar(start: date, days: int):
    """A result outside of the years 1 to 9999 is an error that names the start and the days."""
    with pytest.raises(ValueError, match=f"^{days} days from {start} lie outside of the years 1 to 9999$"):
        add_days(start, days)
