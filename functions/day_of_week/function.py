"""The day of the week on which a date falls, by name."""

from datetime import date
from typing import Literal

_NAMES = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "pl": ("poniedziałek", "wtorek", "środa", "czwartek", "piątek", "sobota", "niedziela"),
}


def day_of_week(day: date, language: Literal["en", "pl"] = "en") -> str:
    """Name the day of the week on which a date falls, Monday to Sunday, in English or in Polish.

    Dates before 1582 are those of the Gregorian calendar too, counted back.

    Args:
        day: The date.
        language: The language of the name.

    Returns:
        The name, as the language writes it: `Monday`, `poniedziałek`.

    Raises:
        ValueError: The language is none of these.
    """
    if language not in _NAMES:
        raise ValueError(f"language must be one of {', '.join(_NAMES)}, not {language!r}")
    return _NAMES[language][day.weekday()]
