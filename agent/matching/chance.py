"""From figures to the chance that a function is the one that is meant, calibrated on public requests."""

import importlib.resources
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache


def chances(rows: Sequence[Mapping[str, float]], *, given: bool, leanings: Sequence[float] = ()) -> list[float]:
    """For each row of figures the chance that its function is meant, 0 to 1; what is left to 1 is "none of these".

    A conditional logit with the outside choice "none" (McFadden 1974): a function's chance falls with what speaks
    for another, and all fall where nothing speaks for any. Its weights are fitted by tests/benchmarks/fit_matching.py
    and kept in weights.json, for wishes that came with telling arguments (`given`) and for those that did not, with
    vectors and without. `leanings` are added to the rows' log-odds.
    """
    vectors = bool(rows) and "near" in rows[0]
    weights = fitted()[f"{'arguments' if given else 'words'}{'+vectors' if vectors else ''}"]
    odds = [weights["any"] + sum(weights[name] * figure for name, figure in row.items()) for row in rows]
    odds = [one + extra for one, extra in zip(odds, leanings or [0.0] * len(odds), strict=True)]
    highest = max(0.0, *odds) if odds else 0.0
    shares = [math.exp(one - highest) for one in odds]
    whole = sum(shares) + math.exp(-highest)
    return [share / whole for share in shares]


@cache
def fitted() -> Mapping[str, Mapping[str, float]]:
    """The weights, read once."""
    text = importlib.resources.files("agent.matching").joinpath("weights.json").read_text("utf-8")
    kept: Mapping[str, Mapping[str, float]] = json.loads(text)
    return kept
