"""The date that lies a number of business days away."""

from datetime import date

_WORKDAYS_A_WEEK = 5
_DAYS_A_WEEK = 7


def add_business_days(start: date, days: int, holidays: list[date] | None = None) -> date:
    """Add business days to a date, or take them away: Mondays to Fridays, holidays left out.

    As in the spreadsheet function WORKDAY, `start` itself does not count: one day on from a Friday, or from the
    Saturday or Sunday after it, is the Monday; one day back from a Monday, or from the Sunday or Saturday before
    it, is the Friday. 0 days give `start`, whatever day it is. Otherwise the result is always a business day.
    Holidays on a weekend, outside of the way or given twice change nothing.

    Args:
        start: The date to count from.
        days: How many business days later; earlier where it is negative.
        holidays: Dates on which nobody works, in any order.

    Returns:
        The date of that business day.

    Raises:
        ValueError: The result lies outside of the years 1 to 9999.
    """
    if days == 0:
        return start
    ahead = days > 0
    step = 1 if ahead else -1
    here = _weekdays_until(start.toordinal()) if ahead else _weekdays_until(start.toordinal() - 1) + 1
    number = here + days
    free = {_weekdays_until(day.toordinal()) for day in holidays or [] if day.weekday() < _WORKDAYS_A_WEEK}
    for holiday in sorted(free, reverse=not ahead):
        if step * here < step * holiday <= step * number:
            number += step
    weeks, rest = divmod(number - 1, _WORKDAYS_A_WEEK)
    ordinal = weeks * _DAYS_A_WEEK + rest + 1
    if not 1 <= ordinal <= date.max.toordinal():
        raise ValueError(f"{days} business days from {start} lie outside of the years 1 to 9999")
    return date.fromordinal(ordinal)


def _weekdays_until(ordinal: int) -> int:
    """How many weekdays there are from 1 January of the year 1, a Monday, to that day."""
    weeks, rest = divmod(ordinal - 1, _DAYS_A_WEEK)
    return weeks * _WORKDAYS_A_WEEK + min(rest + 1, _WORKDAYS_A_WEEK)
