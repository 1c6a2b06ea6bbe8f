"""What a task on the queue costs: submit-to-done of a matched function beside two empty steps of DBOS.

Both go through the same queue of the same workers, by turns, and are looked for in the same way. Over SQLite, and over
Postgres where that is installed, with 1, 2 and 4 workers. `LATENCIES` and `BATCH` say of how many (40, 60), `OUT` where
the figures go as JSON.
"""

import json
import os
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from crash_rounds import Nursery, Place, alive, all_places, desk_of
from crash_worker import PLAIN
from dbos import DBOSClient, EnqueueOptions

from agent.types import Task
from agent.workflow.desk import Asked, Desk
from agent.workflow.queue import APPLICATION, Json
from agent.workflow.turns import Wanted

WORKERS = (1, 2, 4)
LATENCIES = int(os.environ.get("LATENCIES", "40"))
BATCH = int(os.environ.get("BATCH", "60"))
BATCHES = 3
LOOK_S = 0.005
"""Seconds between two looks at what is waited for."""
PAUSE_S = 0.2
"""The longest pause between two: twice what lies between two looks at the queue."""
LONGEST_S = 300.0
ANN = Asked(by="ann", via="bench")


class Office:
    """Hands in tasks of ours and plain workflows, and waits for them."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._engine = desk, desk.queue.engine
        self._client = DBOSClient(system_database_engine=self._engine, serializer=Json(), application_name=APPLICATION)
        schema = "" if self._engine.dialect.name == "sqlite" else "dbos."
        query = sa.text(f"SELECT workflow_uuid FROM {schema}workflow_status WHERE status = 'SUCCESS' AND name = :n")
        self._number, self._chance = 0, random.Random(1)
        self._queries = {
            "plain": (query, {"n": PLAIN}),
            "ours": (sa.text("SELECT id FROM tasks WHERE state = 'done'"), {}),
        }

    def ours(self) -> str:
        """A task that a registered function does."""
        self._number += 1
        task = Task(text="slugify a text", arguments={"text": f"Hello World {self._number}"})
        return self._desk.submit(Wanted(task=task), ANN).id

    def plain(self) -> str:
        """A workflow of two empty steps."""
        name = uuid.uuid4().hex
        options = EnqueueOptions(
            workflow_name=PLAIN, queue_name="tasks", workflow_id=name, queue_partition_key="ann", priority=1000
        )
        self._client.enqueue(options, name, 1)
        return name

    def done(self, kind: str) -> set[str]:
        """What is done of the kind, looked for in the same way: whoever looks takes a part of the machine, too."""
        query, values = self._queries[kind]
        with self._engine.connect() as connection:
            return {row[0] for row in connection.execute(query, values)}

    def is_done(self, kind: str, name: str) -> bool:
        """Whether that one is."""
        query, values = self._queries[kind]
        key = "workflow_uuid" if kind == "plain" else "id"
        with self._engine.connect() as connection:
            one = sa.text(f"{query.text} AND {key} = :u")
            return connection.execute(one, {**values, "u": name}).first() is not None

    def latency(self, kind: str) -> float:
        """Milliseconds from handing one in, at any moment between two looks at the queue, until it is done."""
        time.sleep(self._chance.uniform(0.0, PAUSE_S))
        started = time.perf_counter()
        name = getattr(self, kind)()
        waited(lambda: self.is_done(kind, name))
        return (time.perf_counter() - started) * 1e3

    def throughput(self, kind: str) -> float:
        """How many a second, from the first that is handed in until all are done."""
        started = time.perf_counter()
        names = {getattr(self, kind)() for _ in range(BATCH)}
        waited(lambda: names <= self.done(kind))
        return BATCH / (time.perf_counter() - started)


def measured(office: Office) -> dict[str, float]:
    """Medians of both kinds, and what ours is to the other."""
    kinds = ("plain", "ours")
    for kind in kinds:
        office.throughput(kind)  # so that each worker has begun, and its sandboxes stand
    one: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(LATENCIES):
        for kind in kinds:
            one[kind].append(office.latency(kind))
    many = {kind: [] for kind in kinds}
    for _ in range(BATCHES):
        for kind in kinds:
            many[kind].append(office.throughput(kind))
    latency = {kind: statistics.median(times) for kind, times in one.items()}
    rate = {kind: statistics.median(rates) for kind, rates in many.items()}
    return {
        "latency_ms": latency["ours"],
        "plain_latency_ms": latency["plain"],
        "latency_ratio": latency["ours"] / latency["plain"],
        "tasks_a_second": rate["ours"],
        "plain_a_second": rate["plain"],
        "throughput_ratio": rate["plain"] / rate["ours"],
    }


def with_workers(place: Place, count: int, folder: Path) -> dict[str, float]:
    """The figures with so many workers."""
    name = f"{place.name}_{count}"
    with ExitStack() as stack:
        settings = stack.enter_context(place.copied(folder / name, ""))
        del settings["tasks"]  # as they are by default
        desk = stack.enter_context(desk_of(settings))
        for number in range(count):
            nursery = stack.enter_context(Nursery())
            log = folder / name / f"log{number}"
            stack.enter_context(alive(nursery, settings, log, is_measured=True))
            waited(lambda log=log: log.exists() and "works on" in log.read_text())
        return measured(Office(desk))


def waited(when: Callable[[], bool]) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + LONGEST_S
    while not when():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(LOOK_S)


def main() -> None:
    """Measure, print the figures, write them to `OUT` where that is set."""
    counts: Sequence[int] = [int(each) for each in os.environ.get("WORKERS", "").split()] or WORKERS
    found: dict[str, Any] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for place in stack.enter_context(all_places(folder, sys.stdout.write)):
            for count in counts:
                name = f"{place.name}, {count} worker{'s' * (count > 1)}"
                found[name] = with_workers(place, count, folder)
                told = ", ".join(f"{key} {value:.2f}" for key, value in found[name].items())
                sys.stdout.write(f"{name:22} {told}\n")
                sys.stdout.flush()
    if os.environ.get("OUT"):
        Path(os.environ["OUT"]).write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    sys.stdout.write(f"medians of {LATENCIES} alone and of {BATCHES} times {BATCH} at once\n")
    main()
