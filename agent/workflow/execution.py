"""Which task a thread is at: whose events and replies are kept, and who may end it."""

import itertools
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

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

    def next_key(self) -> str:
        """A key for the next event."""
        return f"{self.turn}.{self.token}.{next(self.number)}"


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
