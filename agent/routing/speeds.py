"""How fast models are: read once from what was written down of their requests, and kept up with from then on."""

import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import median

from registry import OperationsUnavailable
from registry.model_calls import ModelCalls

LAST = 20
"""So many requests to a model count."""
WEIGHT = 0.3
"""Of the newest request's speed in the mean; those before it share the rest in the same way."""


@dataclass(kw_only=True)
class Measured:
    """What the last requests to one model of one server showed."""

    tokens_per_s: float | None = None
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=LAST))

    def note(self, tokens_out: int, seconds: float) -> None:
        """Count a reply. One that took no time says nothing of speed."""
        self.seconds.append(seconds)
        if tokens_out > 0 and seconds > 0:
            speed, before = tokens_out / seconds, self.tokens_per_s
            self.tokens_per_s = speed if before is None else before + WEIGHT * (speed - before)


class KeptSpeeds:
    """The speeds as they were written down. Safe to use from several threads."""

    def __init__(self, calls: ModelCalls) -> None:
        self._calls = calls
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Measured] | None = None

    def tokens_per_s(self, server: str, model: str) -> float | None:
        """See `agent.routing.aids.Speeds.tokens_per_s`."""
        with self._lock:
            found = self._measured().get((server, model))
            return found.tokens_per_s if found else None

    def latency_ms(self, server: str, model: str) -> float | None:
        """See `agent.routing.aids.Speeds.latency_ms`."""
        with self._lock:
            found = self._measured().get((server, model))
            return median(found.seconds) * 1000 if found and found.seconds else None

    def note(self, server: str, model: str, tokens_out: int, seconds: float) -> None:
        """Count a reply that is being written down."""
        with self._lock:
            self._measured().setdefault((server, model), Measured()).note(tokens_out, seconds)

    def _measured(self) -> dict[tuple[str, str], Measured]:
        if self._known is None:
            self._known = {}
            with suppress(OperationsUnavailable):  # then nothing is known yet
                for call in self._calls.of_each(LAST):
                    measured = self._known.setdefault((call.server, call.model), Measured())
                    measured.note(call.tokens_out, call.seconds)
        return self._known
