"""When a cron job runs next."""

import re
from datetime import date, datetime

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _WEEKDAYS),
)
_SHORT_FORMS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_VALUE = r"([0-9]{1,4}|[A-Za-z]{3})"
_PART = re.compile(rf"(?:\*(?:/([0-9]{{1,4}}))?|{_VALUE}(?:-{_VALUE}(?:/([0-9]{{1,4}}))?)?)")
_EIGHT_YEARS = 8 * 365 + 2  # days; from one 29 February to the next there are never more


def next_cron_time(expression: str, after: datetime) -> datetime:
    """Find the next time at which a cron expression is due, after a given moment.

    The expression has the five fields of crontab(5): minute (0-59), hour (0-23), day of the month (1-31), month
    (1-12 or jan-dec) and day of the week (0-7 or sun-sat, 0 and 7 are Sunday). A field is `*`, a value, a range
    such as `1-5` or `mon-fri`, a range or `*` with a step such as `*/15` or `10-20/2`, or a list of these with
    commas. Where neither of the two day fields begins with `*`, a day on which one of them matches will do;
    otherwise both must match. `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight` and `@hourly`
    stand for their fields. Letters may be small or capital.

    Args:
        expression: The cron expression, for example `30 8 * * mon-fri`.
        after: The moment to search from. Its UTC offset, if it has one, is that of the result.

    Returns:
        The first full minute later than `after` that matches.

    Raises:
        ValueError: The expression cannot be read, or nothing matches within eight years or before the year 10000.
    """
    fields = _SHORT_FORMS.get(expression.strip().lower(), expression).split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f"expression must have five fields or be one of {', '.join(_SHORT_FORMS)}: {expression!r}")
    minutes, hours, days, months, weekdays = (
        _values(text, *field) for text, field in zip(fields, _FIELDS, strict=True)
    )
    weekdays = {number % 7 for number in weekdays}
    either = not fields[2].startswith("*") and not fields[4].startswith("*")
    first = after.toordinal()
    for ordinal in range(first, min(first + _EIGHT_YEARS, date.max.toordinal()) + 1):
        day = date.fromordinal(ordinal)
        found = (day.day in days, day.isoweekday() % 7 in weekdays)
        if day.month not in months or not (any(found) if either else all(found)):
            continue
        earliest = (after.hour, after.minute) if ordinal == first else (-1, -1)
        times = [(hour, minute) for hour in hours for minute in minutes if (hour, minute) > earliest]
        if times:
            return datetime(day.year, day.month, day.day, *min(times), tzinfo=after.tzinfo)
    raise ValueError(f"{expression!r} matches no time within eight years of {after}")


def _values(text: str, name: str, lowest: int, highest: int, names: tuple[str, ...]) -> set[int]:
    """All numbers that a field stands for."""
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if not match:
            raise ValueError(f"the {name} must be *, a value, a range or a list of these: {text!r}")
        low, high = lowest, highest
        if match[2]:
            low = _number(match[2], lowest, names)
            high = _number(match[3], lowest, names) if match[3] else low
        step = int(match[1] or match[4] or 1)
        if not (lowest <= low <= high <= highest and step > 0):
            raise ValueError(f"the {name} must be from {lowest} to {highest}, ranges upwards, steps above 0: {text!r}")
        found.update(range(low, high + 1, step))
    return found


def _number(text: str, lowest: int, names: tuple[str, ...]) -> int:
    """The value in figures or by name; one that no field takes where it is neither."""
    if text.isdigit():
        return int(text)
    return names.index(text.lower()) + lowest if text.lower() in names else -1
