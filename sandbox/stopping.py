"""Ends what a thread waits for, from another thread: what is cancelled does not go on to its time limit."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Stopped(BaseException):
    """What the thread is at is not wanted any more. Like `KeyboardInterrupt`, it is no error to handle on the way."""


class Stop:
    """Says that work is not wanted any more, to whoever does it. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = False
        self._ends: list[Callable[[], None]] = []

    def ask(self) -> None:
        """Have the work end at once. Idempotent."""
        with self._lock:
            self._asked, ends = True, list(self._ends)
        for end in ends:
            end()

    def check(self) -> None:
        """Raise `Stopped` where that was asked."""
        if self._asked:
            raise Stopped

    @contextmanager
    def ending(self, end: Callable[[], None]) -> Iterator[None]:
        """`end` is called where a stop is asked within the block, which then raises `Stopped` whatever it raised."""
        with self._lock:
            self.check()
            self._ends.append(end)
        try:
            yield
        except Exception:
            self.check()
            raise
        finally:
            with self._lock:
                self._ends.remove(end)
        self.check()


_current: ContextVar[Stop | None] = ContextVar("stop", default=None)


@contextmanager
def stopped_by(stop: Stop) -> Iterator[None]:
    """What is done in the block, and in copies of its context, ends when the stop is asked."""
    before = _current.set(stop)
    try:
        yield
    finally:
        _current.reset(before)


def check() -> None:
    """Raise `Stopped` where what this thread does is not wanted any more."""
    stop = _current.get()
    if stop is not None:
        stop.check()


@contextmanager
def stoppable(end: Callable[[], None]) -> Iterator[None]:
    """A wait that `end`, called from another thread, cuts short. Raises `Stopped` then."""
    stop = _current.get()
    if stop is None:
        yield
        return
    with stop.ending(end):
        yield
