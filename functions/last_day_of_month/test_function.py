"""What last_day_of_month promises."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from function import last_day_of_month


def test_long_and_short_months():
    """The months of a common year end on these days."""
    ends = [last_day_of_month(date(2026, month, 5)).day for month in range(1, 13)]
    assert ends == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


def test_month_and_year_stay():
    """Only the day changes."""
    assert last_day_of_month(date(2026, 11, 21)) == date(2026, 11, 30)
    assert last_day_of_month(date(2027, 1, 1)) == date(2027, 1, 31)


@pytest.mark.parametrize("day", [1, 15, 27, 28])
def test_any_day_of_february(day: int):
    """Every day of the month leads to the same end."""
    assert last_day_of_month(date(2026, 2, day)) == date(2026, 2, 28)
    assert last_day_of_month(date(2028, 2, day)) == date(2028, 2, 29)


@pytest.mark.parametrize("end", [date(2026, 1, 31), date(2026, 4, 30), date(2026, 2, 28), date(2028, 2, 29), date.max])
def test_the_end_itself(end: date):
    """The last day is its own month's last day."""
    assert last_day_of_month(end) == end


@pytest.mark.parametrize(
    ("year", "end"), [(2024, 29), (2025, 28), (1900, 28), (2000, 29), (2100, 28), (2400, 29), (4, 29), (1, 28)]
)
def test_leap_years(year: int, end: int):
    """Every fourth year is one, of the centuries every fourth."""
    assert last_day_of_month(date(year, 2, 10)) == date(year, 2, end)


def test_the_next_day_begins_a_month():
    """The day after it is the first of the next month, for every day of five years."""
    day = date(2024, 1, 1)
    while day.year < 2029:
        end = last_day_of_month(day)
        assert (end.year, end.month, (end + timedelta(1)).day) == (day.year, day.month, 1)
        day += timedelta(1)


def test_days_between_the_ends():
    """From one end to the next are as many days as the month has."""
    ends = [last_day_of_month(date(2028, month, 1)) for month in range(1, 13)]
    assert [(after - before).days for before, after in pairwise(ends)] == [end.day for end in ends[1:]]


def test_the_first_and_the_last_month():
    """The first and the last month there are have an end as well."""
    assert last_day_of_month(date.min) == date(1, 1, 31)
    assert last_day_of_month(date(9999, 12, 1)) == date.max
