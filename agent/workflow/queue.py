"""The queue itself: DBOS in the operational database, so that a task and its place in the queue are kept together."""

import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig, Serializer
from dbos import EnqueueOptions as Options
from sqlalchemy import event

from registry import Operations, TaskRecord
from registry.database import sqlite_driver

APPLICATION, WORKFLOW = "kowal", "task"
PROTOCOL = "1"
"""The same in all releases, which share a queue: DBOS gives new workflows to workers of its newest version only. A turn
whose kept steps are another release's is begun anew."""
BUSY_TIMEOUT_MS = 30_000


class Json(Serializer):
    """Keeps values as JSON, never as pickle. An error is kept as its text: ours never come here as exceptions."""

    def serialize(self, data: Any) -> str:
        """The value's text."""
        return json.dumps({"error": repr(data)} if isinstance(data, BaseException) else data)

    def deserialize(self, serialized_data: str) -> Any:
        """The value of the text."""
        return json.loads(serialized_data)

    def name(self) -> str:
        """As it stands beside what is kept."""
        return "kowal_json"


class Queue:
    """Puts turns of tasks on the queue. Safe to use from several threads and processes at once."""

    def __init__(self, operations: Operations) -> None:
        """Make the queue's tables where there are none. Raises what the database raises."""
        self.engine = engine_for(operations.url)
        if not has_tables(self.engine):
            make_tables(self.engine)
        self._client = DBOSClient(
            system_database_engine=self.engine, serializer=Json(), application_name=APPLICATION, lazy=True
        )

    def enqueue(self, connection: sa.Connection, task: TaskRecord, *, delay_s: float = 0.0) -> None:
        """Put the task's turn on the queue, in the transaction that keeps the task. Idempotent."""
        options = Options(
            workflow_name=WORKFLOW,
            queue_name=task.queue,
            workflow_id=workflow_id(task.id, task.turn),
            queue_partition_key=task.asked_by or "nobody",
            priority=max(1, 1000 + task.priority),
        )
        if delay_s:
            options["delay_seconds"] = delay_s
        self._client.enqueue_in_transaction(connection, options, task.id, task.turn)

    def drop(self, task: TaskRecord) -> None:
        """Take the task's turn off the queue. Idempotent; a turn that is being worked on is not hurried by it."""
        self._client.cancel_workflow(workflow_id(task.id, task.turn))

    def close(self) -> None:
        """Close all connections. Idempotent."""
        self._client.destroy()
        self.engine.dispose()


def workflow_id(task_id: str, turn: int) -> str:
    """The name of a task's turn: each is one workflow."""
    return f"{task_id}.{turn}"


def configuration(engine: sa.Engine, executor: str) -> DBOSConfig:
    """DBOS as every process of ours uses it."""
    return DBOSConfig(
        name=APPLICATION,
        system_database_engine=engine,
        serializer=Json(),
        executor_id=executor,
        application_version=PROTOCOL,
        log_level="ERROR",
        use_listen_notify=False,
    )


def launched(engine: sa.Engine, executor: str, queues: Sequence[str], work: Callable[[str, int], None]) -> None:
    """Launch DBOS in this process, with what works on a turn of a task on these queues. A process has one."""
    quiet()
    DBOS(config=configuration(engine, executor))

    @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)
    def turn_of_a_task(task_id: str, turn: int) -> None:
        work(task_id, turn)

    DBOS.listen_queues(list(queues))
    DBOS.launch()


def quiet() -> None:
    """Have the library speak of errors only: what else it says is of no use to people."""
    logging.getLogger("dbos").setLevel(logging.ERROR)


def has_tables(engine: sa.Engine) -> bool:
    """Whether the queue was ever used here."""
    schema = None if engine.dialect.name == "sqlite" else "dbos"
    return sa.inspect(engine).has_table("dbos_migrations", schema=schema)


def make_tables(engine: sa.Engine) -> None:
    """Make the queue's tables: DBOS does so where it is launched."""
    quiet()
    DBOS(config=configuration(engine, "makes the tables"))
    DBOS.listen_queues([])
    try:
        DBOS.launch()
    finally:
        DBOS.destroy(destroy_registry=True)


def engine_for(url: sa.URL) -> sa.Engine:
    """The database as DBOS wants it: on SQLite its statements begin their own transactions, and wait for each other."""
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(url, pool_pre_ping=True)
    engine = sa.create_engine(url, module=sqlite_driver())
    event.listen(engine, "connect", prepare_sqlite)
    return engine


def prepare_sqlite(connection: Any, _record: Any) -> None:
    """Write in transactions that take the lock at once, as DBOS itself does."""
    connection.isolation_level = "IMMEDIATE"
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", f"busy_timeout = {BUSY_TIMEOUT_MS}"):
        connection.execute(f"PRAGMA {pragma}")
