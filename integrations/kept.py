"""What is kept for a while of what a server said, what was seen of it, and how long to wait until it is asked again."""

import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MOST = 10_000
"""Entries that are kept of a kind."""
REMEMBERED = 20_000
LONGEST_WAIT_S = 30.0
"""Seconds between two attempts at most."""


def pause_s(failures: int) -> float:
    """How long to wait after so many failures, so that not all who wait come back at once."""
    return min(LONGEST_WAIT_S, 0.5 * 2.0 ** min(failures, 10)) * random.uniform(0.5, 1.0)  # noqa: S311


class Kept[V]:
    """Values by a key, as old as whoever asks allows; those that were not used for long go first."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, tuple[float, V]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, most_s: float, ask: Callable[[], V]) -> V:
        """The value that is there, or what is asked for it."""
        with self._lock:
            at, value = self._values.get(key, (None, None))
        if at is not None and value is not None and time.monotonic() - at <= most_s:
            return value
        return self.put(key, ask())

    def put(self, key: str, value: V) -> V:
        """Keep the value."""
        with self._lock:
            self._values[key] = (time.monotonic(), value)
            self._values.move_to_end(key)
            while len(self._values) > MOST:
                self._values.popitem(last=False)
        return value


class Remembered:
    """What was seen, as far back as is remembered. Used by one thread."""

    def __init__(self) -> None:
        self._seen: OrderedDict[object, None] = OrderedDict()

    def __contains__(self, key: object) -> bool:
        return key in self._seen

    def is_new(self, key: object) -> bool:
        """True once for each key."""
        is_new = key not in self._seen
        self._seen[key] = None
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return is_new
