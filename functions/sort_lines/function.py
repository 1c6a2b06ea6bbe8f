"""The lines of a text in alphabetical order."""

import re
import unicodedata
from typing import Literal

_WITHOUT_ACCENT = str.maketrans({"ł": "l", "ø": "o", "đ": "d"})  # Unicode does not take these apart
_ORDERS = ("ascending", "descending")


def sort_lines(text: str, order: Literal["ascending", "descending"] = "ascending") -> str:
    """Sort the lines of a text in alphabetical order, A to Z or Z to A.

    Case and accents count only between lines that are otherwise the same: `Łoś` comes after `lis` and before `mak`.
    Such lines, and other characters, are in the order of Unicode; digits are compared one by one, so 10 comes before
    9. Every line is kept, an empty one and one that repeats another too. Lines end at LF, CR LF or CR.

    Args:
        text: The text.
        order: `ascending` for A to Z, `descending` for Z to A.

    Returns:
        The lines in order, with LF between them, and at the end where the text has a line end there.

    Raises:
        ValueError: The order is none of these.
    """
    if order not in _ORDERS:
        raise ValueError(f"order must be one of {', '.join(_ORDERS)}, not {order!r}")
    lines = re.split(r"\r\n?|\n", text)
    end = [""] if len(lines) > 1 and not lines[-1] else []
    ordered = sorted(lines[: len(lines) - len(end)], key=_plain_first, reverse=order == "descending")
    return "\n".join(ordered + end)


def _plain_first(line: str) -> tuple[str, str]:
    """The line without case and accents, then as it is."""
    parts = unicodedata.normalize("NFD", line.casefold()).translate(_WITHOUT_ACCENT)
    return "".join(each for each in parts if not unicodedata.combining(each)), line
