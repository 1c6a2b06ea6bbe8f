"""What `add_months` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

from datetime import date

import pytest
from function import add_months


def test_a_month_later():
    """The same day of the next month, whatever the length of either."""
    assert add_months(date(2026, 6, 10), 1) == date(2026, 7, 10)
    assert add_months(date(2026, 7, 1), 1) == date(2026, 8, 1)


def test_a_month_earlier():
    """The same day of the month before."""
    assert add_months(date(2026, 6, 10), -1) == date(2026, 5, 10)
    assert add_months(date(2026, 3, 28), -1) == date(2026, 2, 28)


def test_nothing_added():
    """Zero months change nothing."""
    assert add_months(date(2026, 8, 31), 0) == date(2026, 8, 31)


def test_a_quarter_and_half_a_year():
    """3 and 6 months on, over the turn of the year as well."""
    assert add_months(date(2026, 1, 20), 3) == date(2026, 4, 20)
    assert add_months(date(2026, 10, 5), 6) == date(2027, 4, 5)
    assert add_months(date(2026, 2, 5), -6) == date(2025, 8, 5)


def test_whole_years():
    """24 months are two years, 120 ten, forward and back."""
    assert add_months(date(2026, 9, 9), 24) == date(2028, 9, 9)
    assert add_months(date(2026, 9, 9), -120) == date(2016, 9, 9)


def test_a_day_that_the_month_lacks():
    """The 31st becomes the 30th where a month has 30 days."""
    assert add_months(date(2026, 3, 31), 1) == date(2026, 4, 30)
    assert add_months(date(2026, 5, 31), 1) == date(2026, 6, 30)
    assert add_months(date(2026, 8, 31), 1) == date(2026, 9, 30)
    assert add_months(date(2026, 12, 31), -1) == date(2026, 11, 30)
    assert add_months(date(2026, 7, 31), 1) == date(2026, 8, 31)


def test_into_february():
    """February ends on the 28th, or on the 29th in a leap year; centuries are leap years only every fourth time."""
    assert add_months(date(2027, 12, 31), 2) == date(2028, 2, 29)
    assert add_months(date(2026, 12, 30), 2) == date(2027, 2, 28)
    assert add_months(date(2100, 1, 31), 1) == date(2100, 2, 28)
    assert add_months(date(2000, 1, 31), 1) == date(2000, 2, 29)
    assert add_months(date(2028, 1, 29), 1) == date(2028, 2, 29)


def test_from_a_leap_day():
    """29 February a year on is the 28th; a month on it is 29 March."""
    assert add_months(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert add_months(date(2024, 2, 29), 1) == date(2024, 3, 29)


def test_one_step_is_not_many():
    """Two months at once keep a day that two steps of one month would lose."""
    assert add_months(date(2026, 1, 31), 2) == date(2026, 3, 31)
    assert add_months(add_months(date(2026, 1, 31), 1), 1) == date(2026, 3, 28)


def test_ends_of_the_calendar():
    """The years 1 and 9999 can be reached."""
    assert add_months(date(9998, 12, 31), 12) == date(9999, 12, 31)
    assert add_months(date(2, 1, 1), -12) == date(1, 1, 1)


def test_beyond_the_calendar():
    """There is nothing before the year 1 nor after the year 9999."""
    with pytest.raises(ValueError, match=r"\S"):
        add_months(date(9999, 12, 1), 1)
    with pytest.raises(ValueError, match=r"\S"):
        add_months(date(1, 1, 31), -1)
    with pytest.raises(ValueError, match=r"\S"):
        add_months(date(2026, 1, 1), 10**15)
