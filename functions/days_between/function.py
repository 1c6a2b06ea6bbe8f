"""The days from one date to another."""

from datetime import date


def days_between(start: date, end: date) -> int:
    """Count the days between two dates: all days of the calendar, of the two dates only the later one.

    As in the spreadsheet function DAYS: from a day to itself are 0 days, to the next one 1, and as many nights lie
    between. Weekends and holidays count.

    Args:
        start: The date to count from.
        end: The date to count to.

    Returns:
        The number of days; less than 0 where `end` is before `start`.
    """
    return end.toordinal() - start.toordinal()
