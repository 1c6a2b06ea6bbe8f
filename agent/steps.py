"""How the steps of a task are taken: one after the other as they come, or each kept, so that a restart goes on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from agent.types import Task


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a task was told since it began; nothing for one that begins."""

    which: str | None = None
    """The name of the function that is meant, "" for none of those that may be."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Values that were missing, by parameter name."""
    files_are_among_them: bool = False
    """Whether the files that came with the task are values by now: they are no files of the function's then."""
    question: int | None = None
    """The number of the question that was answered: the making goes on from there."""
    approved: tuple[str, str] | None = None
    """The name and the version that somebody signed for."""


NOTHING_KNOWN = Known()


class Steps(Protocol):
    """Takes steps. A step may be taken twice where a process dies on the way: each must come to the same then."""

    def step[T](self, name: str, kind: type[T], work: Callable[[], T]) -> T:
        """What the work gives, which is of that kind; kept under the name where steps are kept."""
        ...

    def together[T](self, name: str, kind: type[T], work: Callable[[], T]) -> T:
        """As `step`, for work that takes steps itself: they are kept as one, and taken again as one."""
        ...

    def making(self, task: Task, replaces: str) -> None:
        """Say that a function is to be made for the task, or the one that is named to be enhanced.

        Raises where another task is making the same.
        """
        ...


class AsTheyCome:
    """Nothing is kept: whoever asks is waiting."""

    def step[T](self, name: str, kind: type[T], work: Callable[[], T]) -> T:
        """See `Steps.step`."""
        del name, kind
        return work()

    def together[T](self, name: str, kind: type[T], work: Callable[[], T]) -> T:
        """See `Steps.together`."""
        return self.step(name, kind, work)

    def making(self, task: Task, replaces: str) -> None:
        """See `Steps.making`: an inline task makes what it needs."""
        del task, replaces


AS_THEY_COME = AsTheyCome()
