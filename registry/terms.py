"""The terms of a text: what a search compares. Folded, cut to their stem, without what says nothing."""

import re
import unicodedata
from collections.abc import Iterable

STEM = 6
"""Letters of a word that count: its forms agree in them, in languages with many endings, too. Of 4 to 8 letters,
6 found most of the public one-function requests (`make bench-matching`)."""

ENGLISH = (
    "a am an and are as at be by can could do does for from get give has have how i if in into is it its let me my \
need now of on or our per please show so tell that the then there these this those to us want was we what which who \
will with would you"
)
POLISH = (
    "a co czy dla do i ile jak jaka jaki jakie jest ktora ktore ktory lub mi na od oraz po prosze sa ta te tego tej \
ten to w we z za ze"
)
GERMAN = "das dem den der des ein eine einem einen einer fur ich ist mir mit oder und von wie zu zum zur"
FRENCH = "au aux ce cette dans de des du est et je la le les moi ou par pour que quel quelle sur un une"
RUSSIAN = "chto dlya est eto i iz ili kak kakoy mne na ne ot po pozhaluysta s skolko v vo"
STOP_WORDS = frozenset(f"{ENGLISH} {POLISH} {GERMAN} {FRENCH} {RUSSIAN}".split())
"""Words that carry no wish of their own, folded, in the languages in which people ask."""
INTO = {"to", "into", "as", "create", "generate", "produce", "na", "do", "jako", "zu", "nach", "als", "en", "v"}
"""Words before what something is turned into, or what is made."""

UNFOLDED = str.maketrans({"ł": "l", "ß": "ss", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe"})
"""Letters that Unicode does not take apart into a base and a mark."""
LATIN = str.maketrans(
    dict(zip("абвгдезиклмнопрстуфыэіґ", "abvgdeziklmnoprstufyeig", strict=True))
    | {"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": "", "ю": "yu", "я": "ya"}
    | {"є": "ye"}
)
"""Cyrillic, its marks taken off, as it is spelled in Latin (BGN/PCGN): `формат` and `format` are one word."""


def fold(text: str) -> str:
    """The text in lower case, without diacritics, Cyrillic in Latin letters."""
    plain = unicodedata.normalize("NFKD", text).casefold()  # ℋ is a capital only once it is taken apart
    spread = unicodedata.normalize("NFKD", plain.translate(UNFOLDED))
    return "".join(letter for letter in spread if not unicodedata.combining(letter)).translate(LATIN)


def words(text: str) -> list[str]:
    """The words that carry meaning, in order. `snake_case` and `camelCase` count as their parts, `e-mail` as one."""
    return [word for word in _all_words(text) if word not in STOP_WORDS]


def _all_words(text: str) -> list[str]:
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    joined = re.sub(r"(?<=\w)[-'’](?=\w)", "", fold(parted))
    return re.findall(r"[^\W_]+", joined)


def terms(text: str) -> list[str]:
    """The words, each cut to the letters that count."""
    return [word[:STEM] for word in words(text)]


def aims(text: str, count: int) -> list[str]:
    """The `count` terms after each word that says what becomes of something: of `html_to_text` it is `text`.

    Such words carry no wish of their own, and without them `text to html` would be what `html_to_text` does.
    """
    said = _all_words(text)
    after = (said[place + 1 :] for place, word in enumerate(said) if word in INTO)
    return unique(word[:STEM] for rest in after for word in [each for each in rest if each not in STOP_WORDS][:count])


def unique(items: Iterable[str]) -> list[str]:
    """The items without repetition, in order of first appearance."""
    return list(dict.fromkeys(items))


def normalised(words: str) -> str:
    """The text as lessons are compared: lower case, single spaces, no full stop, at most 500 characters."""
    return " ".join(words.casefold().split()).rstrip(" .!?")[:500]
