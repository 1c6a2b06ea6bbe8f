"""Values and texts as people read them, at a terminal and in a chat."""

import json
from typing import Any

MOST_CHARS = 2_000
"""Of one value that is shown."""


def cut(text: str, most: int) -> str:
    """The text on one line, no more of it than that many characters, and nothing in it that a terminal would obey."""
    line = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in " ".join(text.split()))
    return line if len(line) <= most else f"{line[: most - 1]}…"


def milliseconds(seconds: float) -> str:
    """A duration in the unit people read at once."""
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"


def shown(value: Any, most: int = MOST_CHARS) -> str:
    """A value as JSON on one line, in which nothing is hidden: what cannot be printed is written as an escape."""
    text = json.dumps(value, ensure_ascii=False)
    text = "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in text)
    return text if len(text) <= most else f"{text[:most]} … ({len(text):,} characters)"


def is_scalar(value: Any) -> bool:
    """True for what stands in one cell."""
    return value is None or isinstance(value, str | int | float | bool)


def is_rows(value: Any) -> bool:
    """True for a list of objects with the same keys and plain values."""
    if not isinstance(value, list) or not value or not all(isinstance(row, dict) and row for row in value):
        return False
    return all(row.keys() == value[0].keys() and all(map(is_scalar, row.values())) for row in value)


def is_number(cell: str) -> bool:
    """True for a cell that reads as a number."""
    return cell.removeprefix("-").replace(".", "", 1).isdigit()


def is_short(value: Any) -> bool:
    """True for a value whose JSON fits on a line."""
    return len(json.dumps(value, ensure_ascii=False)) <= 100


def scalar(value: Any) -> str:
    """A plain value as text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
