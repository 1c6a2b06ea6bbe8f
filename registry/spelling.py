"""Misspelt terms: the known term that one was meant to be."""

from collections.abc import Mapping, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

from registry.terms import STEM

SHORTEST = 5
"""Letters that a term must have: of shorter ones, too many are one letter apart."""


def misspelt(term: str) -> bool:
    """Whether a term that nobody uses may be another's misspelling."""
    return len(term) >= SHORTEST and term.isalpha()


def nearest(term: str, known: Sequence[str]) -> list[str]:
    """The known terms that are one letter away: another letter, one more, one less, or two that changed places.

    A term is a word cut to its stem: a letter too few moves one in from behind the cut, one too many moves one out.
    Otherwise both end alike: `transl` and `transf` are two words, and neither is the other's misspelling.
    """
    close = process.extract(term, known, scorer=OSA.distance, score_cutoff=2, limit=None)
    return [found for found, _, _ in close if len(found) >= SHORTEST and one_apart(term, found)]


def one_apart(term: str, known: str) -> bool:
    """Whether one letter before the last is wrong."""
    pairs = [(term, known)]
    if len(term) == len(known) == STEM:
        pairs += [(term[:-1], known), (term, known[:-1])]
    return any(one[-1] == other[-1] and OSA.distance(one, other) == 1 for one, other in pairs)


def likeliest(candidates: Mapping[str, Sequence[str]], frequencies: Mapping[str, int]) -> dict[str, str]:
    """Of the candidates for each term the one that is used most, where one is used."""
    used = {term: [each for each in found if each in frequencies] for term, found in candidates.items()}
    return {term: max(found, key=lambda each: (frequencies[each], each)) for term, found in used.items() if found}
