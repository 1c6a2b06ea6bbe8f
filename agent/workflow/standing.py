"""How a task stands, in words and values: what it waits for, how that is answered, what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agent.errors import TaskNotDone
from agent.types import Outcome
from agent.workflow.kept import error_read, read
from registry import TaskRecord, Tasks, TaskState, Version

MOST_AT_ONCE = 10_000
"""Tasks that go on by one word."""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """What a task waits for."""

    kind: str
    """`question`, `which`, `arguments`, `approval`, `budget`, `task`; empty where it waits for nothing."""
    subject: str = ""
    """The question's number; `NAME:VERSION:DIGEST` of what is to be approved; which budget; the other task's id."""

    @property
    def is_for_people(self) -> bool:
        """True where somebody's word is needed."""
        return self.kind not in ("", "task")

    @property
    def is_for_approvers(self) -> bool:
        """True where not everybody may say it: whoever asked must not sign for themselves."""
        return self.kind in ("approval", "budget")

    @property
    def question(self) -> int:
        """The question's number."""
        return int(self.subject)

    @property
    def version(self) -> tuple[str, str, str]:
        """Name, version and digest of what is to be approved."""
        name, version, digest = self.subject.split(":")
        return name, version, digest


def wait_of(task: TaskRecord) -> Wait:
    """What the task waits for."""
    kind, _, subject = task.waits_for.partition(":")
    return Wait(kind=kind, subject=subject)


def approval_of(version: Version) -> str:
    """What a task waits for that waits for somebody to sign the version."""
    return approval_wait(version.name, version.version, version.digest)


def approval_wait(name: str, version: str, digest: str) -> str:
    """As `approval_of`, of a version that need not be there any more; it is empty for a candidate."""
    return f"approval:{name}:{version}:{digest}"


def awaiting(tasks: Tasks, version: Version) -> Sequence[TaskRecord]:
    """The tasks that wait for somebody to sign the version, or waited for that while it was a candidate."""
    waits = {approval_of(version), approval_of(replace(version, version=""))}
    return [task for wait in sorted(waits) for task in waiting_for(tasks, wait)]


def waiting_for(tasks: Tasks, what: str) -> Sequence[TaskRecord]:
    """The tasks that wait for that, as it stands in their `waits_for`."""
    return tasks.tasks((TaskState.WAITING,), waits_for=what, limit=MOST_AT_ONCE)


def options_of(task: TaskRecord) -> tuple[str, ...]:
    """The names of the functions that may be meant, likeliest first."""
    return tuple(option["name"] for option in facts_of(task).get("options", ()))


def missing_of(task: TaskRecord) -> tuple[str, ...]:
    """The names of the arguments that are missing."""
    return tuple(facts_of(task).get("missing", ()))


def facts_of(task: TaskRecord) -> Mapping[str, Any]:
    """What the error with which the last turn ended says beyond its message."""
    facts: Mapping[str, Any] = (task.error or {}).get("facts", {})
    return facts


def how_to_answer(task: TaskRecord) -> str:
    """What a person can do about a task that waits, in a sentence; empty where nobody's word is waited for."""
    short, wait = short_id(task), wait_of(task)
    match wait.kind:
        case "question":
            return f"`kowal tasks answer {short}` shows the question; `kowal tasks answer {short} CHOICE` goes on."
        case "which":
            names = ", ".join(f"`{name}`" for name in options_of(task))
            return f"`kowal tasks answer {short} NAME` says which is meant: {names}, or `none`."
        case "arguments":
            given = " ".join(f"-a {name}=VALUE" for name in missing_of(task) or ("NAME",))
            return f"`kowal tasks answer {short} {given}` goes on."
        case "approval":
            return f"`kowal tasks approve {short}` shows what is to be signed; `kowal tasks reject {short}` says no."
        case "budget":
            return f"`kowal tasks approve {short}` allows once more as much; `kowal tasks reject {short}` says no."
    return ""


def short_id(task: TaskRecord) -> str:
    """As much of the task's id as people type."""
    return task.id[:8]


def standing(task: TaskRecord) -> str:
    """Where the task stands and why, in a line."""
    return f"Task {short_id(task)} is {task.state.value}: {task.reason}".rstrip(": ")


def outcome_of(task: TaskRecord) -> Outcome:
    """What a task that is over gave. Raises the error that it ended with, `TaskNotDone` where there was none."""
    if task.outcome is not None:
        return read(Outcome, task.outcome)
    if task.error is not None and task.state is not TaskState.CANCELLED:
        raise error_read(dict(task.error))
    raise not_done(task)


def not_done(task: TaskRecord) -> TaskNotDone:
    """The error for a task that gave nothing, or nothing yet."""
    advice = how_to_answer(task) or f"`kowal tasks retry {short_id(task)}` tries it again." * task.state.is_over
    return TaskNotDone(standing(task), advice=advice or None, task=task.id, state=task.state.value)
