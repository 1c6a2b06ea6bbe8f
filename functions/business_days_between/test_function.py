"""What business_days_between promises. 2 March 2026 is a Monday."""

from datetime import date

import pytest
from function import business_days_between

MONDAY = date(2026, 3, 2)
FRIDAY = date(2026, 3, 6)
SATURDAY = date(2026, 3, 7)
SUNDAY = date(2026, 3, 8)


def test_both_ends_count():
    """From Monday to Friday of a week are five days."""
    assert business_days_between(MONDAY, FRIDAY) == 5


def test_one_day():
    """From a business day to itself is one day."""
    assert business_days_between(FRIDAY, FRIDAY) == 1


def test_next_day():
    """From Monday to Tuesday are two days."""
    assert business_days_between(MONDAY, date(2026, 3, 3)) == 2


@pytest.mark.parametrize(("start", "end"), [(SATURDAY, SATURDAY), (SUNDAY, SUNDAY), (SATURDAY, SUNDAY)])
def test_weekend_holds_none(start: date, end: date):
    """A range within a weekend holds no business day."""
    assert business_days_between(start, end) == 0


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (FRIDAY, date(2026, 3, 9), 2),
        (SUNDAY, date(2026, 3, 9), 1),
        (FRIDAY, SATURDAY, 1),
        (SATURDAY, date(2026, 3, 15), 5),
    ],
)
def test_weekends_between_do_not_count(start: date, end: date, days: int):
    """Saturdays and Sundays do not count, at an end or between."""
    assert business_days_between(start, end) == days


def test_whole_year():
    """2026 holds 261 days from Monday to Friday, the leap year 2028 holds 260."""
    assert business_days_between(date(2026, 1, 1), date(2026, 12, 31)) == 261
    assert business_days_between(date(2028, 1, 1), date(2028, 12, 31)) == 260


def test_every_start_and_length():
    """Each weekday and each length up to three weeks agrees with counting day by day."""
    for first in range(1, 8):
        for last in range(first, first + 21):
            expected = sum(date(2026, 6, day).weekday() < 5 for day in range(first, last + 1))
            assert business_days_between(date(2026, 6, first), date(2026, 6, last)) == expected


def test_holidays_do_not_count():
    """Holidays on weekdays are left out, in any order, those at both ends included."""
    holidays = [FRIDAY, date(2026, 3, 4), MONDAY]
    assert business_days_between(MONDAY, FRIDAY, holidays) == 2


def test_holiday_given_twice_counts_once():
    """A holiday listed twice takes away one day."""
    assert business_days_between(MONDAY, FRIDAY, holidays=[FRIDAY, FRIDAY]) == 4


def test_holidays_on_weekends_or_outside_change_nothing():
    """A holiday on a weekend, before the start or after the end takes nothing away."""
    holidays = [SATURDAY, SUNDAY, date(2026, 2, 27), date(2026, 3, 17)]
    assert business_days_between(MONDAY, date(2026, 3, 16), holidays) == 11


def test_no_holidays():
    """An empty list of holidays is the same as none."""
    assert business_days_between(MONDAY, SUNDAY, []) == 5
    assert business_days_between(MONDAY, SUNDAY, None) == 5


def test_arguments_stay_as_they_are():
    """The list of holidays is not changed by the call."""
    holidays = [FRIDAY, SATURDAY, FRIDAY]
    assert business_days_between(MONDAY, FRIDAY, holidays) == 4
    assert holidays == [FRIDAY, SATURDAY, FRIDAY]


def test_last_day_of_the_calendar():
    """The last date there is can be an end."""
    assert business_days_between(date(9999, 12, 27), date.max) == 5


def test_start_after_end_is_refused():
    """Ends in the wrong order are an error that names both."""
    with pytest.raises(ValueError, match=r"^start 2026-03-06 is after end 2026-03-02$"):
        business_days_between(FRIDAY, MONDAY)
