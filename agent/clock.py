"""Measures how long each step of a task takes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class StepClock:
    """Wall-clock seconds by step; a step taken twice adds up."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count the time inside the block under the name."""
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - started
            self.seconds[name] = round(self.seconds.get(name, 0.0) + spent, 6)
