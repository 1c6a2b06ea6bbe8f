"""What `business_days_between` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

from datetime import date

import pytest
from function import business_days_between


def test_one_weekday_is_one_day():
    """A range of a single working day counts that day."""
    assert business_days_between(date(2026, 3, 2), date(2026, 3, 2)) == 1
    assert business_days_between(date(2026, 3, 6), date(2026, 3, 6)) == 1


def test_both_ends_count():
    """From a Monday to the Tuesday after it is two days, from a Friday to the Monday after it as well."""
    assert business_days_between(date(2026, 3, 2), date(2026, 3, 3)) == 2
    assert business_days_between(date(2026, 3, 6), date(2026, 3, 9)) == 2


def test_a_weekend_alone_counts_nothing():
    """Saturdays and Sundays are no business days."""
    assert business_days_between(date(2026, 3, 7), date(2026, 3, 8)) == 0
    assert business_days_between(date(2026, 3, 7), date(2026, 3, 7)) == 0
    assert business_days_between(date(2026, 3, 8), date(2026, 3, 8)) == 0


def test_ranges_that_begin_or_end_on_a_weekend():
    """Weekend days at either end of a range add nothing to it."""
    assert business_days_between(date(2026, 3, 7), date(2026, 3, 9)) == 1
    assert business_days_between(date(2026, 3, 5), date(2026, 3, 8)) == 2
    assert business_days_between(date(2026, 3, 2), date(2026, 3, 15)) == 10


def test_whole_months():
    """February 2026 has four full weeks, February 2028 a Tuesday more."""
    assert business_days_between(date(2026, 2, 1), date(2026, 2, 28)) == 20
    assert business_days_between(date(2028, 2, 1), date(2028, 2, 29)) == 21


def test_whole_years():
    """2026 is 52 weeks and a Thursday; 2000 is 52 weeks and a weekend."""
    assert business_days_between(date(2026, 1, 1), date(2026, 12, 31)) == 261
    assert business_days_between(date(2000, 1, 1), date(2000, 12, 31)) == 260


def test_a_holiday_on_a_weekday_is_left_out():
    """A holiday counts off one day, also where it is the first or the last of the range."""
    assert business_days_between(date(2026, 3, 2), date(2026, 3, 6), [date(2026, 3, 4)]) == 4
    assert business_days_between(date(2026, 3, 2), date(2026, 3, 6), [date(2026, 3, 2)]) == 4
    assert business_days_between(date(2026, 3, 2), date(2026, 3, 6), [date(2026, 3, 6)]) == 4


def test_holidays_that_change_nothing():
    """A holiday on a weekend or outside the range counts nothing off."""
    assert business_days_between(date(2026, 3, 2), date(2026, 3, 8), [date(2026, 3, 7), date(2026, 3, 8)]) == 5
    assert business_days_between(date(2026, 3, 2), date(2026, 3, 6), [date(2026, 3, 9), date(2026, 2, 27)]) == 5


def test_a_holiday_given_twice_counts_once():
    """Repeated and unordered holidays are the same as each once."""
    twice = [date(2026, 3, 5), date(2026, 3, 3), date(2026, 3, 5)]
    assert business_days_between(date(2026, 3, 2), date(2026, 3, 6), twice) == 3


def test_a_week_of_holidays_leaves_no_day():
    """Where every weekday is a holiday, nothing is left, and not less than nothing."""
    week = [date(2026, 3, day) for day in (2, 3, 4, 5, 6, 7, 8)]
    assert business_days_between(date(2026, 3, 2), date(2026, 3, 8), week) == 0


def test_no_holidays_are_as_none():
    """An empty list says the same as leaving the holidays out."""
    assert business_days_between(date(2026, 3, 2), date(2026, 3, 13), []) == 10
    assert business_days_between(date(2026, 3, 2), date(2026, 3, 13), holidays=None) == 10


def test_over_the_turn_of_the_year():
    """Wednesday to Friday over New Year is three days, two where New Year's Day is a holiday."""
    assert business_days_between(date(2025, 12, 31), date(2026, 1, 2)) == 3
    assert business_days_between(date(2025, 12, 31), date(2026, 1, 2), [date(2026, 1, 1)]) == 2


def test_the_last_date_there_is():
    """The end of the calendar, a Friday, can be counted."""
    assert business_days_between(date(9999, 12, 31), date(9999, 12, 31)) == 1


def test_start_after_end_is_refused():
    """A range that runs backwards is an error, even over a weekend that would count nothing."""
    with pytest.raises(ValueError, match=r"\S"):
        business_days_between(date(2026, 3, 3), date(2026, 3, 2))
    with pytest.raises(ValueError, match=r"\S"):
        business_days_between(date(2026, 3, 8), date(2026, 3, 7))
