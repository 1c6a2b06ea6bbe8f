"""Which model is worth asking, learnt from what nobody else knows: whether what it wrote passed the gate."""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby

from agent.ports import Purpose
from agent.routing.aids import Choice
from registry import OperationsUnavailable
from registry.operations import Operations

HOUR_S = 3600.0
FRESH_S = 30.0
"""So long what was counted holds."""
UNTRIED_S = 10.0
"""What an attempt is taken to last of a model that was never asked, where no other was either."""
Which = tuple[str, str, str]
"""Provider, model, purpose."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is known of a model for a purpose."""

    passed: int = 0
    failed: int = 0
    eur: float | None = None
    """What an attempt costs, on average; None where nobody knows."""
    seconds: float | None = None
    """What it lasts, on average; None where it was never measured."""

    @property
    def chance(self) -> float:
        """That what it writes passes: the mean of a Beta distribution that began with one of each."""
        return (self.passed + 1) / (self.passed + self.failed + 2)


NOTHING = Record()


def counted(operations: Operations) -> Mapping[Which, Record]:
    """What the operational database says of each model and purpose."""
    costs, records = operations.model_calls.mean(), {}
    for count in operations.gate_counts():
        which = (count.provider, count.model, count.purpose)
        eur, seconds = costs.get(which, (None, None))
        records[which] = Record(passed=count.passed, failed=count.failed, eur=eur, seconds=seconds)
    return records


@dataclass(kw_only=True)
class Learnt:
    """Orders choices by what a function that passes the gate is expected to cost. Safe to use from several threads.

    Thompson sampling (Thompson 1933): each model's chance is drawn from its Beta distribution, and the one comes first
    whose cost, divided by it, is least. A share of the requests goes to any of them, so that none is given up for good.
    """

    records: Callable[[], Mapping[Which, Record]]
    hour_eur: float = 1.0
    """What an hour of waiting is worth, so that models that cost nothing compare with others."""
    explored: float = 0.05
    """The share of requests that goes to any model."""
    dice: random.Random = field(default_factory=random.Random)
    clock: Callable[[], float] = time.monotonic
    _known: Mapping[Which, Record] = field(default_factory=dict, init=False)
    _until: float = field(default=float("-inf"), init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __call__(self, purpose: Purpose, choices: Sequence[Choice]) -> Sequence[Choice]:
        """See `agent.routing.aids.Order`.

        What is near stays before what is far, as it was given, and of one model the server that was given first.
        """
        with self._lock:
            known = self._current()
            groups = [list(group) for _, group in groupby(choices, lambda choice: choice.provider.server.is_local)]
            return [choice for group in groups for choice in self._ordered(known, purpose, group)]

    def _ordered(self, known: Mapping[Which, Record], purpose: Purpose, choices: list[Choice]) -> list[Choice]:
        models = list(dict.fromkeys(map(model_of, choices)))
        if len(models) < 2:
            return choices
        records = {model: known.get((*model, purpose.value), NOTHING) for model in models}
        usual_s = mean([record.seconds for record in records.values()]) or UNTRIED_S
        usual_eur = mean([record.eur for record in records.values()]) or 0.0
        drawn = {model: self._drawn(record, usual_s, usual_eur) for model, record in records.items()}
        models.sort(key=drawn.__getitem__)
        if self.dice.random() < self.explored:
            lucky = self.dice.choice(models)
            models = [lucky, *(model for model in models if model != lucky)]
        place = {model: number for number, model in enumerate(models)}
        return sorted(choices, key=lambda choice: place[model_of(choice)])

    def _drawn(self, record: Record, usual_s: float, usual_eur: float) -> float:
        """What a function that passes may cost by this model, in euros; less than nothing is known counts as usual."""
        chance = max(self.dice.betavariate(record.passed + 1, record.failed + 1), 1e-6)
        seconds = usual_s if record.seconds is None else record.seconds
        eur = usual_eur if record.eur is None else record.eur
        return (eur + seconds * self.hour_eur / HOUR_S) / chance

    def _current(self) -> Mapping[Which, Record]:
        now = self.clock()
        if now >= self._until:
            with suppress(OperationsUnavailable):  # what was counted before holds on
                self._known = self.records()
            self._until = now + FRESH_S
        return self._known


def model_of(choice: Choice) -> tuple[str, str]:
    """The model of a choice, wherever it runs."""
    return choice.provider.server.provider, choice.card.name


def mean(values: Sequence[float | None]) -> float | None:
    """The mean of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
