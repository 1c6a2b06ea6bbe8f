"""What people and good runs taught about words: which function they mean, and which they do not."""

import math
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent.matching.wish import Wish
from registry import Hit, Lesson, Operations
from registry.terms import normalised, terms, unique

ALIKE = 0.5
"""The share of a wish's weight that a learned text must have for its function to be looked at."""


@dataclass(frozen=True, kw_only=True)
class Learned:
    """All lessons at one moment."""

    stamp: str
    meant: Mapping[str, str]
    """The function that a text means."""
    not_meant: Mapping[str, frozenset[str]]
    """The functions that a text does not mean."""
    texts: Mapping[str, tuple[tuple[str, ...], ...]]
    """The terms of each text that means a function."""
    counts: Mapping[str, tuple[int, int]]
    """How many texts a function was right and wrong for."""


@dataclass
class Lessons:
    """The lessons of the operational database, read again when they have changed. Safe to use from several threads."""

    operations: Operations
    _learned: Learned | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def current(self) -> Learned:
        """What is known now."""
        stamp = self.operations.lessons_stamp()
        with self._lock:
            if self._learned is None or self._learned.stamp != stamp:
                self._learned = learned(stamp, self.operations.lessons())
            return self._learned


def learned(stamp: str, lessons: Iterable[Lesson]) -> Learned:
    """The lessons, ready to be looked up."""
    meant: dict[str, str] = {}
    not_meant: dict[str, frozenset[str]] = {}
    texts: dict[str, tuple[tuple[str, ...], ...]] = {}
    counts: dict[str, tuple[int, int]] = {}
    for lesson in lessons:
        right, wrong = counts.get(lesson.function, (0, 0))
        if lesson.meant:
            meant[lesson.text] = lesson.function
            texts[lesson.function] = (*texts.get(lesson.function, ()), tuple(unique(terms(lesson.text))))
            counts[lesson.function] = (right + 1, wrong)
        else:
            not_meant[lesson.text] = not_meant.get(lesson.text, frozenset()) | {lesson.function}
            counts[lesson.function] = (right, wrong + 1)
    return Learned(stamp=stamp, meant=meant, not_meant=not_meant, texts=texts, counts=counts)


def recalled(known: Learned, wish: Wish) -> list[str]:
    """The functions that were meant by words like these."""
    whole = sum(wish.weights.values()) or 1.0
    return [
        name
        for name, each in known.texts.items()
        if any(sum(wish.weights.get(term, 0.0) for term in text) / whole >= ALIKE for text in each)
    ]


def taught(known: Learned, hit: Hit) -> Hit:
    """The hit, with the learned texts as further aliases."""
    extra = known.texts.get(hit.name, ())
    return replace(hit, profile=replace(hit.profile, texts=(*hit.profile.texts, *extra))) if extra else hit


def excluded(known: Learned, text: str) -> frozenset[str]:
    """The functions that these very words do not mean."""
    return known.not_meant.get(normalised(text), frozenset())


def leanings(known: Learned, hits: Sequence[Hit]) -> list[float]:
    """What its history adds to each function's log-odds: more often wrong than right speaks against it.

    By Laplace's rule of succession: (right + 1) to (wrong + 1).
    """
    found = [known.counts.get(hit.name, (0, 0)) for hit in hits]
    return [min(0.0, math.log((right + 1) / (wrong + 1))) for right, wrong in found]
