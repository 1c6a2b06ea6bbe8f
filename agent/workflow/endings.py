"""What becomes of a turn: an answer, a wait for somebody, another try later, or an end."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from agent.errors import BadArguments, BudgetExceeded, NotGranted, ProviderUnavailable, Unclear, Undecided
from agent.workflow.kept import error_written, is_retryable
from agent.workflow.standing import approval_wait
from registry import Conflict, NameTaken, OperationsUnavailable, RegistryError, Superseded, TaskRecord, TaskState
from sandbox import SandboxError

OVERTAKEN = (Conflict, NameTaken, Superseded)
"""Another worker was first: what it did may be the answer."""
BACK_OFF_S = (2.0, 15.0, 60.0, 300.0, 900.0)
"""Seconds until the next try, by how many there were; about twenty minutes together, then it is dead."""
PARKED_S = 30.0
"""Seconds until a task is tried again that something around it keeps from going on."""


class Follows(Exception):
    """Another task is making the same function: this one goes on once that is over."""

    def __init__(self, task_id: str) -> None:
        super().__init__(f"task {task_id} is making the same function")
        self.task_id = task_id


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a turn ends."""

    state: TaskState
    reason: str = ""
    """Why, in a sentence."""
    error: Mapping[str, Any] | None = None
    outcome: Mapping[str, Any] | None = None
    waits_for: str = ""
    again_in_s: float | None = None
    """Seconds until the next turn begins by itself; None where it does not."""


def ending_of(error: Exception, task: TaskRecord) -> Ending:
    """What becomes of a turn that raised."""
    kept, said = error_written(error), str(error)
    waits_for = awaited(error)
    if isinstance(error, BadArguments) and task.known.get("arguments"):
        waits_for = "arguments"  # somebody gave them when they were asked for, and is asked again
    if waits_for:
        return Ending(state=TaskState.WAITING, reason=said, error=kept, waits_for=waits_for)
    if isinstance(error, OVERTAKEN):
        return put_off(task, said, kept, again_in_s=BACK_OFF_S[0])
    if isinstance(error, OperationsUnavailable):  # it answers again by the time that this is noted
        return Ending(state=TaskState.PARKED, reason=said, error=kept, again_in_s=BACK_OFF_S[0])
    if isinstance(error, SandboxError | OSError) or is_registry_away(error):
        return Ending(state=TaskState.PARKED, reason=said, error=kept, again_in_s=PARKED_S)
    if kept["came_of"] == ProviderUnavailable.__name__:  # however long: it is no fault of the task
        return Ending(state=TaskState.PARKED, reason=said, error=kept, again_in_s=BACK_OFF_S[1])
    if is_retryable(error):
        return put_off(task, said, kept, again_in_s=BACK_OFF_S[min(task.tries, len(BACK_OFF_S) - 1)])
    return Ending(state=TaskState.FAILED, reason=said, error=kept)


def is_registry_away(error: Exception) -> bool:
    """Whether registry or database cannot be used; False where it is the task that asks for what is not there."""
    return isinstance(error, RegistryError) and error.exit_code == RegistryError.exit_code


def broken(error: Exception) -> Ending:
    """The end of a turn in which Kowal itself failed: trying again would fail again, and somebody should look."""
    trace = "".join(traceback.format_exception(error))
    kept = error_written(error) | {"traceback": trace}
    return Ending(state=TaskState.DEAD, reason=f"Kowal itself failed: {type(error).__name__}: {error}", error=kept)


def awaited(error: Exception) -> str:
    """Whose word a task needs that ended so; empty where nobody's would help."""
    if isinstance(error, Follows):
        return f"task:{error.task_id}"
    facts = getattr(error, "facts", {})
    if isinstance(error, Undecided):
        return f"question:{facts['question']}"
    if isinstance(error, Unclear):
        return "which"
    if isinstance(error, NotGranted) and facts.get("digest"):
        return approval_wait(facts["name"], facts["version"], facts["digest"])
    if isinstance(error, BadArguments) and facts.get("missing"):
        return "arguments"
    if isinstance(error, BudgetExceeded) and facts.get("asks"):
        return f"budget:{facts['budget']}"
    return ""


def put_off(task: TaskRecord, reason: str, error: Mapping[str, Any], *, again_in_s: float) -> Ending:
    """Another try later; the end where there were too many."""
    if task.tries >= len(BACK_OFF_S):
        return Ending(state=TaskState.DEAD, reason=f"given up after {task.tries + 1} tries: {reason}", error=error)
    return Ending(state=TaskState.QUEUED, reason=reason, error=error, again_in_s=again_in_s)


def patience(waits_for: str, days: float) -> timedelta | None:
    """How long a task waits: for people so many days, for another task as long as that takes."""
    return None if waits_for.startswith("task:") else timedelta(days=days)
