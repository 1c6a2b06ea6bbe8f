"""Kowal kept running, as an operator sees it: serve, its log, backup and restore."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from postgres_server import NoPostgres, Postgres, postgres

SUBMIT = ("tasks", "submit", "count words in a text", "-a")
PRIVATE = "Jan Kowalski lives in Gdansk"
DEADLINE_S = 120


class Service:
    """A `kowal serve`, and its log."""

    def __init__(self, home: Any, folder: Path) -> None:
        self._log = folder / "log"
        with self._log.open("w") as log:
            self.process: subprocess.Popen[str] = home.start("serve", stdout=log, stderr=log)

    @property
    def said(self) -> str:
        """All that was logged until now."""
        return self._log.read_text()

    def lines(self, action: str) -> list[dict[str, Any]]:
        """The lines of that action; each line of the log is an object."""
        rows = [json.loads(line) for line in self.said.splitlines()]
        return [row for row in rows if row["action"] == action]

    def until(self, action: str, times: int = 1) -> list[dict[str, Any]]:
        """The lines of that action, once there are so many."""
        deadline = time.monotonic() + DEADLINE_S
        while len(found := self.lines(action)) < times:
            assert time.monotonic() < deadline, f"{action} never came:\n{self.said}"
            assert self.process.poll() is None, self.said
            time.sleep(0.05)
        return found

    def end(self) -> int:
        """Have it drain; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_S)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Any], Service]]:
    """Starts services; none is left at the end."""
    started: list[Service] = []

    def start(home: Any) -> Service:
        folder = tmp_path / f"service-{len(started)}"
        folder.mkdir()
        started.append(Service(home.with_(KOWAL_LOG="json", KOWAL_TASKS__WORKERS="2"), folder))
        return started[-1]

    yield start
    for service in started:
        service.process.kill()
        service.process.wait()


def is_there(pid: int) -> bool:
    """True for a process that runs."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def submitted(home: Any, text: str = PRIVATE) -> str:
    """The id of a task that counts the words of a text."""
    return str(home.run(*SUBMIT, f"text={text}").stdout.strip())


def test_it_serves_through_the_death_of_a_worker_and_drains(home: Any, serve: Callable[[Any], Service]) -> None:
    """Tasks are done, a killed worker is replaced, SIGTERM drains; the log tells of all of it and shows no data."""
    service = serve(home)
    service.until("serve.ready")
    task = submitted(home)
    assert home.run("tasks", "follow", task).stdout == "5\n"
    os.kill(service.lines("part.started")[0]["pid"], signal.SIGKILL)
    (died,) = service.until("part.died")
    assert died["how"] == "killed by SIGKILL"
    service.until("part.ready", times=3)
    assert home.run("tasks", "follow", submitted(home)).stdout == "5\n"
    assert service.end() == 0
    assert [row["killed"] for row in service.lines("serve.ended")] == [0]
    for action in ("task.begun", "step.begun", "step.ended", "match.found", "run.finished", "task.done"):
        first = next(row for row in service.lines(action) if row["task"] == task)
        assert first["turn"] == 1
        assert first["worker"].startswith("serve-")
        assert first["part"].startswith("serve-")
    assert "Kowalski" not in service.said
    assert not [row for row in service.lines("part.started") if is_there(row["pid"])]


def test_no_worker_is_left_behind(home: Any, serve: Callable[[Any], Service]) -> None:
    """After `kill -9` of the service its workers end by themselves; a new service works on at once."""
    service = serve(home)
    service.until("serve.ready")
    service.process.kill()
    service.process.wait()
    again = serve(home)  # beside the old one's workers, which are still ending
    assert home.run("tasks", "follow", submitted(home)).stdout == "5\n"
    deadline = time.monotonic() + DEADLINE_S
    while any(is_there(row["pid"]) for row in service.lines("part.started")):
        assert time.monotonic() < deadline, service.said
        time.sleep(0.05)
    assert again.end() == 0


def test_a_backup_of_a_running_service_restores_all(home: Any, serve: Callable[[Any], Service], tmp_path: Path) -> None:
    """Made while workers run; put back elsewhere, waiting and queued tasks go on there, and every part is sound."""
    service = serve(home)
    service.until("serve.ready")
    waiting = str(home.run("tasks", "submit", "count words in a text").stdout.strip())
    done = submitted(home)
    home.run("tasks", "follow", done)
    home.stands(waiting, "waiting")
    written = home.json("backup", str(tmp_path / "backup"))
    assert service.end() == 0
    shutil.rmtree(home.registry)
    for path in home.folder.glob("operations.sqlite*"):
        path.rename(tmp_path / f"gone-{path.name}")
    assert written["refs"] == home.json("restore", str(tmp_path / "backup"))["refs"]
    assert home.is_sound()
    assert home.json("tasks", "show", done)["outcome"]["value"] == 5
    home.run("tasks", "answer", waiting, "-a", "text=a b c")
    again = serve(home)
    assert home.run("tasks", "follow", waiting).stdout == "3\n"
    assert again.end() == 0


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A Postgres server of our own."""
    try:
        with postgres() as running:
            yield running
    except NoPostgres as error:
        pytest.skip(str(error))


@pytest.fixture(params=["sqlite", "postgres"])
def user(request: pytest.FixtureRequest, home: Any) -> Any:
    """A user with either kind of database."""
    if request.param == "sqlite":
        return home
    return home.with_(KOWAL_DATABASE=request.getfixturevalue("server").url())


def test_a_queued_task_is_in_a_backup(user: Any, serve: Callable[[Any], Service], tmp_path: Path) -> None:
    """It waits for the first worker after the restore; what was there before the restore is kept aside."""
    queued = submitted(user, "one two")
    user.run("backup", str(tmp_path / "backup"))
    later = submitted(user, "later")
    assert "already" in user.run("restore", str(tmp_path / "backup"), code=7).stderr
    restored = user.json("restore", str(tmp_path / "backup"), "--replace")
    assert len(restored["aside"]) == 2
    assert "no task begins" in user.run("tasks", "show", later, code=5).stderr
    service = serve(user)
    assert user.run("tasks", "follow", queued).stdout == "2\n"
    assert "in use" in user.run("restore", str(tmp_path / "backup"), "--replace", code=7).stderr
    assert service.end() == 0
    assert user.is_sound()


def test_nothing_to_serve_is_told(home: Any, bare: Any) -> None:
    """Without any part, and with a database that cannot be had, it ends at once and says why."""
    assert "tasks.workers" in home.with_(KOWAL_TASKS__WORKERS="0").run("serve", code=2).stderr
    away = home.with_(KOWAL_DATABASE="postgresql+psycopg://nobody@127.0.0.1:9/none")
    assert "operational database" in away.run("serve", code=7).stderr


def test_an_endpoint_without_the_extra_is_told_at_once(home: Any) -> None:
    """A wrong `telemetry` is no reason to start workers over and over."""
    wrong = home.with_(KOWAL_TELEMETRY="http://127.0.0.1:9", PYTHONPATH=str(home.folder))
    (home.folder / "opentelemetry").mkdir()
    (home.folder / "opentelemetry" / "__init__.py").write_text("")
    assert "kowal[otel]" in wrong.run("serve", code=2).stderr
