"""The most frequent words of a text."""

import re
import unicodedata
from collections import Counter

_WORD = re.compile("a+(?:['-]a+)*")
_SPELLINGS = str.maketrans({"’": "'", "ʼ": "'", "‐": "-", "‑": "-"})


def word_frequencies(text: str, top: int = 10) -> list[dict[str, int | str]]:
    """Count how often each word occurs in a text and list the most frequent ones.

    A word is a run of letters and digits of any script; one apostrophe or hyphen between two of them joins
    ("don't", "well-known"). Case does not count, and words are given in small letters; accents count. Typographic
    apostrophes and hyphens count as those of the keyboard.

    Args:
        text: The text whose words are counted.
        top: How many words to list at most.

    Returns:
        Objects with `word` and `count`, the most frequent word first; of equally frequent ones in the order of
        their characters in Unicode.

    Raises:
        ValueError: `top` is less than 1.
    """
    if top < 1:
        raise ValueError(f"top must be at least 1, not {top}")
    plain = unicodedata.normalize("NFC", text.lower()).translate(_SPELLINGS)
    shape = "".join(map(_kind, plain))
    counts = Counter(plain[word.start() : word.end()] for word in _WORD.finditer(shape))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"word": word, "count": count} for word, count in ranked[:top]]


def _kind(character: str) -> str:
    """`a` for letters, digits and the signs that combine with them; a joining sign as itself; a space for others."""
    if unicodedata.category(character)[0] in "LMN":
        return "a"
    return character if character in "'-" else " "
