"""What add_months promises."""

from datetime import date, timedelta

import pytest
from function import add_months


def last_days(year: int) -> list[date]:
    """The last day of each month: the one before the first of the next."""
    firsts = [date(year, month, 1) for month in range(2, 13)] + [date(year + 1, 1, 1)]
    return [first - timedelta(1) for first in firsts]


def test_months_on():
    """The day of the month stays, and the year changes after December."""
    assert add_months(date(2026, 3, 15), 1) == date(2026, 4, 15)
    assert add_months(date(2026, 11, 15), 1) == date(2026, 12, 15)
    assert add_months(date(2026, 12, 15), 1) == date(2027, 1, 15)


def test_months_back():
    """Negative months lead back, and the year changes before January."""
    assert add_months(date(2026, 3, 15), -2) == date(2026, 1, 15)
    assert add_months(date(2026, 3, 15), -3) == date(2025, 12, 15)
    assert add_months(date(2026, 1, 15), -13) == date(2024, 12, 15)


def test_no_months_at_all():
    """0 months give the start, also on a 31st and on a leap day."""
    assert add_months(date(2026, 1, 31), 0) == date(2026, 1, 31)
    assert add_months(date(2028, 2, 29), 0) == date(2028, 2, 29)


@pytest.mark.parametrize("year", [2026, 2028, 2000, 1900, 2100])
def test_the_end_of_each_month(year: int):
    """From a 31st one comes to the last day of every month, those of February in leap years and in others."""
    start = date(year - 1, 12, 31)
    assert [add_months(start, months) for months in range(1, 13)] == last_days(year)


@pytest.mark.parametrize(("day", "end"), [(28, 28), (29, 28), (30, 28), (31, 28)])
def test_days_that_february_lacks(day: int, end: int):
    """A day after the 28th becomes the 28th in a common year; the 28th stays."""
    assert add_months(date(2026, 1, day), 1) == date(2026, 2, end)


def test_the_end_of_a_month_is_not_kept():
    """From the last day of a short month one comes to that day, not to the last one."""
    assert add_months(date(2026, 2, 28), 1) == date(2026, 3, 28)
    assert add_months(date(2026, 4, 30), 1) == date(2026, 5, 30)


def test_years():
    """12 months are a year; from a leap day they lead to 28 February, 48 to the next leap day."""
    assert add_months(date(2026, 7, 14), 12) == date(2027, 7, 14)
    assert add_months(date(2028, 2, 29), 12) == date(2029, 2, 28)
    assert add_months(date(2028, 2, 29), 48) == date(2032, 2, 29)
    assert add_months(date(2028, 2, 29), -48) == date(2024, 2, 29)


def test_there_and_back():
    """Days up to the 28th come back to where they began, however far."""
    for months in range(-60, 61):
        there = add_months(date(2026, 5, 28), months)
        assert (there.day, add_months(there, -months)) == (28, date(2026, 5, 28))


def test_the_first_and_the_last_month():
    """The first and the last month there are can be reached."""
    assert add_months(date(9999, 11, 30), 1) == date(9999, 12, 30)
    assert add_months(date(1, 2, 1), -1) == date.min
    assert add_months(date(1, 12, 31), 9998 * 12) == date.max


@pytest.mark.parametrize(
    ("start", "months"),
    [(date.max, 1), (date.min, -1), (date(9999, 1, 1), 12), (date.min, 10**30), (date.max, -(10**30))],
)
def test_beyond_the_calendar(start: date, months: int):
    """A result outside of the years 1 to 9999 is an error that names the start and the months."""
    with pytest.raises(ValueError, match=f"^{months} months from {start} lie outside of the years 1 to 9999$"):
        add_months(start, months)
