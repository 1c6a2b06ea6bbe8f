"""The number of words in a text of any language that puts spaces between words."""

import re
import unicodedata

_SOFT_HYPHEN = "\u00ad"
_LETTERS = r"[^\W_]+"
_WORD = re.compile(rf"{_LETTERS}(?:(?:['’‐‑_-]|(?<=\d)[.,](?=\d)){_LETTERS})*")


def count_words(text: str) -> int:
    """Count words in a text.

    A word is a run of letters and digits of any script. One apostrophe, hyphen or underscore between two of
    them joins ("don't", "well-known"), and so does a dot or comma between digits ("1,240.50"). Dashes and
    other punctuation are no words. In scripts without spaces an unbroken run counts as one word.

    Args:
        text: The text whose words are counted.

    Returns:
        The number of words; 0 for an empty text.
    """
    return len(_WORD.findall("".join(filter(_is_visible_base, text))))


def _is_visible_base(character: str) -> bool:
    """False for accents that combine with the letter before and for soft hyphens: neither ends a word."""
    return character != _SOFT_HYPHEN and not unicodedata.category(character).startswith("M")
