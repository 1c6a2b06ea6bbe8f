"""The words of a text as matching compares them: folded, in order, without those that say nothing."""

import re
import unicodedata
from collections.abc import Iterable

ENGLISH = (
    "a an and are as at be by can could do does for from get give how i in into is it its let me my need of on or our \
per please show tell that the these this those to us want was we what which who with would you"
)
POLISH = (
    "a co czy dla do i ile jak jaka jaki jakie jest ktora ktore ktory lub mi na od oraz po prosze sa ta te tego tej \
ten to w we z za ze"
)
STOP_WORDS = frozenset(f"{ENGLISH} {POLISH}".split())
"""English and Polish words that carry no wish of their own."""

UNFOLDED = str.maketrans({"ł": "l", "ß": "ss", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe"})
"""Letters that Unicode does not take apart into a base and a mark."""


def fold(text: str) -> str:
    """The text in lower case and without diacritics."""
    plain = unicodedata.normalize("NFKD", text).casefold()  # ℋ is a capital only once it is taken apart
    spread = unicodedata.normalize("NFKD", plain.translate(UNFOLDED))
    return "".join(letter for letter in spread if not unicodedata.combining(letter))


def words(text: str) -> list[str]:
    """The words that carry meaning, in order. `snake_case` counts as its parts, `e-mail` as one word."""
    joined = re.sub(r"(?<=\w)[-'’](?=\w)", "", fold(text))
    return [word for word in re.findall(r"[^\W_]+", joined) if word not in STOP_WORDS]


def unique(items: Iterable[str]) -> list[str]:
    """The items without repetition, in order of first appearance."""
    return list(dict.fromkeys(items))
