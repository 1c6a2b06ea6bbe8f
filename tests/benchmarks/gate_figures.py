"""What the benchmark of the gate counts: promotions by task, rates, intervals and exact bounds."""

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

BOOTSTRAPS = 2000
FLOORS = (2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0)
Row = dict[str, Any]


@dataclass(kw_only=True)
class Tally:
    """What one rule did over the draws, by task."""

    promoted: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    """For each promotion whether it was right."""
    offered: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Draws in which a right candidate was offered."""

    def note(self, task: str, right: Sequence[bool], chosen: int | None) -> None:
        """Count one draw: which of its candidates are right, and which was promoted."""
        self.offered[task] += any(right)
        if chosen is not None:
            self.promoted[task].append(right[chosen])

    def figures(self, tasks: Sequence[str] | None = None) -> Row:
        """The counts and rates, over the tasks given (repeated ones count again)."""
        chosen = list(self.offered) if tasks is None else tasks
        promoted = sum(len(self.promoted[task]) for task in chosen)
        good = sum(sum(self.promoted[task]) for task in chosen)
        offered = sum(self.offered[task] for task in chosen)
        return {
            "promoted": promoted,
            "wrong": promoted - good,
            "wrong_rate": (promoted - good) / promoted if promoted else 0.0,
            "yield": good / offered if offered else 0.0,
        }

    def interval(self, key: str) -> tuple[float, float]:
        """The middle 95 % of the figure over tasks drawn again and again."""
        chance, tasks = random.Random(0), list(self.offered)
        values = sorted(self.figures(chance.choices(tasks, k=len(tasks)))[key] for _ in range(BOOTSTRAPS))
        return values[int(0.025 * BOOTSTRAPS)], values[int(0.975 * BOOTSTRAPS)]


def named(tally: Tally) -> Row:
    """The figures of one rule, with their bounds."""
    figures = tally.figures()
    return {
        "promoted": figures["promoted"],
        "wrong": figures["wrong"],
        "wrong_rate": figures["wrong_rate"],
        "wrong_interval": tally.interval("wrong_rate"),
        "wrong_upper95": upper_bound(figures["wrong"], figures["promoted"]),
        "yield": figures["yield"],
        "yield_interval": tally.interval("yield"),
    }


def upper_bound(wrong: int, promoted: int, confidence: float = 0.95) -> float:
    """The exact one-sided bound of Clopper and Pearson on the rate of wrong ones."""
    if wrong >= promoted:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if at_most(wrong, promoted, middle) > 1 - confidence else (low, middle)
    return high


@cache
def log_choose(total: int, some: int) -> float:
    """The logarithm of the number of ways to pick some out of all."""
    return math.lgamma(total + 1) - math.lgamma(some + 1) - math.lgamma(total - some + 1)


def at_most(wrong: int, promoted: int, rate: float) -> float:
    """The chance of so many wrong ones or fewer."""
    return sum(math.exp(log_choose(promoted, count) + count * math.log(rate) + (promoted - count) * math.log1p(-rate))
               for count in range(wrong + 1))  # fmt: skip


def curve(leaders: Sequence[tuple[str, float, bool]], offered: int) -> list[Row]:
    """What other floors would have promoted; halves of the tasks, to see how much of it is luck."""
    rows = []
    tasks = sorted({task for task, _, _ in leaders})
    odd = set(tasks[::2])
    for floor in FLOORS:
        above = [(task, right) for task, points, right in leaders if points >= floor]
        rows.append({
            "floor": floor,
            "wrong_rate": rate([not right for _, right in above]),
            "yield": sum(right for _, right in above) / max(1, offered),
            "wrong_rate_of_halves": [rate([not right for task, right in above if (task in odd) is half])
                                     for half in (True, False)],
        })  # fmt: skip
    return rows


def rate(claims: Sequence[bool]) -> float:
    """The share that is true."""
    return sum(claims) / len(claims) if claims else 0.0
