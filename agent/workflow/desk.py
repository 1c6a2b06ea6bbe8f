"""Where tasks are handed in and asked after: submitted, answered, cancelled, tried again. Who may is asked here."""

import hashlib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from agent.arguments import plain
from agent.errors import BadTask, NotPermitted
from agent.loop import refuse_unreadable
from agent.permission import EVERYBODY, Deed, Permission
from agent.types import Outcome
from agent.workflow.kept import written
from agent.workflow.queue import Queue
from agent.workflow.standing import how_to_answer, not_done, outcome_of, short_id, standing, wait_of
from agent.workflow.turns import Wanted, go_on
from registry import AuditEntry, TaskEvent, TaskRecord, Tasks, TaskState
from registry.operations import keep_audit
from registry.tasks import event_of, forget_replies, reopen

POLL_S = 0.05
"""Seconds between two looks at a task that is waited for."""
CANCELLABLE = (TaskState.QUEUED, TaskState.WAITING, TaskState.PARKED)
MOST_PRIORITY = 999
"""Priorities go from this below zero to this above it."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Who asked for a task, and how it is to be worked."""

    by: str
    via: str
    key: str = ""
    """What makes it one task however often it is handed in: a webhook delivered twice has one. Empty: none."""
    priority: int = 0
    """Lower ones are worked first, among those of one person; -999 to 999."""
    deadline: timedelta | None = None
    """After so long it is given up."""
    queue: str = ""
    """The queue's name; empty for the first of the settings."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Hands tasks to the queue and speaks for them. Needs no worker in its own process.

    What is said of a task is kept in one transaction with what becomes of it, and with the audit's line about it.
    """

    tasks: Tasks
    queue: Queue
    may: Permission = EVERYBODY
    queues: Sequence[str] = ("tasks",)
    """Those that there are."""

    def close(self) -> None:
        """Close the queue's connections. Idempotent."""
        self.queue.close()

    def submit(self, wanted: Wanted, asked: Asked) -> TaskRecord:
        """The task, which is kept and queued in one; the one that is there where its key was handed in before.

        Raises `BadTask` for what cannot be read, `BadArguments` for values that JSON has no form for.
        """
        wanted, now = readable(wanted), datetime.now(UTC)
        refuse_unworkable(asked, self.queues)
        record = TaskRecord(
            id=task_id(asked),
            text=wanted.task.text,
            request=written(Wanted, wanted),
            asked_by=asked.by,
            via=asked.via,
            queue=asked.queue or self.queues[0],
            created_at=now,
            priority=asked.priority,
            deadline=now + asked.deadline if asked.deadline is not None else None,
        )

        def then(connection: Connection) -> None:
            self.queue.enqueue(connection, record)
            keep_audit(connection, said_of(record, Deed.ASK, asked.by, via=asked.via))

        return self.tasks.add(record, then)

    def tell(self, task: TaskRecord, known: Mapping[str, Any], *, by: str) -> TaskRecord:
        """Have a task go on that waits for this.

        Raises `NotPermitted`, and `BadTask` where it does not wait any more.
        """
        deed = Deed.APPROVE if wait_of(task).is_for_approvers else Deed.ANSWER
        self.refuse(deed, task, by)
        with self.tasks.writing() as connection:
            goes_on = go_on(connection, self.queue, task, {**task.known, **known}, f"{deed} by {by}")
            if goes_on:
                keep_audit(connection, said_of(task, deed, by, to=task.waits_for))
        if not goes_on:
            raise overtaken(self.tasks.task(task.id))
        return self.tasks.task(task.id)

    def reject(self, task: TaskRecord, error: Mapping[str, Any], *, by: str) -> TaskRecord:
        """The task, ended with that error because somebody says no to what it waits for. Raises as `tell` does."""
        self.refuse(Deed.REJECT, task, by)
        then, more = self._noting(task, Deed.REJECT, by, to=task.waits_for), {"error": dict(error), "waits_for": ""}
        said, waiting = str(error["message"]), (TaskState.WAITING,)
        if not self.tasks.finish(task, TaskState.FAILED, said, among=waiting, then=then, **more):
            raise overtaken(self.tasks.task(task.id))
        return self.tasks.task(task.id)

    def cancel(self, task: TaskRecord, *, by: str) -> TaskRecord:
        """The task, cancelled; one that is worked on ends within a second. Nothing happens to one that is over.

        Raises `NotPermitted`.
        """
        self.refuse(Deed.CANCEL, task, by)
        then, reason = self._noting(task, Deed.CANCEL, by), f"cancelled by {by}"
        while not (task := self.tasks.task(task.id)).state.is_over:  # it may move between the look and the word
            if task.state is TaskState.WORKING:
                told = event_of(task.id, f"{task.turn}.stop", "task.stopping", by=by)
                done = bool(task.stop_by)
                done = done or self.tasks.move(task, {"stop_by": by}, among=(task.state,), events=(told,), then=then)
            else:
                cancelled, among = TaskState.CANCELLED, CANCELLABLE
                done = self.tasks.finish(task, cancelled, reason, among=among, then=then, waits_for="")
                if done:
                    self.queue.drop(task)
            if done:
                break
        return self.tasks.task(task.id)

    def retry(self, task: TaskRecord, *, by: str) -> TaskRecord:
        """The task, queued once more with all that is known.

        One that failed has models asked anew, for what they replied led to the failure. Raises `NotPermitted`, and
        `BadTask` for one that is under way or done.
        """
        self.refuse(Deed.RETRY, task, by)
        after, note = replace(task, turn=task.turn + 1), self._noting(task, Deed.RETRY, by)
        told = event_of(task.id, f"{task.turn}.retried", "task.retried", by=by)
        again = (TaskState.FAILED, TaskState.DEAD, TaskState.CANCELLED, TaskState.PARKED)
        values = {"state": TaskState.QUEUED, "turn": after.turn, "tries": 0, "losses": 0, "stop_by": "", "reason": ""}
        values |= {"ended_at": None, "deadline": None}

        def then(connection: Connection) -> None:
            reopen(connection, task)
            if task.state is TaskState.FAILED:
                forget_replies(connection, task)
            self.queue.enqueue(connection, after)
            note(connection)

        if not self.tasks.move(task, values, among=again, events=(told,), then=then):
            now = self.tasks.task(task.id)
            raise BadTask(f"{standing(now)}, so there is nothing to try again", advice=look_at(now))
        return self.tasks.task(task.id)

    def refuse(self, deed: Deed, task: TaskRecord, by: str) -> None:
        """Raise `NotPermitted` where this is not for them to say; that they tried is told and written down."""
        try:
            self.may.refuse(deed, by, asked_by=task.asked_by)
        except NotPermitted as error:
            told = event_of(task.id, f"denied.{uuid.uuid4().hex}", "task.denied", by=by, why=str(error))
            self.tasks.tell(told)
            with self.tasks.writing() as connection:
                keep_audit(connection, replace(said_of(task, deed, by), outcome="refused"))
            raise

    def _noting(self, task: TaskRecord, deed: Deed, by: str, **facts: str) -> Callable[[Connection], None]:
        """What writes the deed down, in the transaction that does it."""

        def then(connection: Connection) -> None:
            keep_audit(connection, said_of(task, deed, by, **facts))

        return then


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

        Raises the error that it ended with, and `TaskNotDone` where it was cancelled. With `timeout_s` it raises
        `TimeoutError` after so many seconds, whatever the task waits for. Without, it raises `TaskNotDone` as soon as
        the task waits for a person, and waits for as long as it takes else: a worker must be there.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not (found := self.record).state.is_over:
            if deadline is None and wait_of(found).is_for_people:
                raise not_done(found)
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(" ".join(filter(None, (standing(found), how_to_answer(found)))))
            time.sleep(POLL_S)
        return outcome_of(found)

    def cancel(self) -> None:
        """Have it end within a second. Idempotent. Raises `NotPermitted`."""
        self.desk.cancel(self.record, by=self.by)

    def events(self) -> Iterator[TaskEvent]:
        """Its events from the first on, as they come, until it is over."""
        return events_of(self.desk.tasks, self.id)


def events_of(tasks: Tasks, task_id: str) -> Iterator[TaskEvent]:
    """The task's events from the first on, as they come, until it is over."""
    after = 0
    while True:
        is_over = tasks.task(task_id).state.is_over  # read first: the last event is there by then
        for event in tasks.events(task_id, after=after):
            after = event.id or after
            yield event
        if is_over:
            return
        time.sleep(POLL_S)


def readable(wanted: Wanted) -> Wanted:
    """What is wanted, with values that can be kept. Raises `BadTask`, `BadArguments`."""
    task = wanted.task
    refuse_unreadable(task)
    arguments = {name: plain(value, name) for name, value in task.arguments.items()}
    positional = tuple(plain(value, f"number {at}") for at, value in enumerate(task.positional, 1))
    return replace(wanted, task=replace(task, arguments=arguments, positional=positional))


def refuse_unworkable(asked: Asked, queues: Sequence[str]) -> None:
    """Raise `BadTask` for a priority, a deadline or a queue that is none."""
    if asked.queue and asked.queue not in queues:
        there = ", ".join(queues)
        raise BadTask(f"There is no queue {asked.queue!r}", advice=f"Name one of the setting `tasks.queues`: {there}.")
    if abs(asked.priority) > MOST_PRIORITY:
        raise BadTask(f"A priority lies between -{MOST_PRIORITY} and {MOST_PRIORITY}, and not at {asked.priority}")
    if asked.deadline is not None and asked.deadline < timedelta():
        raise BadTask("The deadline has passed already", advice="Say in how many seconds the task is of no use.")


def said_of(task: TaskRecord, deed: Deed, by: str, **facts: str) -> AuditEntry:
    """The audit's line about what somebody did about the task."""
    wait = wait_of(task)
    function, version, digest = wait.version if wait.kind == "approval" else ("", "", "")
    return AuditEntry(
        at=datetime.now(UTC),
        actor=by,
        action=f"task.{deed}",
        function=function,
        version=version,
        digest=digest,
        run=task.id,
        subject=f"task {short_id(task)}",
        outcome="allowed",
        facts=facts,
    )


def overtaken(task: TaskRecord) -> BadTask:
    """The error for a word on a task that does not wait for it any more."""
    return BadTask(f"{standing(task)}, so it does not wait for this", advice=look_at(task))


def look_at(task: TaskRecord) -> str:
    """Advice for whoever is surprised by where a task stands."""
    return f"`kowal tasks show {short_id(task)}` shows the task."


def task_id(asked: Asked) -> str:
    """A new name for a task; one and the same for one key."""
    if not asked.key:
        return uuid.uuid4().hex
    return hashlib.sha256(f"{asked.via} {asked.key}".encode()).hexdigest()[:32]
