"""Fits the weights of matching on one half of the public requests and writes them to agent/matching/weights.json.

`DATA` names the folder. The other half is what `bench_matching.py` reports on. `EMBED` names a server of Ollama's
kind; without one the weights for vectors stay as they are.
"""

import json
import math
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matching_data import Pool, Request, World, read_built_ins, read_pool, vectors

WEIGHTS = Path(__file__).parents[2] / "agent/matching/weights.json"
SIZES = (3, 10, 30, 100, 300, 1_000)
"""A registry has as many functions; each request is met in all of them, with its function there and without."""
RIDGE = 1e-2
OF_IRRELEVANT = 1.0
"""Weight of a request for which nothing offered is right: there are fewer of those."""
OF_BUILT_INS = 6.0
"""Weight of a request for a built-in function by its words; with arguments it weighs as much as any other."""
OF_UNRELATED = 0.02
"""Weight of a request that none of them does; each is met with every function's arguments."""
STEPS = 50

Array = np.ndarray[Any, Any]

Group = tuple[list[dict[str, float]], int, float]
"""The figures of what was retrieved; the place of what is meant, or -1; the weight."""


def groups(pool: Pool, *, given: bool, by_vectors: bool) -> list[Group]:
    """Every request of the half, in registries of every size."""
    rng, made = random.Random(20), list[Group]()
    worlds = {
        size: World(pool, rng.sample(range(len(pool.manifests)), min(size, len(pool.manifests)))) for size in SIZES
    }
    for request in pool.requests:
        if not request.fitted or (given and not request.telling):
            continue
        if request.exact is None:
            if not given:
                made.append(group_of(World(pool, request.offered), request, False, False, by_vectors))
            continue
        for world in worlds.values():
            with world.adding(request.offered):
                made += [group_of(world, request, given, there, by_vectors) for there in (True, False)]
    return [each for each in made if each[0]] + built_in_groups(given=given, by_vectors=by_vectors)


def built_in_groups(*, given: bool, by_vectors: bool) -> list[Group]:
    """The same for the built-in functions, which have aliases, and parameters that many share."""
    pool, made = read_built_ins(), list[Group]()
    world = World(pool, range(len(pool.manifests)))
    for request in pool.requests:
        if given and (not request.telling or request.exact is None):
            continue
        for there in (True, False) if request.exact is not None else (False,):
            rows, right, _ = group_of(world, request, given, there, by_vectors)
            weight = OF_UNRELATED if request.exact is None else 1.0 if given else OF_BUILT_INS
            made += [(rows, right, weight)] if rows else []
    return made


def group_of(world: World, request: Request, given: bool, there: bool, by_vectors: bool) -> Group:
    """One request in one registry."""
    without = frozenset() if there else request.named
    places, rows = world.figures(request, given=given, without=without, by_vectors=by_vectors)
    right = [number for number, place in enumerate(places) if place in request.meant]
    weight = 1.0 if request.exact is not None else OF_IRRELEVANT * len(SIZES)
    if there and not right and request.exact is not None:
        return [], -1, 0.0
    return rows, right[0] if there and right else -1, weight


def fit(made: list[Group]) -> dict[str, float]:
    """The weights of most likelihood, with a little ridge, by Newton's method: the problem is convex."""
    names = list(made[0][0][0])
    figures = [np.array([[row[name] for name in names] for row in rows]) for rows, _, _ in made]
    whole = np.concatenate(figures)
    mean, spread = whole.mean(0), whole.std(0) + 1e-6
    figures = [np.hstack([(rows - mean) / spread, np.ones((len(rows), 1))]) for rows in figures]
    ridge = np.diag([RIDGE] * len(names) + [1e-9])
    parts = [(rows, right, weight) for rows, (_, right, weight) in zip(figures, made, strict=True)]
    found = np.zeros(len(names) + 1)
    loss, slope, bend = steepness(found, parts, ridge)
    for _ in range(STEPS):
        step = np.linalg.solve(bend, slope)
        while (ahead := steepness(found - step, parts, ridge))[0] > loss:
            step /= 2
        found, (loss, slope, bend) = found - step, ahead
        if np.abs(step).max() < 1e-5:
            break
    plain = found[:-1] / spread
    weights = {"any": float(found[-1] - plain @ mean), **dict(zip(names, map(float, plain), strict=True))}
    return {name: round(weight, 4) for name, weight in weights.items()}


def steepness(found: Array, parts: Sequence[tuple[Array, int, float]], ridge: Array) -> tuple[float, Array, Array]:
    """The negative log-likelihood per unit of weight at these weights, its slope and its curvature."""
    total = sum(weight for _, _, weight in parts)
    loss, slope, bend = found @ ridge @ found / 2, ridge @ found, ridge.copy()
    for rows, right, weight in parts:
        odds = np.concatenate([[0.0], rows @ found])
        shares = np.exp(odds - odds.max())
        shares /= shares.sum()
        loss -= weight / total * np.log(max(shares[right + 1], 1e-300))
        middle = shares[1:] @ rows
        slope = slope + weight / total * (middle - (rows[right] if right >= 0 else 0.0))
        bend += weight / total * ((rows.T * shares[1:]) @ rows - np.outer(middle, middle))
    return float(loss), slope, bend


def main() -> None:
    """Fit both, and write them down."""
    pool = read_pool(Path(os.environ["DATA"]))
    kept = json.loads(WEIGHTS.read_text("utf-8"))
    for name, given in (("words", False), ("arguments", True)):
        kept[name] = fit(groups(pool, given=given, by_vectors=False))
        if vectors() is not None:
            kept[f"{name}+vectors"] = fit(groups(pool, given=given, by_vectors=True))
    assert all(math.isfinite(weight) for each in kept.values() for weight in each.values())
    WEIGHTS.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
