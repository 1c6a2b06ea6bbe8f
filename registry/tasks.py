"""Tasks on the queue, as the rest of the house asks for them: how far each came, its events, what models replied.

A step of the work may run twice, so every change names the state that it starts from: the second one finds that it is
done, and changes nothing.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, literal, select, update

from registry.database import Database, insert_each_once, insert_once, storable
from registry.errors import UnknownTask
from registry.records import TaskEvent, TaskRecord, TaskState
from registry.schema import claims, replies, task_events, tasks

Then = Callable[[Connection], None]
"""More that belongs into the same transaction."""
OPEN = (TaskState.QUEUED, TaskState.WORKING, TaskState.WAITING, TaskState.PARKED)
"""The states of what is not over."""
UNDER_WAY = (TaskState.QUEUED, TaskState.PARKED, TaskState.WORKING)
"""The states of what goes on by itself."""


def nothing_more(connection: Connection) -> None:
    """For a change that stands alone."""
    del connection


class Tasks:
    """The tasks of one installation. Safe to use from several threads and processes at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction, kept as a whole or not at all."""
        return self._database.writing()

    def add(self, task: TaskRecord, then: Then = nothing_more) -> TaskRecord:
        """The task, which is kept; the one that is there where one of that id is."""
        with self._database.writing() as connection:
            if insert_once(connection, tasks, asdict(task)):
                _keep_events(connection, event_of(task.id, "taken", "task.taken", asked_by=task.asked_by, via=task.via))
                then(connection)
        return self.task(task.id)

    def task(self, task_id: str) -> TaskRecord:
        """The task of that id, or of the only one that begins so. Raises `UnknownTask`."""
        found = self._database.rows(select(tasks).where(tasks.c.id == task_id))
        if task_id and not found:  # looked for by its beginning it takes a look at each
            found = self._database.rows(select(tasks).where(tasks.c.id.startswith(task_id, autoescape=True)).limit(2))
        if len(found) != 1:
            several = "several tasks begin" if found else "no task begins"
            raise UnknownTask(f"There is no task {task_id!r}: {several} so.")
        return record_of(found[0])

    def tasks(
        self,
        states: Collection[str] = (),
        *,
        waits_for: str = "",
        asked_by: str = "",
        after: TaskRecord | None = None,
        limit: int = 50,
    ) -> Sequence[TaskRecord]:
        """The newest tasks, newest first; of these states, waiting for that, asked by them, or all.

        With `after` those that come after that one in this order.
        """
        query = select(tasks).order_by(tasks.c.created_at.desc(), tasks.c.id).limit(limit)
        query = query.where(tasks.c.state.in_(list(states))) if states else query
        query = query.where(tasks.c.waits_for == waits_for) if waits_for else query
        query = query.where(tasks.c.asked_by == asked_by) if asked_by else query
        if after is not None:
            at_once = (tasks.c.created_at == after.created_at) & (tasks.c.id > after.id)
            query = query.where((tasks.c.created_at < after.created_at) | at_once)
        return [record_of(row) for row in self._database.rows(query)]

    def counts(self) -> Mapping[str, int]:
        """How many tasks are in each state."""
        query = select(tasks.c.state, func.count().label("count")).group_by(tasks.c.state)
        found = {row["state"]: int(row["count"]) for row in self._database.rows(query)}
        return {state.value: found.get(state, 0) for state in TaskState}

    def move(
        self,
        task: TaskRecord,
        values: Mapping[str, Any],
        *,
        among: Collection[TaskState] = OPEN,
        held_by: str = "",
        events: Sequence[TaskEvent] = (),
        then: Then = nothing_more,
    ) -> bool:
        """Change the task, where it still stands in its turn and in one of these states; whether that was so.

        With `held_by` it must be that worker that works on it.
        """
        with self._database.writing() as connection:
            return move_with(connection, task, values, among=among, held_by=held_by, events=events, then=then)

    def finish(
        self,
        task: TaskRecord,
        state: TaskState,
        reason: str,
        *,
        among: Collection[TaskState],
        then: Then = nothing_more,
        **more: Any,
    ) -> bool:
        """End the task from outside of its turn, with `more` of its columns; whether it stood as `move` asks."""
        told = event_of(task.id, "end", f"task.{state}", reason=reason)
        ended = {"state": state, "reason": reason, "ended_at": datetime.now(UTC), **more}
        return self.move(task, ended, among=among, events=(told,), then=then)

    def stopped(self, ids: Collection[str]) -> Mapping[str, str]:
        """Who wants which of these tasks cancelled."""
        query = select(tasks.c.id, tasks.c.stop_by).where(tasks.c.id.in_(list(ids)), tasks.c.stop_by != "")
        return {row["id"]: row["stop_by"] for row in self._database.rows(query)}

    def overdue(self, now: datetime) -> Sequence[TaskRecord]:
        """The tasks whose waiting or whose time is over."""
        waiting = (tasks.c.state == TaskState.WAITING) & (tasks.c.expires_at <= now)
        late = tasks.c.state.in_(list(OPEN)) & (tasks.c.deadline <= now)
        return [record_of(row) for row in self._database.rows(select(tasks).where(waiting | late))]

    def open_turns(self, limit: int) -> Mapping[str, int]:
        """The turns of the tasks that are to go on by themselves, by their ids; those that were handed in first."""
        query = select(tasks.c.id, tasks.c.turn).where(tasks.c.state.in_([state.value for state in UNDER_WAY]))
        found = self._database.rows(query.order_by(tasks.c.created_at, tasks.c.id).limit(limit))
        return {row["id"]: row["turn"] for row in found}

    def ended_before(self, moment: datetime, limit: int) -> Mapping[str, int]:
        """The last turns of tasks that were over before then, by their ids."""
        query = select(tasks.c.id, tasks.c.turn).where(tasks.c.ended_at < moment, tasks.c.state.not_in(list(OPEN)))
        return {row["id"]: row["turn"] for row in self._database.rows(query.limit(limit))}

    def remove(self, ids: Collection[str]) -> None:
        """Remove those of the tasks that are over, with their events and replies.

        What ran, was tried and was signed for them stays.
        """
        with self._database.writing() as connection:
            over = select(tasks.c.id).where(tasks.c.id.in_(list(ids)), tasks.c.state.not_in(list(OPEN)))
            gone = list(connection.execute(over).scalars())  # one of them may have been taken up again
            for column in (task_events.c.task_id, replies.c.task_id, tasks.c.id):
                connection.execute(delete(column.table).where(column.in_(gone)))

    def left_behind(self) -> Sequence[TaskRecord]:
        """The tasks that wait for another one, which is over."""
        leader = tasks.alias()
        over = [state for state in TaskState if state.is_over]
        waiting = select(tasks).join(leader, tasks.c.waits_for == literal("task:") + leader.c.id)
        waiting = waiting.where(tasks.c.state == TaskState.WAITING, leader.c.state.in_(over))
        return [record_of(row) for row in self._database.rows(waiting)]

    def tell(self, *events: TaskEvent) -> None:
        """Keep events, each unless there is one under its key."""
        with self._database.writing() as connection:
            _keep_events(connection, *events)

    def told(self, *, after: int, limit: int) -> Sequence[tuple[int, str]]:
        """Which events of any task came after that one, and of which task each is; the newest alone for -1."""
        query = select(task_events.c.id, task_events.c.task_id).limit(limit)
        if after < 0:
            query = query.order_by(task_events.c.id.desc()).limit(1)
        else:
            query = query.where(task_events.c.id > after).order_by(task_events.c.id)
        return [(row["id"], row["task_id"]) for row in self._database.rows(query)]

    def events(self, task_id: str, *, after: int = 0) -> Sequence[TaskEvent]:
        """The task's events in their order, those after that one."""
        query = select(task_events).where(task_events.c.task_id == task_id, task_events.c.id > after)
        return [TaskEvent(**row) for row in self._database.rows(query.order_by(task_events.c.id))]

    def reply(self, task_id: str, key: str) -> Mapping[str, Any] | None:
        """What was replied to the task's request of that key; None where nothing was yet."""
        query = select(replies.c.reply).where(replies.c.task_id == task_id, replies.c.key == key)
        found = self._database.rows(query)
        return found[0]["reply"] if found else None

    def keep_reply(self, task_id: str, key: str, reply: Mapping[str, Any]) -> None:
        """Keep a reply; the first one under a key holds."""
        with self._database.writing() as connection:
            insert_once(connection, replies, {"task_id": task_id, "key": key, "reply": reply})

    def claim(self, key: str, task_id: str) -> str:
        """The task that makes what the key stands for: this one, where no other had claimed it before."""
        with self._database.writing() as connection:
            insert_once(connection, claims, {"key": key, "task_id": task_id})
            (holder,) = connection.execute(select(claims.c.task_id).where(claims.c.key == key)).one()
        return str(holder)


def move_with(
    connection: Connection,
    task: TaskRecord,
    values: Mapping[str, Any],
    *,
    among: Collection[TaskState] = OPEN,
    held_by: str = "",
    events: Sequence[TaskEvent] = (),
    then: Then = nothing_more,
) -> bool:
    """As `Tasks.move`, in a transaction that is under way."""
    stands = (tasks.c.id == task.id) & (tasks.c.turn == task.turn) & tasks.c.state.in_(list(among))
    stands = stands & (tasks.c.worker == held_by) if held_by else stands
    if connection.execute(update(tasks).where(stands).values(storable(values))).rowcount != 1:
        return False
    _keep_events(connection, *events)
    if values.get("state") and TaskState(values["state"]).is_over:
        connection.execute(delete(claims).where(claims.c.task_id == task.id))
    then(connection)
    return True


def known_with(connection: Connection, task_id: str) -> Mapping[str, Any]:
    """What was said to what the task waited for; nothing of one that is not on the queue."""
    found: Mapping[str, Any] | None = connection.execute(select(tasks.c.known).where(tasks.c.id == task_id)).scalar()
    return found or {}


def followers(connection: Connection, task_id: str) -> Sequence[TaskRecord]:
    """The tasks that wait for this one."""
    query = select(tasks).where(tasks.c.waits_for == f"task:{task_id}", tasks.c.state == TaskState.WAITING)
    return [record_of(dict(row)) for row in connection.execute(query).mappings()]


def reopen(connection: Connection, task: TaskRecord) -> None:
    """Have the task be able to end once more: its last end is kept under the turn's key."""
    ended = (task_events.c.task_id == task.id) & (task_events.c.key == "end")
    connection.execute(update(task_events).where(ended).values(key=f"{task.turn}.end"))


def forget_replies(connection: Connection, task: TaskRecord) -> None:
    """Have models be asked anew for the task."""
    connection.execute(delete(replies).where(replies.c.task_id == task.id))


def event_of(task_id: str, key: str, action: str, **facts: Any) -> TaskEvent:
    """An event that happens now."""
    return TaskEvent(task_id=task_id, key=key, at=datetime.now(UTC), action=action, facts=facts)


def record_of(row: Mapping[str, Any]) -> TaskRecord:
    """The task that a row holds."""
    return replace(TaskRecord(**row), state=TaskState(row["state"]))


def _keep_events(connection: Connection, *events: TaskEvent) -> None:
    def row(event: TaskEvent) -> dict[str, Any]:
        return asdict(event) | {"facts": json.loads(json.dumps(dict(event.facts), default=str))}

    insert_each_once(connection, task_events, [row(event) for event in events])
