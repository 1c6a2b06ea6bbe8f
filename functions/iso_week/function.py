"""The week of a date."""

from datetime import date


def iso_week(day: date) -> dict[str, int]:
    """Find the ISO 8601 week of a date: the week's year, its number and the number of the weekday.

    A week begins on Monday, and the first week of a year is the one with its first Thursday. So the first days of
    January may be in the last week of the year before, the last days of December in the first week of the next.

    Args:
        day: The date.

    Returns:
        `year`, the year that the week belongs to; `week`, from 1 to 52 or 53; `weekday`, 1 for Monday to 7 for Sunday.
    """
    year, week, weekday = day.isocalendar()
    return {"year": year, "week": week, "weekday": weekday}
