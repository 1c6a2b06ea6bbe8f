"""A length of time in seconds."""

import re
from decimal import Decimal

_NUMBER = r"([0-9]{1,15}(?:[.,][0-9]{1,9})?)"
_WEEK, _DAY, _HOUR, _MINUTE, _SECOND = map(Decimal, (604800, 86400, 3600, 60, 1))
_UNITS = {
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), _WEEK),
    **dict.fromkeys(("d", "day", "days"), _DAY),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), _HOUR),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), _MINUTE),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), _SECOND),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), _SECOND / 1000),
}
_PART = re.compile(rf"{_NUMBER}\s*([a-z]+)(?:\s*(?:,\s*)?(?:\band\s*)?(?=[0-9]))?", re.IGNORECASE)
_ISO = re.compile(rf"P(?:{_NUMBER}W|(?:{_NUMBER}D)?(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?)")


def parse_duration(text: str) -> float:
    """Turn a duration such as `1h 30m`, `90s` or `P1DT2H` into seconds.

    Understands numbers with units (weeks, days, hours, minutes, seconds and milliseconds, in words or as w, d, h,
    m or min, s or sec, ms), in any case, with spaces, commas or "and" between them or with nothing; and the
    durations of ISO 8601 in weeks, or in days, hours, minutes and seconds. Units go from large to small, each
    once. Decimals stand behind a dot or a comma, in ISO 8601 only in the last number. A day has 24 hours. Months
    and years are refused, because they have no fixed length, and so is a number without a unit.

    Args:
        text: The duration.

    Returns:
        The number of seconds.

    Raises:
        ValueError: The text is empty or not such a duration, a unit is unknown, or units are not in order.
    """
    wanted = text.strip()
    parts = _iso_parts(wanted) if wanted.startswith("P") else _parts(wanted)
    return float(sum(Decimal(number.replace(",", ".")) * seconds for number, seconds in parts))


def _iso_parts(text: str) -> list[tuple[str, Decimal]]:
    """Numbers with the seconds of their units, from the form of ISO 8601."""
    match = _ISO.fullmatch(text)
    numbers = match.groups() if match else ()
    units = (_WEEK, _DAY, _HOUR, _MINUTE, _SECOND)
    found = [(number, seconds) for number, seconds in zip(numbers, units, strict=False) if number]
    if not found or text.endswith("T"):
        raise ValueError(f"not a duration of ISO 8601 in weeks, or in days, hours, minutes and seconds: {text!r}")
    if not all(number.isdigit() for number, _ in found[:-1]):
        raise ValueError(f"in ISO 8601 only the last number may have decimals: {text!r}")
    return found


def _parts(text: str) -> list[tuple[str, Decimal]]:
    """Numbers with the seconds of their units, from words and abbreviations."""
    found: list[tuple[str, Decimal]] = []
    place = 0
    while match := _PART.match(text, place):
        number, unit = match[1], match[2].lower()
        if unit not in _UNITS:
            raise ValueError(f"unknown unit of time: {match[2]!r}")
        if found and found[-1][1] <= _UNITS[unit]:
            raise ValueError(f"units must go from large to small, each once: {text!r}")
        found.append((number, _UNITS[unit]))
        place = match.end()
    if not found or place < len(text):
        raise ValueError(f"not a duration such as 1h 30m or P1DT2H: {text!r}")
    return found
