"""A worker: takes turns of tasks off the queue, ends what is cancelled or late, takes over from workers that died."""

import math
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import batched

from dbos import DBOS
from sqlalchemy.exc import SQLAlchemyError

from agent.workflow.liveness import Liveness
from agent.workflow.queue import WORKFLOW, launched, workflow_id
from agent.workflow.turns import Turns, go_on, late
from registry import RegistryError, TaskRecord, TaskState
from registry.tasks import UNDER_WAY

LOOK_S = 0.3
"""Seconds between two looks at what is cancelled."""
ROUND_S = 3.0
"""Seconds between two looks at other workers, waits and deadlines."""
LETTING_GO_S = 5
"""Seconds for tasks to end that were let go of."""
PLACED = ["ENQUEUED", "DELAYED", "PENDING"]
"""The states of a workflow that goes on by itself."""
MOST_LOOKED_AT = 1_000
"""Open tasks in one round."""
FORGETTING_S = 1_200.0
"""Seconds between two looks at what was over long ago."""
MOST_FORGOTTEN = 100
"""Old tasks that are removed at once: who writes meanwhile waits for no longer than that takes."""

MOST_AT_ONCE = 500
"""Turns that one statement removes."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much is worked on at a time, of each queue."""

    a_worker: int
    a_person: int
    together: int | None
    poll_s: float
    """Seconds between two looks at the queue."""
    drain_s: float
    """Seconds for what is under way when the worker is told to end."""
    losses: int
    """Workers that a task may take with it before it is dead: it may be the task that kills them."""
    keep_days: float
    """How long a task that is over is kept."""


@dataclass(kw_only=True)
class Worker:
    """One process that works on tasks. A process has one."""

    turns: Turns
    liveness: Liveness
    limits: Limits
    queues: Sequence[str]
    """Those whose tasks it works on."""
    tell: Callable[[str], None]
    """For whoever watches the worker."""
    _is_told: bool = False
    """Whether it is to end; a plain flag, for a signal's handler must wait for no lock."""

    @property
    def name(self) -> str:
        """Who this is, among all that ever were."""
        return self.turns.worker

    def run(self) -> None:
        """Work until `stop` is called. What is under way then is given to other workers."""
        self.liveness.hold(self.name)
        launched(self.turns.queue.engine, self.name, self.queues, self.turns.work)
        limits = self.limits
        for name in self.queues:
            DBOS.register_queue(
                name,
                worker_concurrency=limits.a_worker,
                global_concurrency=limits.together,
                partition_concurrency=limits.a_person,
                polling_interval_sec=limits.poll_s,
                on_conflict="always_update",
            )
        of = " of each queue" if len(self.queues) > 1 else ""
        self.tell(f"{self.name} works on up to {limits.a_worker} tasks{of} at a time")
        next_round = next_forgetting = 0.0
        try:
            while not self._is_told:
                self._guarded(self._look)
                self._guarded(self.turns.keep_told)
                if time.monotonic() >= next_round:
                    self._guarded(self._round)
                    next_round = time.monotonic() + ROUND_S
                if time.monotonic() >= next_forgetting:
                    self._guarded(self._forget)
                    next_forgetting = time.monotonic() + FORGETTING_S
                time.sleep(LOOK_S)
        finally:
            self._leave()

    def stop(self) -> None:
        """Have `run` end. Safe in a signal handler; idempotent."""
        self._is_told = True

    def _leave(self) -> None:
        """Take no more tasks, wait for those under way, let go of what is left, and end."""
        patience = self.limits.drain_s
        given_up = threading.Timer(patience, self.let_go)
        given_up.daemon = True
        given_up.start()
        DBOS.destroy(workflow_completion_timeout_sec=math.ceil(patience) + LETTING_GO_S, destroy_registry=True)
        given_up.cancel()
        self.liveness.release()

    def let_go(self) -> None:
        """Stop what is under way; other workers go on with it."""
        for execution in self.turns.running().values():
            execution.stop.ask()

    def _guarded(self, work: Callable[[], None]) -> None:
        """Outlive a database that is away for a while. A worker without its lock ends: others may be at its tasks."""
        try:
            work()
        except (RegistryError, SQLAlchemyError, OSError) as error:
            self.tell(f"{self.name} cannot reach the operational database: {error}")
        if not self.liveness.holds():
            self.tell(f"{self.name} lost its lock, and ends")
            self.let_go()
            self._is_told = True

    def _look(self) -> None:
        """End what is cancelled."""
        running = self.turns.running()
        if running:
            for task_id in self.turns.tasks.stopped(running):
                running[task_id].stop.ask()

    def _round(self) -> None:
        """See to what nobody else would: late tasks, followers, and the tasks of workers that died."""
        tasks, running = self.turns.tasks, self.turns.running()
        for task in tasks.overdue(datetime.now(UTC)):
            if task.id in running:
                running[task.id].stop.ask()
            elif task.state is not TaskState.WORKING:
                ending = late(task)
                tasks.finish(task, ending.state, ending.reason, among=(task.state,), waits_for="")
        self._let_followers_go_on()
        self._take_over()
        self._mend()

    def _let_followers_go_on(self) -> None:
        """Have tasks go on whose leader ended at the very moment at which they began to wait for it."""
        tasks = self.turns.tasks
        for task in tasks.left_behind():
            with tasks.writing() as connection:
                go_on(connection, self.turns.queue, task, task.known, f"{task.waits_for} is over")

    def _take_over(self) -> None:
        """Have what dead workers were at go on."""
        pending = DBOS.list_workflows(status="PENDING", name=WORKFLOW, load_input=False, load_output=False)
        for executor in {each.executor_id for each in pending if each.executor_id} - {self.name}:
            with self.liveness.if_dead(executor) as is_dead:
                if is_dead:
                    self._inherit(executor)

    def _inherit(self, executor: str) -> None:
        """Go on with the turns of a dead worker, while nobody else can."""
        left = DBOS.list_workflows(
            status="PENDING", name=WORKFLOW, executor_id=executor, load_input=False, load_output=False
        )
        self.tell(f"{executor} died; {len(left)} of its tasks go on elsewhere")
        for each in left:
            task_id, _, turn = each.workflow_id.rpartition(".")
            task = replace(self.turns.tasks.task(task_id), turn=int(turn))
            if task.losses < self.limits.losses or not self._bury(task):
                self.turns.tasks.move(task, {"losses": task.losses + 1}, among=(TaskState.WORKING,))
                DBOS.resume_workflow(each.workflow_id, queue_name=task.queue)

    def _mend(self) -> None:
        """Queue again what has lost its place in the queue: a turn that ended without ending the task."""
        tasks = self.turns.tasks
        turns = tasks.open_turns(MOST_LOOKED_AT)
        if not turns:
            return
        ids = {workflow_id(task_id, turn): task_id for task_id, turn in turns.items()}
        placed = DBOS.list_workflows(workflow_ids=list(ids), status=PLACED, load_input=False, load_output=False)
        for lost in ids.keys() - {each.workflow_id for each in placed}:
            task = tasks.task(ids[lost])
            if task.turn == turns[task.id] and task.state in UNDER_WAY:
                self.turns.requeue(task)  # changes nothing where it went on meanwhile

    def _forget(self) -> None:
        """Remove what was over long ago; the queue's part first, so that a task is there for as long as anything is."""
        tasks, before = self.turns.tasks, datetime.now(UTC) - timedelta(days=self.limits.keep_days)
        while old := tasks.ended_before(before, MOST_FORGOTTEN):
            turns = (workflow_id(task_id, turn) for task_id, last in old.items() for turn in range(1, last + 1))
            for some in batched(turns, MOST_AT_ONCE):  # a task that was parked for days has thousands
                DBOS.delete_workflows(list(some))
            tasks.remove(old)

    def _bury(self, task: TaskRecord) -> bool:
        """End a task that took too many workers with it; False where it has ended by itself."""
        reason = f"{task.losses + 1} workers died while they worked on it"
        dead = self.turns.tasks.finish(task, TaskState.DEAD, reason, among=(TaskState.WORKING,))
        if dead:
            self.turns.queue.drop(task)
        return dead


def worker_name(given: str) -> str:
    """A name that no other worker ever has."""
    return f"{given}-{uuid.uuid4().hex[:8]}"
