"""The date that lies a number of days away."""

from datetime import date


def add_days(start: date, days: int) -> date:
    """Add days to a date, or take them away: every day of the calendar counts, weekends and holidays too.

    One day on is the next day, 7 are the same weekday a week later, and 0 give `start`. Leap days count as in the
    Gregorian calendar.

    Args:
        start: The date to count from.
        days: How many days later; earlier where it is negative.

    Returns:
        The date of that day.

    Raises:
        ValueError: The result lies outside of the years 1 to 9999.
    """
    ordinal = start.toordinal() + days
    if not 1 <= ordinal <= date.max.toordinal():
        raise ValueError(f"{days} days from {start} lie outside of the years 1 to 9999")
    return date.fromordinal(ordinal)
