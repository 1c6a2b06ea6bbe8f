"""A task that was handed in to the service: waited for, followed, cancelled."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from agent.client.operations import Operations
from agent.client.problems import raised
from agent.errors import TaskNotDone
from agent.service.views import EventView, OutcomeView, TaskView, WaitView

A_LOOK_S: Final = 30.0
"""Seconds that the service is asked to wait at a time."""
PEOPLE_S: Final = 0.5
"""Seconds between two looks at a task that waits for a person."""


@dataclass(frozen=True, kw_only=True)
class RemoteTask:
    """A task on the queue of a service. It is kept there, whatever becomes of this object."""

    client: Operations
    id: str

    @property
    def view(self) -> TaskView:
        """The task as it stands now."""
        return self.client.get_task(self.id)

    def result(self, timeout_s: float | None = None) -> OutcomeView:
        """What became of it, waited for.

        Raises the error that it ended with, and `TaskNotDone` where it was cancelled. With `timeout_s` it raises
        `TimeoutError` after so many seconds, whatever the task waits for. Without, it raises `TaskNotDone` as soon as
        the task waits for a person, and waits for as long as it takes else: a worker must be there.
        """
        ends = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            left_s = A_LOOK_S if ends is None else min(A_LOOK_S, max(0.0, ends - time.monotonic()))
            found = self.client.get_task(self.id, wait_s=left_s)
            if found.is_over:
                return outcome_of(found)
            if ends is None and is_for_people(found.waits_for):
                raise not_done(found)
            if ends is not None and time.monotonic() >= ends:
                raise TimeoutError(f"{standing(found)} {how_to_answer(found)}".strip())
            if is_for_people(found.waits_for):  # the service answers at once then
                time.sleep(min(PEOPLE_S, left_s))

    def cancel(self) -> None:
        """Have it end within a second. Idempotent. Raises `NotPermitted`."""
        self.client.cancel_task(self.id)

    def events(self) -> Iterator[EventView]:
        """Its events from the first on, as they come, until it is over."""
        return self.client.follow_task(self.id)


def outcome_of(task: TaskView) -> OutcomeView:
    """What a task that is over gave. Raises the error that it ended with, `TaskNotDone` where there was none."""
    if task.outcome is not None:
        return task.outcome
    if task.error is not None and task.state != "cancelled":
        raise raised(task.error)
    raise not_done(task)


def is_for_people(wait: WaitView | None) -> bool:
    """Whether somebody's word is waited for."""
    return wait is not None and wait.kind != "task"


def not_done(task: TaskView) -> TaskNotDone:
    """The error for a task that gave nothing, or nothing yet."""
    advice = how_to_answer(task) or f"`client.retry_task('{task.id}')` tries it again." * task.is_over
    waits = task.waits_for.model_dump(mode="json", exclude_defaults=True) if task.waits_for else {}
    return TaskNotDone(
        standing(task), advice=advice or None, kept=f"The task {task.id} is kept, with all that was done for it.",
        task=task.id, state=task.state, waits_for=waits,
    )  # fmt: skip


def standing(task: TaskView) -> str:
    """Where the task stands and why, in a line."""
    return f"Task {task.id} is {task.state}: {task.reason}".rstrip(": ")


def how_to_answer(task: TaskView) -> str:
    """What its client can do about a task that waits for somebody; empty where nobody's word is waited for."""
    if task.waits_for is None:
        return ""
    signs = f"`client.approve_task('{task.id}', ApproveRequest(...))` signs, `client.reject_task(...)` says no."
    answers = f"`client.answer_task('{task.id}', AnswerRequest({{}}))` goes on."
    match task.waits_for.kind:
        case "question":
            return answers.format("choice=1")
        case "which":
            return answers.format(f"function={(*task.waits_for.options, 'NAME')[0]!r}")
        case "arguments":
            given = ", ".join(f"'{name}': ..." for name in task.waits_for.missing or ("name",))
            return answers.format(f"arguments={{{given}}}")
        case "approval" | "budget":
            return signs
    return ""
