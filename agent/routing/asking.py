"""For whom a thread asks models, and within which limits: what a task demands holds for each request made for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from agent.ports import NO_CONSTRAINTS, Constraints


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Whose requests these are."""

    task: str = ""
    """The task's id, of one that is not on the queue a new one; empty where it is for no task."""
    by: str = ""
    """Who asked for the task."""
    constraints: Constraints = NO_CONSTRAINTS
    """What the task demands."""


NOBODY = Asking()
_current: ContextVar[Asking] = ContextVar("asking", default=NOBODY)


def current() -> Asking:
    """For whom this thread asks."""
    return _current.get()


@contextmanager
def asking(whose: Asking) -> Iterator[None]:
    """What is asked in the block, and in copies of its context, is asked for them."""
    before = _current.set(whose)
    try:
        yield
    finally:
        _current.reset(before)
