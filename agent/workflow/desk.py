"""Where tasks are handed in and asked after: submitted, answered, cancelled, tried again."""

import hashlib
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.errors import BadTask
from agent.types import Outcome
from agent.workflow.kept import error_read, read, written
from agent.workflow.queue import Queue
from agent.workflow.turns import Wanted, go_on
from registry import TaskEvent, TaskRecord, Tasks, TaskState
from registry.tasks import event_of

POLL_S = 0.05
"""Seconds between two looks at a task that is waited for."""
CANCELLABLE = (TaskState.QUEUED, TaskState.WAITING, TaskState.PARKED)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Who asked for a task, and how it is to be worked."""

    by: str
    via: str
    key: str = ""
    """What makes it one task however often it is handed in: a webhook delivered twice has one. Empty: none."""
    priority: int = 0
    """Lower ones are worked first, among those of one person."""
    deadline: timedelta | None = None
    """After so long it is given up."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Hands tasks to the queue and speaks for them. Needs no worker in its own process."""

    tasks: Tasks
    queue: Queue

    def submit(self, wanted: Wanted, asked: Asked) -> TaskRecord:
        """The task, which is kept and queued in one; the one that is there where its key was handed in before."""
        now = datetime.now(UTC)
        record = TaskRecord(
            id=task_id(asked),
            text=wanted.task.text,
            request=written(Wanted, wanted),
            asked_by=asked.by,
            via=asked.via,
            created_at=now,
            priority=asked.priority,
            deadline=now + asked.deadline if asked.deadline is not None else None,
        )
        return self.tasks.add(record, lambda connection: self.queue.enqueue(connection, record))

    def tell(self, task: TaskRecord, known: Mapping[str, Any], *, by: str) -> TaskRecord:
        """Have a task go on that waits for this. Raises `BadTask` where it does not wait any more."""
        with self.tasks.writing() as connection:
            goes_on = go_on(connection, self.queue, task, {**task.known, **known}, f"{by} answered")
        if not goes_on:
            now = self.tasks.task(task.id)
            raise BadTask(f"Task {task.id[:8]} does not wait for an answer: it is {now.state.value}", advice="")
        return self.tasks.task(task.id)

    def cancel(self, task: TaskRecord, *, by: str) -> TaskRecord:
        """The task, cancelled; one that is worked on ends within a second. Nothing happens to one that is over."""
        reason = f"cancelled by {by}"
        told = event_of(task.id, "end", "task.cancelled", reason=reason)
        values = {"state": TaskState.CANCELLED, "reason": reason, "ended_at": datetime.now(UTC), "waits_for": ""}
        if self.tasks.move(task, values, among=CANCELLABLE, event=told):
            self.queue.drop(task)
        else:
            self.tasks.move(self.tasks.task(task.id), {"stop_by": by}, among=(TaskState.WORKING,))
        return self.tasks.task(task.id)

    def retry(self, task: TaskRecord, *, by: str) -> TaskRecord:
        """The task, queued once more with all that is known. Raises `BadTask` for one that is under way or done."""
        after = replace(task, turn=task.turn + 1)
        told = event_of(task.id, f"{task.turn}.retried", "task.retried", by=by)
        again = (TaskState.FAILED, TaskState.DEAD, TaskState.CANCELLED, TaskState.PARKED)
        values = {"state": TaskState.QUEUED, "turn": after.turn, "tries": 0, "losses": 0, "stop_by": "", "reason": ""}
        values |= {"ended_at": None, "deadline": None}

        def then(connection: Any) -> None:
            self.queue.enqueue(connection, after)

        if not self.tasks.move(task, values, among=again, event=told, then=then):
            raise BadTask(f"Task {task.id[:8]} is {task.state.value}: there is nothing to try again", advice="")
        return self.tasks.task(task.id)


@dataclass(frozen=True, kw_only=True)
class TaskHandle:
    """A task that was handed in."""

    desk: Desk
    id: str
    by: str

    @property
    def record(self) -> TaskRecord:
        """The task as it stands now."""
        return self.desk.tasks.task(self.id)

    def result(self, timeout_s: float | None = None) -> Outcome:
        """What became of it, waited for.

        Raises `TimeoutError` after so many seconds, `TaskNotDone` where it waits for a person or was cancelled, else
        the error that it ended with.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not (found := self.record).state.is_over:
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(f"Task {self.id[:8]} is {found.state.value}: {found.reason}".rstrip(": "))
            time.sleep(POLL_S)
        return outcome_of(found)

    def cancel(self) -> None:
        """Have it end within a second. Idempotent."""
        self.desk.cancel(self.record, by=self.by)

    def events(self) -> Iterator[TaskEvent]:
        """Its events from the first on, as they come, until it is over."""
        after = 0
        while True:
            is_over = self.record.state.is_over  # read first: the last event is there by then
            for event in self.desk.tasks.events(self.id, after=after):
                after = event.id or after
                yield event
            if is_over:
                return
            time.sleep(POLL_S)


def outcome_of(task: TaskRecord) -> Outcome:
    """What a task that is over gave. Raises the error that it ended with."""
    if task.outcome is not None:
        return read(Outcome, task.outcome)
    if task.error is not None and task.state is not TaskState.CANCELLED:
        raise error_read(dict(task.error))
    raise BadTask(f"Task {task.id[:8]} is {task.state.value}: {task.reason}", advice="")


def task_id(asked: Asked) -> str:
    """A new name for a task; one and the same for one key."""
    if not asked.key:
        return uuid.uuid4().hex
    return hashlib.sha256(f"{asked.via} {asked.key}".encode()).hexdigest()[:32]
