"""The service is killed under load and started again: what it accepted is done, once, and whoever follows hears it."""

import os
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent.client import Client
from agent.service.requests import TaskRequest

CLIENTS, TASKS, KILLS = 20, 2, 2
UNDER_WAY = 8
"""Tasks that the workers are at when they are killed: the call of each may be made again, for nothing says it was."""
DEADLINE_S = 120


class Service:
    """`kowal serve` with two workers and HTTP, which can be killed as by a power cut."""

    def __init__(self, home: Any, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._home = home.with_(
            KOWAL_HTTP__ON="true", KOWAL_HTTP__PORT=str(self.port), KOWAL_HTTP__A_MINUTE="1000000", KOWAL_LOG="json",
            KOWAL_TASKS__WORKERS="2", KOWAL_TASKS__A_WORKER="4", KOWAL_TASKS__A_PERSON="8", KOWAL_TASKS__LOSSES="50",
        )  # fmt: skip
        self._log = folder / "log"
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Begin, or begin again."""
        with self._log.open("a") as log:
            self.process = self._home.start("serve", stdout=log, stderr=log, start_new_session=True)

    def kill(self) -> None:
        """End all of it at once: itself, its parts, their sandboxes."""
        assert self.process is not None
        for pid in descendants(self.process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait(DEADLINE_S)

    @property
    def said(self) -> str:
        """The end of the log."""
        return self._log.read_text()[-4000:]


def descendants(pid: int) -> list[int]:
    """The process and all that came of it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [pid, *(each for child in children for each in descendants(int(child)))]


class Customer(threading.Thread):
    """Hands tasks in, one after the other, follows each to its end, and notes what was promised."""

    def __init__(self, url: str, token: str, number: int) -> None:
        super().__init__(daemon=True)
        self._client, self._number = Client(url, token=token, patience_s=DEADLINE_S), number
        self.accepted: dict[str, int] = {}
        """The value that must come of each task that was accepted."""
        self.followed: dict[str, list[int]] = {}
        """The events that were heard of each, by number."""
        self.failed: list[Exception] = []

    def run(self) -> None:
        """Be a customer."""
        with self._client:
            for turn in range(TASKS):
                try:
                    self._one(f"{self._number}-{turn}", turn)
                except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
                    self.failed.append(error)

    def _one(self, key: str, turn: int) -> None:
        wanted = TaskRequest(task="count words in a text", arguments={"text": "a " * (turn + 1) + key})
        task = self._client.submit_task(wanted, key=key)
        self.accepted[task.id] = turn + 2
        self.followed[task.id] = [event.id for event in self._client.follow_task(task.id)]


@pytest.fixture
def service(home: Any, tmp_path: Path) -> Iterator[Service]:
    """A service that runs."""
    made = Service(home, tmp_path)
    made.start()
    yield made
    made.kill()


def test_what_was_accepted_is_done_once_though_all_is_killed(home: Any, service: Service) -> None:
    """Twenty clients, two kills of everything: every task that was answered with 202 is done, and written down once."""
    token = home.json("tokens", "create", "ann", "--scope", "tasks")["token"]
    customers = [Customer(service.url, token, number) for number in range(CLIENTS)]
    for customer in customers:
        customer.start()
    for kill in range(1, KILLS + 1):
        wait_until(lambda kill=kill: done_by(customers) >= kill * CLIENTS * TASKS // 6, service)
        assert any(customer.is_alive() for customer in customers)
        service.kill()
        service.start()
    for customer in customers:
        customer.join(DEADLINE_S)
    assert [(each.failed, each.is_alive()) for each in customers] == [([], False)] * CLIENTS, service.said
    accepted = {task: value for each in customers for task, value in each.accepted.items()}
    assert len(accepted) == CLIENTS * TASKS
    runs: list[int | None] = []
    with Client(service.url, token=token) as client:
        found = {row.id: row for page in client.list_tasks(limit=200) for row in page.tasks}
        assert {task: row.state for task, row in found.items()} == dict.fromkeys(accepted, "done")
        for task, value in accepted.items():
            shown = client.get_task(task)
            assert shown.outcome is not None
            assert shown.outcome.value == value
            runs.append(shown.outcome.run_id)
    assert len(set(runs)) == len(runs)
    ends, calls = written_down(home)
    assert ends == {task: [number] for each in customers for task, (*_, number) in each.followed.items()}
    assert all(seen == sorted(set(seen)) for each in customers for seen in each.followed.values())
    assert len(accepted) <= calls <= len(accepted) + KILLS * UNDER_WAY


def done_by(customers: list[Customer]) -> int:
    """How many tasks were followed to their ends."""
    return sum(len(customer.followed) for customer in customers)


def wait_until(look: Callable[[], bool], service: Service) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + DEADLINE_S
    while not look():
        assert time.monotonic() < deadline, service.said
        time.sleep(0.02)


def written_down(home: Any) -> tuple[dict[str, list[int]], int]:
    """The numbers of the ends that each task had, and how often a function was called for all of them."""
    place = f"file:{home.folder / 'operations.sqlite'}?mode=ro"
    with closing(sqlite3.connect(place, uri=True)) as database:
        ends: dict[str, list[int]] = {}
        for task, number in database.execute("SELECT task_id, id FROM task_events WHERE action = 'task.done'"):
            ends.setdefault(task, []).append(number)
        ((calls,),) = database.execute("SELECT count(*) FROM runs WHERE task = 'count words in a text'")
    return ends, calls
