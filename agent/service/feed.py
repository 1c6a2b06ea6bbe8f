"""Tells whoever waits for a task that something happened to it: one look at the database for all of them."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from registry import OperationsUnavailable, Tasks

Wake = Callable[[], None]

LOOK_S: Final = 0.1
"""Seconds between two looks, while anybody waits."""
MOST: Final = 1_000
"""Events that one look takes in."""


class Feed:
    """Wakes those who wait. A hint and no more: what happened is read by whoever is woken.

    An event may become visible after one with a larger number (two transactions end in another order than they began),
    and is then not told of: whoever waits looks by themselves now and then, too.
    """

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._waiting: dict[str, dict[int, Wake]] = defaultdict(dict)
        self._lock = threading.Lock()
        self._begin = threading.Event()
        self._closed = threading.Event()
        self._newest = -1
        self._thread = threading.Thread(target=self._look, name="feed", daemon=True)
        self._thread.start()

    @contextmanager
    def waking(self, task_id: str, wake: Wake) -> Iterator[None]:
        """Have `wake` called, in a thread of its own, whenever something has happened to the task."""
        key = id(wake)
        with self._lock:
            self._waiting[task_id][key] = wake
            self._begin.set()
        try:
            yield
        finally:
            with self._lock:
                self._waiting[task_id].pop(key, None)
                if not self._waiting[task_id]:
                    del self._waiting[task_id]
                if not self._waiting:
                    self._begin.clear()

    def close(self) -> None:
        """End the looking. Idempotent."""
        self._closed.set()
        self._begin.set()
        self._thread.join(5.0)

    def _look(self) -> None:
        while not self._closed.wait(LOOK_S):
            if not self._begin.is_set():
                self._begin.wait()
                self._newest = -1  # nobody waited meanwhile: what happened then is of no interest
            try:
                self._tell()
            except OperationsUnavailable:
                continue  # whoever waits looks by themselves, and is told of it

    def _tell(self) -> None:
        found = self._tasks.told(after=self._newest, limit=MOST)
        is_first, self._newest = self._newest < 0, found[-1][0] if found else max(self._newest, 0)
        with self._lock:  # at the first look all are woken: what happened since they began to wait is not known
            whose = list(self._waiting) if is_first else {task_id for _, task_id in found}
            waking = [wake for task_id in whose for wake in self._waiting.get(task_id, {}).values()]
        for wake in waking:
            wake()
