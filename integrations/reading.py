"""Reads what servers say: JSON in which anything may be missing, moments, mentions, names of files."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

CODE = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]*`)", re.DOTALL)
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
MAX_NAME = 200
NEVER, LONG_AGO, FAR_OFF = datetime.min, datetime(1970, 1, 2, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def moment(value: object) -> datetime | None:
    """A moment as the server writes it: milliseconds in `$date` (realtime), ISO 8601 (REST); None for what is none."""
    if isinstance(value, Mapping):
        value = value.get("$date")
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            found = datetime.fromtimestamp(value / 1000, UTC)
        else:
            found = datetime.fromisoformat(value) if isinstance(value, str) else NEVER
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if LONG_AGO <= found <= FAR_OFF else None


def written(at: datetime) -> str:
    """The moment as REST takes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def text_in(value: object, name: str) -> str:
    """The text under that name; empty where there is none."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, str) else ""


def listed(value: object, name: str) -> list[Any]:
    """The list under that name; empty where there is none."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, list) else []


def without(text: str, names: Sequence[str]) -> str:
    """The text without the mentions of these names, but for those in code."""
    for name in filter(None, names):
        at_first = re.compile(rf"\A\s*@{re.escape(name)}(?![\w.-]*\w)[:,]?\s*", re.IGNORECASE)
        within = re.compile(rf"[ \t]*(?<!\w)@{re.escape(name)}(?![\w.-]*\w)", re.IGNORECASE)
        pieces = CODE.split(at_first.sub("", text))
        text = "".join(piece if number % 2 else within.sub("", piece) for number, piece in enumerate(pieces))
    return text.strip()


def plain(name: str) -> str:
    """The last part of a file's name, without signs that do not show."""
    last = UNPRINTABLE.sub("", name.replace("\\", "/")).rpartition("/")[2].strip()
    return last[-MAX_NAME:] if last.strip(".") else "file"
