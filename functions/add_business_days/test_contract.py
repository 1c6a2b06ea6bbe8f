"""What `add_business_days` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised. 6 March 2026 is a Friday.
"""

from datetime import date

import pytest
from function import add_business_days


def test_within_a_week():
    """Days on and days back within a week are days of the calendar."""
    assert add_business_days(date(2026, 3, 2), 1) == date(2026, 3, 3)
    assert add_business_days(date(2026, 3, 2), 4) == date(2026, 3, 6)
    assert add_business_days(date(2026, 3, 6), -4) == date(2026, 3, 2)


def test_one_day_on_over_a_weekend():
    """From Friday, Saturday and Sunday one day on is Monday."""
    assert add_business_days(date(2026, 3, 6), 1) == date(2026, 3, 9)
    assert add_business_days(date(2026, 3, 7), 1) == date(2026, 3, 9)
    assert add_business_days(date(2026, 3, 8), 1) == date(2026, 3, 9)


def test_one_day_back_over_a_weekend():
    """From Monday, Sunday and Saturday one day back is Friday."""
    assert add_business_days(date(2026, 3, 9), -1) == date(2026, 3, 6)
    assert add_business_days(date(2026, 3, 8), -1) == date(2026, 3, 6)
    assert add_business_days(date(2026, 3, 7), -1) == date(2026, 3, 6)


def test_no_days():
    """Zero days give the start, on a weekend and on a holiday too."""
    assert add_business_days(date(2026, 3, 4), 0) == date(2026, 3, 4)
    assert add_business_days(date(2026, 3, 7), 0) == date(2026, 3, 7)
    assert add_business_days(date(2026, 3, 4), 0, [date(2026, 3, 4)]) == date(2026, 3, 4)


def test_whole_weeks():
    """Five days are a week, and 260 are fifty-two."""
    assert add_business_days(date(2026, 3, 6), 5) == date(2026, 3, 13)
    assert add_business_days(date(2026, 3, 6), 260) == date(2027, 3, 5)
    assert add_business_days(date(2027, 3, 5), -260) == date(2026, 3, 6)
    assert add_business_days(date(2026, 3, 8), 6) == date(2026, 3, 16)
    assert add_business_days(date(2026, 3, 7), -6) == date(2026, 2, 27)


def test_ends_of_months_and_years():
    """Months, years and leap days are passed as in the calendar."""
    assert add_business_days(date(2028, 2, 28), 2) == date(2028, 3, 1)
    assert add_business_days(date(2026, 2, 27), 1) == date(2026, 3, 2)
    assert add_business_days(date(2025, 12, 31), 2) == date(2026, 1, 2)


def test_holidays_are_left_out():
    """A day on which nobody works does not count and is never the result."""
    assert add_business_days(date(2026, 4, 30), 1, [date(2026, 5, 1)]) == date(2026, 5, 4)
    assert add_business_days(date(2026, 5, 4), -1, [date(2026, 5, 1)]) == date(2026, 4, 30)
    assert add_business_days(date(2026, 3, 6), 1, [date(2026, 3, 10), date(2026, 3, 9)]) == date(2026, 3, 11)
    assert add_business_days(date(2026, 3, 6), 6, [date(2026, 3, 9), date(2026, 3, 16)]) == date(2026, 3, 18)


def test_the_start_may_be_a_holiday():
    """It does not count anyway."""
    assert add_business_days(date(2026, 3, 4), 1, [date(2026, 3, 4)]) == date(2026, 3, 5)
    assert add_business_days(date(2026, 3, 4), -1, [date(2026, 3, 4)]) == date(2026, 3, 3)


def test_holidays_that_change_nothing():
    """On a weekend, twice, or outside of the way they have no effect."""
    assert add_business_days(date(2026, 3, 6), 1, []) == date(2026, 3, 9)
    assert add_business_days(date(2026, 3, 6), 1, [date(2026, 3, 7), date(2026, 3, 8)]) == date(2026, 3, 9)
    assert add_business_days(date(2026, 3, 6), 1, [date(2026, 3, 9), date(2026, 3, 9)]) == date(2026, 3, 10)
    assert add_business_days(date(2026, 3, 6), 1, [date(2026, 3, 5), date(2026, 3, 10)]) == date(2026, 3, 9)
    assert add_business_days(date(2026, 3, 9), -1, [date(2026, 3, 5), date(2026, 3, 10)]) == date(2026, 3, 6)


def test_the_first_and_the_last_day():
    """The first and the last day that there are can be reached; both are business days."""
    assert add_business_days(date(9999, 12, 30), 1) == date(9999, 12, 31)
    assert add_business_days(date(1, 1, 2), -1) == date(1, 1, 1)


def test_beyond_the_calendar():
    """There is nothing after the year 9999 nor before the year 1."""
    with pytest.raises(ValueError, match=r"\S"):
        add_business_days(date(9999, 12, 31), 1)
    with pytest.raises(ValueError, match=r"\S"):
        add_business_days(date(1, 1, 1), -1)
    with pytest.raises(ValueError, match=r"\S"):
        add_business_days(date(9999, 12, 30), 1, [date(9999, 12, 31)])
    with pytest.raises(ValueError, match=r"\S"):
        add_business_days(date(2026, 3, 6), 10**12)
    with pytest.raises(ValueError, match=r"\S"):
        add_business_days(date(2026, 3, 6), -(10**12))
