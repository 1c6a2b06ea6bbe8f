"""What speaks for a function and against it, in figures that do not depend on how many functions there are."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from agent.matching.wish import ANY_WISH, OF_ANY_WISH, Wish, respelt
from registry import Found, Hit, Profile
from registry.terms import terms

SMALLEST_WORLD = 1_000
"""A term's rarity is counted as if there were at least so many functions: eight cannot tell which words are common."""
SATURATION = 1.0
"""BM25's k1."""
LENGTHS = 0.4
"""BM25's b: how far a long field weakens a term."""
FIELDS = {"name": (3.0, 3.0), "texts": (2.0, 12.0), "parameters": (1.0, 4.0), "details": (1.0, 25.0)}
"""Each field's weight and its usual number of terms."""


@dataclass(frozen=True, kw_only=True)
class Rarity:
    """How much a term tells: BM25's inverse document frequency."""

    frequencies: Mapping[str, int]
    size: int

    def of(self, term: str) -> float:
        """Above 0; the more, the fewer functions have the term."""
        size, found = max(self.size, SMALLEST_WORLD), self.frequencies.get(term, 0)
        return math.log(1 + (size - found + 0.5) / (found + 0.5))


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One function against one wish."""

    hit: Hit
    figures: Mapping[str, float]


def measured(wish: Wish, found: Found, hits: Sequence[Hit], near: Mapping[str, float] | None = None) -> list[Measured]:
    """The figures of each of these hits, in their order; with `near`, how close in meaning they are, by name."""
    rarity, wish = Rarity(frequencies=found.frequencies, size=found.size), respelt(wish, found.spelt)
    world = math.log10(max(found.size, 3))
    told = {term: weight * rarity.of(term) for term, weight in wish.weights.items()}
    rows = [figures_of(wish, told, hit.profile) for hit in hits]
    if near:
        rows = [row | {"near": near.get(hit.name, 0.0)} for row, hit in zip(rows, hits, strict=True)]
    for key in ("terms", "spoken", *(("near",) if near else ())):
        best = max((row[key] for row in rows), default=0.0)
        for row in rows:
            row[f"{key}_behind"] = row[key] - best
    common = {
        "world": world,
        "choice": math.log(max(1, len(hits))) if wish.telling else 0.0,
        "names_tell": sum(rarity.of(term) for term in {term for name in wish.given for term in terms(name)}) / 10
        if wish.telling
        else 0.0,
    }
    return [
        Measured(
            hit=hit,
            figures=row
            | given_figures(wish, hit.profile)
            | common
            | {f"{key}_in_world": row[key] * world for key in ("terms", "told", "name_meant")},
        )
        for hit, row in zip(hits, rows, strict=True)
    ]


def figures_of(wish: Wish, told: Mapping[str, float], profile: Profile) -> dict[str, float]:
    """What the words say. All from 0 to 1, but for `unsaid`. A format to be made counts where it is made, only."""
    whole, weights = sum(told.values()) or 1.0, sum(wish.weights.values()) or 1.0
    lost, heard = wish.into.difference(profile.into), wish
    if lost:
        heard = replace(wish, weights={term: weight for term, weight in wish.weights.items() if term not in lost})
        told = {term: worth for term, worth in told.items() if term not in lost}
    text = best_text(heard, profile)
    fields = {
        "name": profile.name,
        "texts": [term for each in profile.texts for term in each],
        "parameters": profile.parameters,
        "details": profile.details,
    }
    counts = {name: counted(field, told) for name, field in fields.items()}
    spoken = {"name": counts["name"], "texts": counted(text, told)}
    lengths = {name: len(field) for name, field in fields.items()}
    spoken_lengths = lengths | {"texts": len(text)}
    anywhere = {term for found in counts.values() for term in found}
    pairs = {*pairwise(profile.name), *pairwise(text)}
    figures = {
        "terms": bm25(told, counts, lengths) / whole,
        "spoken": bm25(told, spoken, spoken_lengths) / whole,
        "in_details": bm25(told, {"details": counts["details"]}, lengths) / whole,
        "told": total(told, anywhere) / whole,
        "said": total(wish.weights, anywhere) / weights,
        "unsaid": sum(weight for term, weight in wish.weights.items() if term not in anywhere) / 3,
        "name_meant": meant(profile.name, heard),
        "text_meant": meant(text, heard),
        "parameters_meant": meant(profile.parameters, heard),
        "aim_missed": float(bool(lost)),
        "pairs": sum(pair in pairs for pair in wish.pairs) / (len(wish.pairs) or 1),
    }
    takes_date = "date" in profile.parameters or "date" in profile.details
    return figures | {"date_taken": float(wish.dated and takes_date), "date_wanted": float(takes_date > wish.dated)}


def given_figures(wish: Wish, profile: Profile) -> dict[str, float]:
    """What the arguments say that came with the wish; all 0 where they tell nothing."""
    given = set(wish.given)
    if not wish.telling:
        return {"lacking": 0.0, "filled": 0.0, "left": 0.0, "name_unsaid": 0.0}
    return {
        "lacking": float(len(set(profile.required) - given)),
        "filled": len(given) / (len(profile.takes) or 1),
        "left": float(len(set(profile.takes) - given - set(profile.required))),
        "name_unsaid": len(set(profile.name).difference(wish.weights, ANY_WISH)) / 3,
    }


def best_text(wish: Wish, profile: Profile) -> Sequence[str]:
    """The description or the alias that is closest to the wish: most of it meant, most of the wish in it."""
    weights = sum(wish.weights.values()) or 1.0

    def closeness(text: Sequence[str]) -> float:
        found, back = total(wish.weights, set(text) & wish.weights.keys()) / weights, meant(text, wish)
        return 2 * found * back / (found + back) if found else 0.0

    return max(profile.texts, key=closeness, default=())


def counted(field: Iterable[str], told: Mapping[str, float]) -> dict[str, int]:
    """How often each term of the wish stands in the field."""
    counts: dict[str, int] = {}
    for term in field:
        if term in told:
            counts[term] = counts.get(term, 0) + 1
    return counts


def bm25(told: Mapping[str, float], counts: Mapping[str, Mapping[str, int]], lengths: Mapping[str, int]) -> float:
    """BM25F (Robertson, Zaragoza 2009) over these fields, without its constant factor: at most the sum of `told`."""
    much: dict[str, float] = {}
    for name, found in counts.items():
        weight, usual = FIELDS[name]
        norm = weight / (1 - LENGTHS + LENGTHS * lengths[name] / usual)
        for term, count in found.items():
            much[term] = much.get(term, 0.0) + norm * count
    return sum(told[term] * each / (each + SATURATION) for term, each in much.items())


def total(weights: Mapping[str, float], terms: Iterable[str]) -> float:
    """The weight of these terms together."""
    return sum(weights[term] for term in terms)


def meant(field: Sequence[str], wish: Wish) -> float:
    """The share of a field's terms that the wish has."""
    weights = {term: OF_ANY_WISH if term in ANY_WISH else 1.0 for term in field}
    return sum(weight for term, weight in weights.items() if term in wish.weights) / (sum(weights.values()) or 1.0)
