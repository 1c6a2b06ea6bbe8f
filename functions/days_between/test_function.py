"""What days_between promises."""

from datetime import date, timedelta

import pytest
from function import days_between

HERE = date(2026, 3, 2)


def test_the_next_day():
    """From a day to the next is one day."""
    assert days_between(HERE, date(2026, 3, 3)) == 1


@pytest.mark.parametrize("day", [HERE, date.min, date.max, date(2028, 2, 29)])
def test_no_way_at_all(day: date):
    """From a day to itself are 0 days, which is a number and not False."""
    assert repr(days_between(day, day)) == "0"


def test_back():
    """Where the end comes first the number is less than 0."""
    assert days_between(HERE, date(2026, 3, 1)) == -1
    assert days_between(HERE, date(2026, 2, 28)) == -2


def test_weekends_count():
    """From Friday to Monday are three days."""
    assert days_between(date(2026, 3, 6), date(2026, 3, 9)) == 3


@pytest.mark.parametrize(("year", "days"), [(2026, 1), (2028, 2), (2000, 2), (1900, 1), (2100, 1)])
def test_february(year: int, days: int):
    """From 28 February to 1 March are two days in a leap year; of the centuries every fourth is one."""
    assert days_between(date(year, 2, 28), date(year, 3, 1)) == days


@pytest.mark.parametrize(("year", "days"), [(2026, 365), (2028, 366)])
def test_a_year(year: int, days: int):
    """From one New Year to the next are 365 days, or 366."""
    assert days_between(date(year, 1, 1), date(year + 1, 1, 1)) == days


def test_agrees_with_counting_day_by_day():
    """Each day on adds one, over three years, in both directions."""
    start = date(2027, 1, 1)
    for days in range(1100):
        assert days_between(start, start + timedelta(days)) == days
        assert days_between(start + timedelta(days), start) == -days


def test_ways_add_up():
    """By way of a third date it is as far, wherever that date lies."""
    for middle in (date(2026, 6, 1), date(1999, 12, 31), date(2050, 1, 1)):
        assert days_between(HERE, middle) + days_between(middle, date(2026, 12, 31)) == 304


def test_the_whole_calendar():
    """From the first date there is to the last are 3652058 days."""
    assert days_between(date.min, date.max) == 3652058
    assert days_between(date.max, date.min) == -3652058
