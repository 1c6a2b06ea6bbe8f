"""A text with another in place of a part of it."""

import re
from typing import Literal

_MATCHES = ("anywhere", "words")


def replace_text(text: str, old: str, new: str, match: Literal["anywhere", "words"] = "anywhere") -> str:
    r"""Replace every occurrence of a word or phrase in a text by another one.

    Both are taken as they are: case counts, and neither a dot nor a backslash means anything else. What is put in
    is not searched again, and of occurrences that overlap the first is replaced.

    Args:
        text: The text.
        old: What to look for.
        new: What to put in its place, which may be empty.
        match: `anywhere`, or `words` to leave it where a letter, a digit or an underscore stands directly beside it.

    Returns:
        The text with all occurrences replaced.

    Raises:
        ValueError: `old` is empty, or `match` is none of these.
    """
    if not old:
        raise ValueError("old must not be empty")
    if match not in _MATCHES:
        raise ValueError(f"match must be one of {', '.join(_MATCHES)}, not {match!r}")
    if match == "anywhere":
        return text.replace(old, new)
    return re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", lambda _: new, text)
