"""What `add_days` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

from datetime import date

import pytest
from function import add_days


def test_some_days_later():
    """Days later within a month add to its day."""
    assert add_days(date(2026, 7, 10), 5) == date(2026, 7, 15)
    assert add_days(date(2026, 7, 1), 30) == date(2026, 7, 31)


def test_some_days_earlier():
    """Days earlier within a month are taken off its day."""
    assert add_days(date(2026, 7, 10), -9) == date(2026, 7, 1)
    assert add_days(date(2026, 7, 31), -16) == date(2026, 7, 15)


def test_nothing_added():
    """Zero days change nothing."""
    assert add_days(date(2026, 7, 10), 0) == date(2026, 7, 10)


def test_terms_of_payment():
    """14, 30, 60 and 90 days from an invoice of 15 January 2026."""
    assert add_days(date(2026, 1, 15), 14) == date(2026, 1, 29)
    assert add_days(date(2026, 1, 15), 30) == date(2026, 2, 14)
    assert add_days(date(2026, 1, 15), 60) == date(2026, 3, 16)
    assert add_days(date(2026, 1, 15), 90) == date(2026, 4, 15)


def test_months_of_different_lengths():
    """Thirty days are not a month: from 31 January they lead into March, from 30 April into May."""
    assert add_days(date(2026, 1, 31), 30) == date(2026, 3, 2)
    assert add_days(date(2026, 4, 30), 31) == date(2026, 5, 31)


def test_a_year_of_days():
    """365 days lead to the same date a year on, unless a leap day lies between."""
    assert add_days(date(2026, 3, 1), 365) == date(2027, 3, 1)
    assert add_days(date(2027, 3, 1), 365) == date(2028, 2, 29)
    assert add_days(date(2027, 3, 1), 366) == date(2028, 3, 1)


def test_weekends_and_holidays_are_days():
    """Christmas, New Year and the weekends between count like any other day."""
    assert add_days(date(2026, 12, 24), 10) == date(2027, 1, 3)
    assert add_days(date(2026, 11, 20), 2) == date(2026, 11, 22)


def test_known_distances():
    """10000 days before the last day of 2000 it was 15 August 1973, and 1000 after it 27 September 2003."""
    assert add_days(date(2000, 12, 31), -10000) == date(1973, 8, 15)
    assert add_days(date(2000, 12, 31), 1000) == date(2003, 9, 27)


def test_ends_of_the_calendar():
    """The years 1 and 9999 can be reached."""
    assert add_days(date(9999, 12, 1), 30) == date(9999, 12, 31)
    assert add_days(date(1, 1, 31), -30) == date(1, 1, 1)


def test_beyond_the_calendar():
    """There is nothing before the year 1 nor after the year 9999."""
    with pytest.raises(ValueError, match=r"\S"):
        add_days(date(9999, 12, 1), 31)
    with pytest.raises(ValueError, match=r"\S"):
        add_days(date(1, 1, 31), -31)
    with pytest.raises(ValueError, match=r"\S"):
        add_days(date(2026, 1, 1), 10**15)
