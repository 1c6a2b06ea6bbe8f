"""Which task a thread is at: whose events and replies are kept, and who may end it."""

import itertools
import threading
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from registry import TaskEvent
from sandbox.stopping import Stop, stopped_by


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One go at one turn of a task; a worker that takes the turn over begins another."""

    task_id: str
    turn: int
    by: str = ""
    """Who asked for the task."""
    worker: str = ""
    """Who is at it."""
    stop: Stop = field(default_factory=Stop)
    number: Iterator[int] = field(default_factory=itertools.count)
    requests: Counter[str] = field(default_factory=Counter)
    """How often each request was made."""
    token: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    _told: list[TaskEvent] = field(default_factory=list)
    """Events that are not written yet: with the next write of the task, or at the worker's next look."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next_key(self) -> str:
        """A key for the next event."""
        return f"{self.turn}.{self.token}.{next(self.number)}"

    def tell(self, *events: TaskEvent) -> None:
        """Have the events be written soon."""
        with self._lock:
            self._told.extend(events)

    def unwritten(self) -> Sequence[TaskEvent]:
        """The events that are not written yet, in their order."""
        with self._lock:
            return list(self._told)

    def wrote(self, events: Sequence[TaskEvent]) -> None:
        """Have these count as written."""
        keys = {event.key for event in events}
        with self._lock:
            self._told[:] = [event for event in self._told if event.key not in keys]


_current: ContextVar[Execution | None] = ContextVar("execution", default=None)


def current() -> Execution | None:
    """What this thread is at; None where that is no task of the queue."""
    return _current.get()


@contextmanager
def executing(execution: Execution) -> Iterator[None]:
    """What is done in the block is done for that task."""
    before = _current.set(execution)
    try:
        with stopped_by(execution.stop):
            yield
    finally:
        _current.reset(before)
