"""How well and how fast functions are found: public requests against the pool of all their functions.

`DATA` names a folder with `bfcl_*.jsonl` (and `multilingual_*.jsonl`); `OUT` a JSON file for the figures; `EMBED` a
server of Ollama's kind that makes vectors, without which the variants that need them are left out. The weights
were fitted on one half of the requests; what is printed is of the other half. A hit is the entry itself or one that
is the same to the caller, of its name and taking its arguments; `exact` counts the entry alone.
"""

import itertools
import json
import math
import os
import random
import re
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from matching_data import Pool, Request, World, read_commands, read_pool, vectors
from rapidfuzz import fuzz
from rich.console import Console
from rich.table import Table

from agent.config import Settings
from agent.matching.chance import chances
from agent.matching.evidence import measured
from agent.matching.matcher import RETRIEVED, searched_terms
from agent.matching.wish import wish_of
from agent.types import Task
from registry import Hit, search

PRECISION = 0.95
SIZES = (1_000, 10_000, 100_000)
TIMED = 300
Ranked = list[tuple[int, float]]
"""Places in the pool with their scores, best first."""
Ranker = Callable[[Request, frozenset[int]], Ranked]
"""Ranks the pool for a request, without some of it."""


@dataclass
class Figures:
    """What a ranker gave for each request, its function there and taken away."""

    hits: list[bool] = field(default_factory=list)
    exact: list[bool] = field(default_factory=list)
    ranks: list[float] = field(default_factory=list)
    there: list[float] = field(default_factory=list)
    gone: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def as_json(self) -> dict[str, float]:
        """The keys that are promised, and how many were the very entry."""
        count = len(self.hits)
        return {
            "first_hit": sum(self.hits) / count,
            "recall5": sum(rank < 5 for rank in self.ranks) / count,
            "recall10": sum(rank < 10 for rank in self.ranks) / count,
            "auc": area(self.there, self.gone),
            "coverage95": coverage(self.there, self.hits, self.gone),
            "p50_ms": statistics.median(self.seconds) * 1e3,
            "exact": sum(self.exact) / count,
            "requests": count,
        }


def area(there: Sequence[float], gone: Sequence[float]) -> float:
    """The area under the curve of "it is there" against "it was taken away" (Mann-Whitney)."""
    ranked = sorted([(score, True) for score in there] + [(score, False) for score in gone])
    better, below = 0.0, 0
    for _, tied in itertools.groupby(ranked, key=lambda pair: pair[0]):
        kinds = Counter(is_there for _, is_there in tied)
        better += kinds[True] * (below + kinds[False] / 2)
        below += kinds[False]
    return better / (len(there) * len(gone))


def coverage(there: Sequence[float], hits: Sequence[bool], gone: Sequence[float]) -> float:
    """The share of requests whose function is there that are answered rightly where 95 % of all answers are right."""
    ranked = sorted([*zip(there, hits, strict=True), *((score, False) for score in gone)], key=lambda pair: -pair[0])
    best = right = 0
    for number, (_, is_right) in enumerate(ranked, 1):
        right += is_right
        if right / number >= PRECISION:
            best = right
    return best / len(there)


def figures_of(requests: Sequence[Request], rank: Ranker) -> Figures:
    """Each request met twice: with its function in the pool, and without."""
    figures = Figures()
    for request in requests:
        start = time.perf_counter()
        ranked = rank(request, frozenset())
        figures.seconds.append(time.perf_counter() - start)
        places = [place for place, _ in ranked]
        figures.ranks.append(next((at for at, place in enumerate(places) if place in request.meant), math.inf))
        figures.hits.append(bool(places) and places[0] in request.meant)
        figures.exact.append(bool(places) and places[0] == request.exact)
        figures.there.append(ranked[0][1] if ranked else 0.0)
        without = rank(request, request.named)
        figures.gone.append(without[0][1] if without else 0.0)
    return figures


def first_hit(requests: Sequence[Request], rank: Ranker) -> float:
    """The share of the requests whose function comes first."""
    ranked = ((request, rank(request, frozenset())) for request in requests)
    return statistics.mean(bool(each) and each[0][0] in request.meant for request, each in ranked)


def ours(world: World, *, given: bool, by_vectors: bool = False) -> Ranker:
    """What Kowal does, up to the chance of each; with vectors for every request, however clear its words are."""

    def rank(request: Request, without: frozenset[int]) -> Ranked:
        with world.taken_away(without):
            places, rows = world.figures(request, given=given, by_vectors=by_vectors)
        worth = chances(rows, given=given and request.telling)
        return sorted(zip(places, worth, strict=True), key=lambda pair: -pair[1])

    return rank


def tokens(text: str) -> list[str]:
    """The plain words of a text."""
    return re.findall(r"[a-z0-9]+", text.lower())


def described(pool: Pool) -> list[str]:
    """Name and description of each."""
    return [f"{each.name.replace('_', ' ')} {each.description}" for each in pool.manifests]


def okapi(pool: Pool) -> Ranker:
    """Plain BM25 over name and description (k1 1.5, b 0.75)."""
    documents = [Counter(tokens(text)) for text in described(pool)]
    lengths = [sum(each.values()) for each in documents]
    usual = statistics.mean(lengths)
    found = Counter(word for each in documents for word in each)
    rarity = {word: math.log(1 + (len(documents) - count + 0.5) / (count + 0.5)) for word, count in found.items()}

    def score(words: Sequence[str], place: int) -> float:
        document, norm = documents[place], 1.5 * (0.25 + 0.75 * lengths[place] / usual)
        return sum(rarity[word] * document[word] * 2.5 / (document[word] + norm) for word in words if document[word])

    def rank(request: Request, without: frozenset[int]) -> Ranked:
        words = tokens(request.text)
        return scored(len(documents), without, lambda place: score(words, place))

    return rank


def likeness(pool: Pool) -> Ranker:
    """`rapidfuzz.fuzz.token_set_ratio` of the request with name and description."""
    texts = [text.lower() for text in described(pool)]

    def rank(request: Request, without: frozenset[int]) -> Ranked:
        wish = request.text.lower()
        return scored(len(texts), without, lambda place: fuzz.token_set_ratio(wish, texts[place]))

    return rank


def ratio(pool: Pool) -> Ranker:
    """A similarity ratio with keyword overlap, half each."""
    texts = [text.lower() for text in described(pool)]
    words = [set(tokens(text)) for text in texts]

    def score(wish: str, said: set[str], place: int) -> float:
        return fuzz.ratio(wish, texts[place]) / 200 + len(said & words[place]) / (2 * (len(said) or 1))

    def rank(request: Request, without: frozenset[int]) -> Ranked:
        wish, said = request.text.lower(), set(tokens(request.text))
        return scored(len(texts), without, lambda place: score(wish, said, place))

    return rank


def scored(count: int, without: frozenset[int], score: Callable[[int], float]) -> Ranked:
    """The ten best of all places but those."""
    places = [(place, score(place)) for place in range(count) if place not in without]
    return sorted(places, key=lambda pair: -pair[1])[:10]


def mistyped(requests: Sequence[Request], seed: int = 5) -> list[Request]:
    """The same requests, each with one letter of one of its longer words left out, doubled, changed or moved."""
    rng, made = random.Random(seed), list[Request]()
    for request in requests:
        long = [found.span() for found in re.finditer(r"\b[a-z]{5,}\b", request.text)]
        text = request.text
        if long:
            start, end = rng.choice(long)
            at = rng.randrange(start + 1, end - 1)
            kinds = ("", text[at] * 2, rng.choice("abcdefghijklmnopqrstuvwxyz"), text[at + 1] + text[at])
            kind = rng.randrange(len(kinds))
            text = text[:at] + kinds[kind] + text[at + (2 if kind == len(kinds) - 1 else 1) :]
        made.append(replace(request, text=text))
    return made


def irrelevant(pool: Pool, accepted: float, *, by_vectors: bool = False) -> dict[str, float]:
    """Wrong matches among the requests that none of their offered functions does."""
    requests = [request for request in pool.requests if request.exact is None]
    counts = Counter[str]()
    for request in requests:
        world = World(pool, request.offered)
        places, rows = world.figures(request, given=False, by_vectors=by_vectors)
        best = max(chances(rows, given=False), default=0.0)
        half = "fitted" if request.fitted else "held"
        counts[half] += 1
        counts[f"{half} wrong"] += bool(places) and best >= 1 - accepted
    return {
        "accepted_error": accepted,
        "requests": len(requests),
        "wrong": counts["held wrong"] + counts["fitted wrong"],
        "wrong_held": counts["held wrong"],
        "requests_held": counts["held"],
    }


def languages(folder: Path, accepted: float, *, by_vectors: bool = False) -> dict[str, dict[str, float]]:
    """Commands in each language against English descriptions: how many are found, and how many run what is wrong."""
    pool = read_commands(folder)
    world, told = World(pool, range(len(pool.manifests))), dict[str, dict[str, float]]()
    for language in sorted({request.key.split()[0] for request in pool.requests}):
        requests = [request for request in pool.requests if request.key.split()[0] == language]
        ranked = [ours(world, given=False, by_vectors=by_vectors)(request, frozenset()) for request in requests]
        first = [bool(each) and each[0][0] in request.meant for each, request in zip(ranked, requests, strict=True)]
        ran = [bool(each) and each[0][1] >= 1 - accepted for each in ranked]
        wrong = sum(runs and not right for runs, right in zip(ran, first, strict=True))
        told[language] = {
            "first_hit": sum(first) / len(first),
            "ran": sum(ran) / len(ran),
            "ran_wrong": wrong / len(ran),
            "requests": len(requests),
        }
    return told


def times(pool: Pool, size: int) -> dict[str, float]:
    """What a registry of this size takes to make findable, to add to, and to be searched; MiB of it on disk."""
    rng = random.Random(size)
    terms = sorted({term for hit in pool.hits for text in hit.profile.texts for term in text})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index.sqlite"
        db = sqlite3.connect(path)
        for statement in search.TABLES:
            db.execute(statement)
        start = time.perf_counter()
        for number in range(size):
            search.add(db, number, varied(pool.hits[number % len(pool.hits)], number, rng, terms), "")
        db.commit()
        built = time.perf_counter() - start
        start = time.perf_counter()
        search.add(db, size, varied(pool.hits[0], size, rng, terms), "")
        db.commit()
        added = time.perf_counter() - start
        spent = []
        for request in rng.sample(pool.requests, min(TIMED, len(pool.requests))):
            start = time.perf_counter()
            wish = wish_of(Task(text=request.text))
            found = search.search(db, searched_terms(wish), RETRIEVED, ())
            chances([row.figures for row in measured(wish, found, found.hits)], given=False)
            spent.append(time.perf_counter() - start)
        db.close()
        return {
            "p50_ms": statistics.median(spent) * 1e3,
            "p95_ms": sorted(spent)[int(0.95 * len(spent))] * 1e3,
            "build_s": built,
            "add_ms": added * 1e3,
            "disk_mib": path.stat().st_size / 2**20,
            "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10,
        }


def varied(hit: Hit, number: int, rng: random.Random, terms: Sequence[str]) -> Hit:
    """The function with a name of its own and three more words of the pool's in its description."""
    profile = hit.profile
    text = (*profile.texts[0], *rng.sample(terms, 3))
    return replace(hit, name=f"{hit.name}_{number}", profile=replace(profile, texts=(text,)))


def print_rows(title: str, rows: Mapping[str, Mapping[str, float]]) -> None:
    """A table of figures, a variant a line."""
    table = Table(title=title, title_justify="left", box=None)
    table.add_column("")
    keys = list(next(iter(rows.values())))
    for key in keys:
        table.add_column(key, justify="right")
    for name, row in rows.items():
        table.add_row(name, *(f"{row[key]:.3f}" if isinstance(row[key], float) else str(row[key]) for key in keys))
    Console(width=140).print(table)


def main() -> None:
    """Print the figures, and keep them where `OUT` says."""
    folder = Path(os.environ.get("DATA") or "")
    if not os.environ.get("DATA") or not any(folder.glob("bfcl_*.jsonl")):
        sys.exit("Skipped: DATA names no folder with bfcl_*.jsonl.")
    pool, accepted = read_pool(folder), Settings.model_fields["accepted_error"].default
    requests = [request for request in pool.requests if request.exact is not None and not request.fitted]
    world = World(pool, range(len(pool.manifests)))
    rankers: dict[str, Ranker] = {
        "words": ours(world, given=False),
        "words and arguments": ours(world, given=True),
        **(
            {
                "with vectors": ours(world, given=False, by_vectors=True),
                "with vectors and arguments": ours(world, given=True, by_vectors=True),
            }
            if vectors() is not None
            else {}
        ),
        "BM25": okapi(pool),
        "rapidfuzz": likeness(pool),
        "ratio": ratio(pool),
    }
    variants = {name: figures_of(requests, rank).as_json() for name, rank in rankers.items()}
    print_rows(
        f"{len(pool.manifests)} functions, {len(requests)} requests that the weights were not fitted on", variants
    )
    wrong = mistyped(requests)
    typos = {name: {"first_hit": first_hit(wrong, rankers[name])} for name in ("words", "words and arguments", "BM25")}
    print_rows("The same requests with one letter of one word wrong", typos)
    apart: dict[str, Any] = {"irrelevant": irrelevant(pool, accepted)}
    if vectors() is not None:
        apart |= {"irrelevant with vectors": irrelevant(pool, accepted, by_vectors=True)}
    print_rows("Requests that no offered function does", apart)
    if any(folder.glob("multilingual_*.jsonl")):
        apart |= {"languages": languages(folder, accepted)}
        print_rows("Commands against English descriptions, without a model", apart["languages"])
        if vectors() is not None:
            apart |= {"languages with vectors": languages(folder, accepted, by_vectors=True)}
            print_rows("The same with vectors", apart["languages with vectors"])
    apart |= {"times": {str(size): times(pool, size) for size in SIZES}}
    print_rows("One match, by words", apart["times"])
    if os.environ.get("OUT"):
        Path(os.environ["OUT"]).write_text(json.dumps({**variants, **apart}, indent=1), "utf-8")


if __name__ == "__main__":
    main()
