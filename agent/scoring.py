"""How well a function's words fit a wish, as one figure from 0 to 1."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from agent.words import unique, words
from registry import Manifest

SAME_WORD = 84
"""From this `rapidfuzz` ratio on, two words count as forms of one: totals and total, sum and sums."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A function's words, taken apart once."""

    texts: tuple[tuple[str, ...], ...]
    """The words of its description and of each alias."""
    named: frozenset[str]
    """The words of its name."""
    all_words: frozenset[str]
    """All of these, and those of its parameters."""


def profile_of(manifest: Manifest) -> Profile:
    """The words of a manifest."""
    texts = tuple(tuple(unique(words(text))) for text in (manifest.name, manifest.description, *manifest.aliases))
    named = frozenset(words(manifest.name))
    parameters = frozenset(word for name in manifest.parameters for word in words(name))
    return Profile(texts=texts, named=named, all_words=parameters.union(*texts))


def score(wish: Sequence[str], profile: Profile) -> float:
    """Half for "is each word of the wish accounted for", half for "does one text say the same, and no more".

    The first alone would let words scattered over several aliases add up to a wish nobody had; the second alone
    would let an alias match that leaves out the one word that matters.
    """
    if not wish:
        return 0.0
    return round((covered(wish, profile.all_words) + closest(wish, profile)) / 2, 3)


def closest(wish: Sequence[str], profile: Profile) -> float:
    """The best harmonic mean, over the texts, of the share of the wish found there and of the text in the wish."""
    best = 0.0
    for text in profile.texts:
        found = covered(wish, profile.named.union(text))
        meant = covered(text, wish)
        best = max(best, 2 * found * meant / (found + meant) if found + meant else 0.0)
    return best


def covered(some: Collection[str], others: Collection[str]) -> float:
    """The share of the words that are among the others, other forms of a word counting nearly whole."""
    return sum(likeness(word, others) for word in some) / len(some) if some else 0.0


def likeness(word: str, others: Collection[str]) -> float:
    """1 for a word that is there, a little less for another form of it, 0 for none."""
    if word in others:
        return 1.0
    from rapidfuzz import fuzz, process

    found = process.extractOne(word, others, scorer=fuzz.ratio, score_cutoff=SAME_WORD)
    return found[1] / 100 if found else 0.0
