"""Misspelt terms: the known term that one was meant to be."""

from collections.abc import Mapping, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

from registry.terms import STEM, unique

SHORTEST = 5
"""Letters that a term must have: of shorter ones, too many are one letter apart."""


def misspelt(term: str) -> bool:
    """Whether a term that nobody uses may be another's misspelling."""
    return len(term) >= SHORTEST and term.isalpha()


def nearest(term: str, known: Sequence[str]) -> list[str]:
    """The known terms that are one letter away: another letter, one more, one less, or two that changed places.

    A term is a word cut to its stem. Where a letter of the word is left out, one from behind the cut has moved in: it is
    not counted.
    """
    cut = term[:-1] if len(term) == STEM else term
    return unique(
        found
        for spelt in (term, cut)
        for found, _, _ in process.extract(spelt, known, scorer=OSA.distance, score_cutoff=1, limit=None)
        if len(found) >= SHORTEST
    )


def likeliest(candidates: Mapping[str, Sequence[str]], frequencies: Mapping[str, int]) -> dict[str, str]:
    """Of the candidates for each term the one that is used most, where one is used."""
    used = {term: [each for each in found if each in frequencies] for term, found in candidates.items()}
    return {term: max(found, key=lambda each: (frequencies[each], each)) for term, found in used.items() if found}
