"""Tells those who watch a worker when turns and steps begin and end; what is kept of a task is written elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from agent.types import Event, Listener
from agent.workflow.endings import Ending
from agent.workflow.execution import Execution, executing


@contextmanager
def turn_told(listener: Listener, execution: Execution) -> Iterator[Callable[[Ending], None]]:
    """Tell that the turn begins; gives what tells how it ended."""
    begun = time.monotonic()

    def ended(ending: Ending) -> None:
        error, outcome = ending.error or {}, ending.outcome or {}
        facts = {"seconds": time.monotonic() - begun, "error": error.get("type", ""), "again_in_s": ending.again_in_s}
        facts |= {"function": outcome.get("function", ""), "version": outcome.get("version", "")}
        with executing(execution):
            listener(Event(action=f"task.{ending.state}", facts=facts | {"reason": ending.reason}))

    with executing(execution):
        listener(Event(action="task.begun"))
    yield ended


@contextmanager
def step_told(listener: Listener, step: str) -> Iterator[None]:
    """Tell when the step begins and ends; one that was taken before is not told of again."""
    begun = time.monotonic()
    listener(Event(action="step.begun", facts={"step": step}))
    try:
        yield
    finally:
        listener(Event(action="step.ended", facts={"step": step, "seconds": time.monotonic() - begun}))
