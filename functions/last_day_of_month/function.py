"""The end of the month of a date."""

from datetime import date

_SHORT = {4: 30, 6: 30, 9: 30, 11: 30}
_FEBRUARY = 2


def last_day_of_month(day: date) -> date:
    """Find the last day of the month that a date is in, which also says how many days the month has.

    As the spreadsheet function EOMONTH does with 0 months: 30 or 31, in February 28, or 29 in a leap year of the
    Gregorian calendar.

    Args:
        day: Any date of the month.

    Returns:
        The date of the month's last day.
    """
    if day.month != _FEBRUARY:
        return day.replace(day=_SHORT.get(day.month, 31))
    is_leap = day.year % 4 == 0 and (day.year % 100 != 0 or day.year % 400 == 0)
    return day.replace(day=29 if is_leap else 28)
