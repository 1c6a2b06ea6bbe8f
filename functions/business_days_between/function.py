"""Business days between two dates."""

from datetime import date

_WORKDAYS_A_WEEK = 5
_DAYS_A_WEEK = 7


def business_days_between(start: date, end: date, holidays: list[date] | None = None) -> int:
    """Count the business days from one date to another: Mondays to Fridays, both dates included, holidays left out.

    Both ends count, as in the spreadsheet function NETWORKDAYS: from a Monday to the same Monday is 1 day,
    to the Tuesday after it 2. Holidays on a weekend, outside the range or given twice change nothing.

    Args:
        start: The first date that may count.
        end: The last date that may count.
        holidays: Dates on which nobody works, in any order.

    Returns:
        The number of business days; 0 where the range holds none.

    Raises:
        ValueError: `start` is after `end`.
    """
    if start > end:
        raise ValueError(f"start {start} is after end {end}")
    weeks, rest = divmod((end - start).days + 1, _DAYS_A_WEEK)
    weekdays = weeks * _WORKDAYS_A_WEEK
    weekdays += sum(_is_weekday(start.weekday() + offset) for offset in range(rest))
    free = {day for day in holidays or [] if start <= day <= end and _is_weekday(day.weekday())}
    return weekdays - len(free)


def _is_weekday(days_since_a_monday: int) -> bool:
    return days_since_a_monday % _DAYS_A_WEEK < _WORKDAYS_A_WEEK
