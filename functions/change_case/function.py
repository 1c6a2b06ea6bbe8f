"""A text in capitals, in small letters, or with a capital at the beginning of each word."""

import re
from typing import Literal

_CASES = ("upper", "lower", "title")
_LETTERS = r"[\w\u0300-\u036f]+"  # with accents that are characters of their own
_WORD = re.compile(rf"{_LETTERS}(?:['’]{_LETTERS})*")


def change_case(text: str, case: Literal["upper", "lower", "title"]) -> str:
    """Change the case of a text: upper case, lower case, or title case with a capital at the start of every word.

    As Unicode has it, in every script: `ß` becomes `SS` in upper case. In title case all other letters are small; a
    word is a run of letters, digits and underscores, an apostrophe within it ends none (`Don't`), a hyphen does
    (`Well-Known`). Everything but letters stays.

    Args:
        text: The text.
        case: `upper`, `lower` or `title`.

    Returns:
        The text in that case.

    Raises:
        ValueError: The case is none of these.
    """
    if case == "upper":
        return text.upper()
    if case == "lower":
        return text.lower()
    if case == "title":
        return _WORD.sub(lambda word: word[0].capitalize(), text)
    raise ValueError(f"case must be one of {', '.join(_CASES)}, not {case!r}")
