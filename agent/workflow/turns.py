"""Works on one turn of a task, in steps that are kept, and ends it: answered, waiting, to be tried again, or over."""

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from dbos import DBOS
from dbos import error as dbos_errors
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from agent.errors import KowalError
from agent.loop import Agent
from agent.steps import Known
from agent.types import Listener, Outcome, Task, ignore
from agent.workflow.endings import Ending, Follows, broken, ending_of, patience
from agent.workflow.execution import Execution, executing
from agent.workflow.kept import error_read, error_written, read, written
from agent.workflow.queue import Queue
from agent.workflow.telling import step_told, turn_told
from registry import OperationsUnavailable, RegistryError, TaskEvent, TaskRecord, Tasks, TaskState
from registry.tasks import UNDER_WAY, event_of, followers, move_with
from registry.terms import normalised
from sandbox import SandboxError
from sandbox.stopping import Stopped

OURS = (KowalError, RegistryError, SandboxError, OSError, Follows)
"""What a turn may end with. Anything else is a fault of Kowal's own, and is told as such."""
AT_WORK = (TaskState.WORKING,)
AWAY_S = 0.5
"""Seconds between two tries while the operational database is away."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a task on the queue asks for."""

    task: Task
    verb: str = "execute"
    """`execute`, `create`, `enhance` or `follow`."""
    name: str = ""
    """The function to be enhanced, or whose callers are to be proven anew."""


Told = list[TaskEvent]


class Outdated(Exception):
    """What was kept of a step is not what this release keeps of it."""


class KeptSteps:
    """Steps whose results are kept: a turn that is taken up again goes on after the last one."""

    def __init__(self, record: TaskRecord, execution: Execution, tasks: Tasks, listener: Listener) -> None:
        self._record, self._execution, self._tasks, self._listener = record, execution, tasks, listener
        self._is_within = False
        """Whether a step is being taken whose steps are kept with it."""

    def step[T](self, name: str, kind: type[T], work: Callable[[], T]) -> T:
        """See `agent.steps.Steps.step`. An error is kept, too, and raised again. Raises `Outdated`."""

        def told() -> T:
            with step_told(self._listener, name):
                return work()

        return told() if self._is_within else self._kept(name, kind, told)

    def together[T](self, name: str, kind: type[T], work: Callable[[], T]) -> T:
        """See `agent.steps.Steps.together`. Raises `Outdated`."""

        def within() -> T:
            self._is_within = True
            try:
                return work()
            finally:
                self._is_within = False

        return self._kept(name, kind, within)

    def _kept[T](self, name: str, kind: type[T], work: Callable[[], T]) -> T:
        """What the work gives, or gave before; with it the events are kept that are not written yet."""
        is_new = False

        def kept() -> Mapping[str, Any]:
            nonlocal is_new
            is_new = True
            try:
                ended = {"value": written(kind, work())}
            except OURS as error:
                ended = {"error": error_written(error)}
            return ended | {"told": written(Told, self._execution.unwritten())}

        found = DBOS.run_step({"name": name}, kept)
        try:
            if not is_new:
                self._execution.tell(*read(Told, found.get("told", [])))
            if "value" in found:
                return read(kind, found["value"])
        except ValueError as error:
            if is_new:  # what this very release has written: begun anew it would fail for ever
                raise
            raise Outdated(f"The step {name} was taken by another release of Kowal") from error
        raise error_read(found["error"])

    def making(self, task: Task, replaces: str) -> None:
        """See `agent.steps.Steps.making`. Raises `Follows`."""
        wish = f"{replaces}: {normalised(task.text)}"
        holder = self._tasks.claim(hashlib.sha256(wish.encode(errors="replace")).hexdigest(), self._record.id)
        if holder != self._record.id:
            raise Follows(holder)


@dataclass(frozen=True, kw_only=True)
class Turns:
    """Works on turns. Safe to use from several threads."""

    agent: Agent
    tasks: Tasks
    queue: Queue
    worker: str
    """Who this is."""
    wait_days: float
    """How long a task waits for a person."""
    listener: Listener = ignore
    """Hears when a turn or a step begins and ends."""
    _running: dict[str, Execution] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def work(self, task_id: str, turn: int) -> None:
        """Work on a turn until it ends. Does nothing for one that has ended: a turn may be begun twice."""
        record = outlasting(lambda: self.tasks.task(task_id))
        begun = event_of(task_id, f"{turn}.begun", "task.begun", worker=self.worker, turn=turn)
        record = replace(record, turn=turn)
        started = {} if record.started_at else {"started_at": datetime.now(UTC)}
        working = {"state": TaskState.WORKING, "worker": self.worker, "reason": "", **started}
        if outlasting(lambda: self.tasks.move(record, working, among=UNDER_WAY, events=(begun,))):
            execution = Execution(task_id=task_id, turn=turn, by=record.asked_by, worker=self.worker)
            with turn_told(self.listener, execution) as tell:
                ending = self._ending(record, execution)
                if not ending.state.is_over and outlasting(lambda: self.tasks.task(task_id)).stop_by:
                    ending = self._stopped(record)  # it was cancelled as it was about to wait
                if outlasting(lambda: self.end(record, ending, execution.unwritten())):
                    tell(ending)

    def running(self) -> Mapping[str, Execution]:
        """What is being worked on, by task."""
        with self._lock:
            return dict(self._running)

    def keep_told(self) -> None:
        """Write the events of all that is being worked on."""
        for execution in self.running().values():
            if events := execution.unwritten():
                self.tasks.tell(*events)
                execution.wrote(events)

    def end(self, task: TaskRecord, ending: Ending, before: Sequence[TaskEvent] = ()) -> bool:
        """End the turn; whether it had not ended before, and is still this worker's.

        What waits for a task that is over goes on. Events that came `before` the end are written with it.
        """
        now, again = datetime.now(UTC), ending.again_in_s
        values: dict[str, Any] = {"state": ending.state, "reason": ending.reason, "error": ending.error}
        values |= {"outcome": ending.outcome, "waits_for": ending.waits_for, "worker": self.worker}
        if ending.state.is_over:
            values["ended_at"] = now
        if ending.waits_for and (longest := patience(ending.waits_for, self.wait_days)):
            values["expires_at"] = now + longest
        if again is not None:
            tried = ending.state is not TaskState.PARKED
            values |= {"turn": task.turn + 1, "tries": task.tries + tried}
        after = replace(task, turn=task.turn + 1)

        def then(connection: Connection) -> None:
            if again is not None:
                self.queue.enqueue(connection, after, delay_s=again)
            if ending.state.is_over:
                for follower in followers(connection, task.id):
                    go_on(connection, self.queue, follower, follower.known, f"task {task.id} is over")

        key = "end" if ending.state.is_over else f"{task.turn}.ended"
        told = event_of(task.id, key, f"task.{ending.state}", reason=ending.reason, turn=task.turn)
        events = (*before, told)
        return self.tasks.move(task, values, among=AT_WORK, held_by=self.worker, events=events, then=then)

    def requeue(self, task: TaskRecord) -> bool:
        """Queue the task's next turn, where it still stands as it did; whether that was so."""
        told = event_of(task.id, f"{task.turn}.mended", "task.mended")
        with self.tasks.writing() as connection:
            return next_turn(connection, self.queue, task, {}, among=(task.state,), event=told)

    def _ending(self, record: TaskRecord, execution: Execution) -> Ending:
        """How the turn ends, worked on."""
        with self._told_to_stop(execution):
            try:
                with executing(execution):
                    outcome = self._done(record, execution)
                return Ending(state=TaskState.DONE, outcome=written(Outcome, outcome))
            except OURS as error:
                return ending_of(error, record)
            except Stopped:
                return self._stopped(record)
            except (dbos_errors.DBOSUnexpectedStepError, Outdated) as error:
                # What was decided anew came out otherwise, or another release was at it: from the start, then.
                return Ending(state=TaskState.QUEUED, reason=str(error), again_in_s=0.0)
            except dbos_errors.DBOSException:
                raise  # this turn is somebody else's by now
            except SQLAlchemyError as error:  # what the queue could not note; its text holds what was to be noted
                why = type(getattr(error, "orig", None) or error).__name__
                return ending_of(OperationsUnavailable(f"The queue's database does not answer: {why}"), record)
            except Exception as error:  # noqa: BLE001 (a fault of ours must not leave the task without an end)
                return broken(error)

    def _done(self, record: TaskRecord, execution: Execution) -> Outcome:
        """What the task asks for, done."""
        wanted, known = read(Wanted, record.request), read(Known, record.known)
        task = replace(wanted.task, id=record.id)
        steps = KeptSteps(record, execution, self.tasks, self.listener)
        if wanted.verb == "create":
            return self.agent.create(task, steps, known)
        if wanted.verb == "enhance":
            return self.agent.enhance(wanted.name, task, steps, known)
        if wanted.verb == "follow":
            return self.agent.follow(wanted.name, task, by=record.asked_by, steps=steps)
        return self.agent.execute(task, steps, known)

    def _stopped(self, record: TaskRecord) -> Ending:
        """What becomes of a turn that was stopped: cancelled, late, or left to another worker."""
        now = outlasting(lambda: self.tasks.task(record.id))
        if now.stop_by:
            return Ending(state=TaskState.CANCELLED, reason=f"cancelled by {now.stop_by}")
        if now.deadline and now.deadline <= datetime.now(UTC):
            return late(now)
        return Ending(state=TaskState.QUEUED, reason=f"{self.worker} was stopped", again_in_s=0.0)

    @contextlib.contextmanager
    def _told_to_stop(self, execution: Execution) -> Iterator[None]:
        """Have others be able to stop it."""
        with self._lock:
            self._running[execution.task_id] = execution
        try:
            yield
        finally:
            with self._lock:
                self._running.pop(execution.task_id, None)


def outlasting[T](work: Callable[[], T]) -> T:
    """The work's value, tried until the operational database answers: what is done must not be lost with it."""
    while True:
        try:
            return work()
        except OperationsUnavailable:
            time.sleep(AWAY_S)


def late(task: TaskRecord) -> Ending:
    """The end of a task whose time is over."""
    if task.state is TaskState.WAITING and task.expires_at and task.expires_at <= datetime.now(UTC):
        reason = f"nobody answered in time: {task.reason}"
    else:
        reason = "its deadline has passed"
    return Ending(state=TaskState.FAILED, reason=reason, error=task.error)


def go_on(connection: Connection, queue: Queue, task: TaskRecord, known: Mapping[str, Any], why: str) -> bool:
    """Begin the next turn of a task that waits, with what is known now; whether it still waited."""
    told = event_of(task.id, f"{task.turn}.on", "task.goes_on", why=why)
    values = {"known": dict(known), "waits_for": "", "reason": "", "expires_at": None}
    return next_turn(connection, queue, task, values, among=(TaskState.WAITING,), event=told)


def next_turn(
    connection: Connection,
    queue: Queue,
    task: TaskRecord,
    values: Mapping[str, Any],
    *,
    among: Collection[TaskState],
    event: TaskEvent,
) -> bool:
    """Queue the task's next turn, where it still stands in this one and in one of these states; whether that was so."""
    after = replace(task, turn=task.turn + 1)
    queued = {"state": TaskState.QUEUED, "turn": after.turn, **values}
    return move_with(
        connection, task, queued, among=among, events=(event,), then=lambda same: queue.enqueue(same, after)
    )
