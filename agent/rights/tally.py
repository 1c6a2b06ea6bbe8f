"""What one run has used of what it may: shared by all functions that call one another in it."""

import threading
import time
from collections import Counter

from agent.rights.outcomes import AskRefused

MOST_ASKS = {
    "http": 100, "function": 100, "chat post": 20, "chat upload": 10, "chat call": 3, "chat create": 5,
    "codehost project": 3, "codehost issue": 10, "codehost merge-request": 5, "codehost commit": 10,
    "codehost pipeline": 50, "codehost log": 20,
}  # fmt: skip
"""In one run. How often a model may be asked stands in the grant."""


class Tally:
    """Counts asks until a deadline. Safe to use from several threads."""

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def seconds_left(self) -> float:
        """Until the run must end; never below zero."""
        return max(0.0, self._deadline - time.monotonic())

    def deadline(self, seconds: float) -> float:
        """The moment (of `time.monotonic`) at which an ask ends that may take so long."""
        return min(self._deadline, time.monotonic() + seconds)

    def count(self, kind: str, most: int | None = None) -> None:
        """Count one ask. Raises `AskRefused` where that were more than the run may make, or its time is over."""
        limit = MOST_ASKS[kind] if most is None else most
        if not self.seconds_left():
            raise AskRefused("the time of the run is over")
        with self._lock:
            if self._counts[kind] >= limit:
                raise AskRefused(f"the run has made its {limit} asks of this kind", own_fault=True)
            self._counts[kind] += 1
