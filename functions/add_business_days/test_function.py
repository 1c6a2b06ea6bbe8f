"""What add_business_days promises. 2 March 2026 is a Monday."""

from datetime import date, timedelta

import pytest
from function import add_business_days

MONDAY = date(2026, 3, 2)
FRIDAY = date(2026, 3, 6)
SATURDAY = date(2026, 3, 7)
SUNDAY = date(2026, 3, 8)
NEXT_MONDAY = date(2026, 3, 9)


def test_the_start_does_not_count():
    """One day on from Monday is Tuesday, four are Friday."""
    assert add_business_days(MONDAY, 1) == date(2026, 3, 3)
    assert add_business_days(MONDAY, 4) == FRIDAY


def test_weekends_are_passed_over():
    """From Friday one day leads to Monday, and from Monday five lead to the next."""
    assert add_business_days(FRIDAY, 1) == NEXT_MONDAY
    assert add_business_days(MONDAY, 5) == NEXT_MONDAY
    assert add_business_days(MONDAY, 10) == date(2026, 3, 16)


def test_days_back():
    """Negative days lead back, over weekends too."""
    assert add_business_days(FRIDAY, -4) == MONDAY
    assert add_business_days(NEXT_MONDAY, -1) == FRIDAY
    assert add_business_days(NEXT_MONDAY, -6) == date(2026, 2, 27)


@pytest.mark.parametrize("start", [SATURDAY, SUNDAY])
def test_from_a_weekend(start: date):
    """On a weekend one day on is Monday, one back is Friday."""
    assert add_business_days(start, 1) == NEXT_MONDAY
    assert add_business_days(start, -1) == FRIDAY
    assert add_business_days(start, 6) == date(2026, 3, 16)
    assert add_business_days(start, -6) == date(2026, 2, 27)


@pytest.mark.parametrize("start", [MONDAY, FRIDAY, SATURDAY, SUNDAY])
def test_no_days(start: date):
    """No days give the start itself, on a weekend or a holiday too."""
    assert add_business_days(start, 0) == start
    assert add_business_days(start, 0, [start]) == start


def test_a_year():
    """260 business days are 52 weeks."""
    assert add_business_days(MONDAY, 260) == MONDAY + timedelta(weeks=52)
    assert add_business_days(MONDAY, -260) == MONDAY - timedelta(weeks=52)


def test_every_start_and_number():
    """Each weekday and each number up to three weeks agrees with walking day by day."""
    holidays = [date(2026, 6, 4), date(2026, 6, 5), date(2026, 6, 13), date(2026, 6, 22)]
    for first in range(8, 15):
        for days in (*range(-12, 0), *range(1, 13)):
            step = 1 if days > 0 else -1
            expected, left = date(2026, 6, first), abs(days)
            while left:
                expected += timedelta(step)
                left -= expected.weekday() < 5 and expected not in holidays
            assert add_business_days(date(2026, 6, first), days, holidays) == expected


def test_holidays_are_passed_over():
    """A holiday on the way or at the end makes it one day longer, in both directions."""
    holidays = [date(2026, 3, 5), date(2026, 3, 3)]
    assert add_business_days(MONDAY, 1, holidays) == date(2026, 3, 4)
    assert add_business_days(MONDAY, 2, holidays) == FRIDAY
    assert add_business_days(FRIDAY, -1, holidays) == date(2026, 3, 4)
    assert add_business_days(FRIDAY, -2, holidays) == MONDAY


def test_a_holiday_reached_because_of_another():
    """Holidays one after the other are all passed over, those on the far side of a weekend too."""
    assert add_business_days(date(2026, 3, 5), 1, [NEXT_MONDAY, FRIDAY]) == date(2026, 3, 10)
    assert add_business_days(date(2026, 3, 10), -1, [FRIDAY, NEXT_MONDAY]) == date(2026, 3, 5)


def test_holidays_that_change_nothing():
    """A holiday on a weekend, at the start, behind it, past the end or given twice changes nothing."""
    assert add_business_days(FRIDAY, 1, [SATURDAY, SUNDAY, FRIDAY, date(2026, 3, 5), date(2026, 3, 10)]) == NEXT_MONDAY
    assert add_business_days(NEXT_MONDAY, -1, [SATURDAY, NEXT_MONDAY, date(2026, 3, 5), date(2026, 3, 10)]) == FRIDAY
    assert add_business_days(MONDAY, 1, [date(2026, 3, 3), date(2026, 3, 3)]) == date(2026, 3, 4)
    assert add_business_days(SATURDAY, 1, [FRIDAY]) == NEXT_MONDAY
    assert add_business_days(SATURDAY, -1, [NEXT_MONDAY]) == FRIDAY


def test_arguments_stay_as_they_are():
    """The list of holidays is not changed by the call."""
    holidays = [FRIDAY, MONDAY]
    assert add_business_days(MONDAY, 4, holidays) == NEXT_MONDAY
    assert holidays == [FRIDAY, MONDAY]


def test_the_first_and_the_last_date():
    """The first and the last business day there are can be reached."""
    assert add_business_days(date(9999, 12, 30), 1) == date.max
    assert add_business_days(date(1, 1, 2), -1) == date.min


@pytest.mark.parametrize(("start", "days"), [(date.max, 1), (date.min, -1), (MONDAY, 10**9), (MONDAY, -(10**9))])
def test_beyond_the_calendar(start: date, days: int):
    """A result outside of the years 1 to 9999 is an error that names the start and the days."""
    with pytest.raises(ValueError, match=f"^{days} business days from {start} lie outside of the years 1 to 9999$"):
        add_business_days(start, days)
