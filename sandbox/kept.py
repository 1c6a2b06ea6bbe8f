"""A few opened things kept by key, the one used longest ago closed first, and none while somebody uses it."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from sandbox.errors import SandboxUnavailable


class Closeable(Protocol):
    """What can be closed."""

    def close(self) -> None:
        """Let go of all it holds."""
        ...


class Kept[T: Closeable]:
    """Things that are dear to open. Safe to use from several threads."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._lock = threading.Lock()
        self._things: dict[str, T] = {}
        self._users: dict[str, int] = {}
        self._closed = False

    @contextlib.contextmanager
    def use(self, key: str, make: Callable[[], T]) -> Iterator[T]:
        """The thing of that key, made where there is none. Raises `SandboxUnavailable` once all is closed."""
        with self._lock:
            if self._closed:
                raise SandboxUnavailable("This sandbox has been closed", advice="Open another one.")
            thing = self._things.pop(key, None) or make()
            self._things[key] = thing  # the last of them is the one used last
            self._users[key] = self._users.get(key, 0) + 1
        try:
            yield thing
        finally:
            with self._lock:
                self._users[key] -= 1
                spare = self._too_many()
            for each in spare:
                each.close()

    def close(self) -> None:
        """Close all of them. Idempotent."""
        with self._lock:
            self._closed, things = True, list(self._things.values())
            self._things.clear()
        for thing in things:
            thing.close()

    def _too_many(self) -> list[T]:
        """Those beyond the number that nobody uses, taken out."""
        idle = [key for key in self._things if not self._users[key]]
        return [self._things.pop(key) for key in idle[: max(0, len(self._things) - self._at_most)]]
