"""The date that lies a number of months away."""

from datetime import date

_MONTHS_A_YEAR = 12
_FEBRUARY = 2
_SHORT = (4, 6, 9, 11)


def add_months(start: date, months: int) -> date:
    """Add months to a date, or take them away; where the month has no such day, its last day is meant.

    As in the spreadsheet function EDATE: the day of the month stays, so one month on from 31 January is 28
    February, or 29 in a leap year, and one month on from 28 February is 28 March. 12 months are a year. Because
    of months that are too short, the way back does not always end where it began.

    Args:
        start: The date to count from.
        months: How many months later; earlier where it is negative.

    Returns:
        The date in that month.

    Raises:
        ValueError: The result lies outside of the years 1 to 9999.
    """
    year, place = divmod(start.year * _MONTHS_A_YEAR + start.month - 1 + months, _MONTHS_A_YEAR)
    if not 1 <= year <= date.max.year:
        raise ValueError(f"{months} months from {start} lie outside of the years 1 to 9999")
    return date(year, place + 1, min(start.day, _last_day(year, place + 1)))


def _last_day(year: int, month: int) -> int:
    """How many days the month has."""
    if month == _FEBRUARY:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in _SHORT else 31
