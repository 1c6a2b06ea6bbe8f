"""Real worker processes that die, databases that go away, disks that are full: nothing is lost, nothing is doubled."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from crash_model import WISHES, Server, Wish
from crash_rounds import Nursery, Place, Round, alive, at_some_boundaries, desk_of, doubled, prepare_template
from postgres_server import NoPostgres, Postgres, postgres
from sqlalchemy import text

from agent.types import Task
from agent.workflow.desk import Asked, Desk
from agent.workflow.turns import Wanted
from registry import TaskRecord, TaskState

KILLS = 20
PARKED_S = 0.5
END_LOCKS = """
SELECT pg_terminate_backend(pid) FROM pg_locks
JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND datname = current_database() AND state = 'idle'
"""


@pytest.fixture(scope="module")
def template(once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """A registry with a function in it."""
    return once("crash-template", prepare_template)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A Postgres server of our own."""
    pytest.importorskip("psycopg", reason="no driver for Postgres is installed")
    try:
        with postgres() as running:
            yield running
    except NoPostgres as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def on_sqlite(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Installations whose database is a file."""
    folder = tmp_path_factory.mktemp("sqlite") / "template"
    shutil.copytree(template, folder)
    place = Place(name="sqlite", template=folder)
    place.prepared()
    return place


@pytest.fixture(scope="module")
def on_postgres(template: Path, server: Postgres) -> Place:
    """Installations whose database is a server."""
    place = Place(name="postgres", template=template, server=server)
    place.prepared()
    return place


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    """Where workers come from."""
    with Nursery() as opened:
        yield opened


@pytest.fixture
def model() -> Iterator[Server]:
    """The model server."""
    with Server() as running:
        yield running


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    if os.geteuid():
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize("where", ["sqlite", "postgres"])
def test_no_task_is_lost_where_workers_are_killed(where, request, nursery, model, tmp_path):
    """`kill -9`, twenty times, at boundaries of steps: all is done, once, and no reply is asked for twice."""
    place = request.getfixturevalue(f"on_{where}")
    with place.copied(tmp_path / "killed", model.url) as settings:
        one = Round(
            nursery=nursery, server=model, settings=settings, log=tmp_path / "killed" / "log", wishes=WISHES[:2]
        )
        found = one.played(at_some_boundaries(seed=7, most_skipped=8), KILLS, print)
    assert found.kills == KILLS
    assert (found.tasks, found.lost) == (4, 0)
    assert (found.promotions_doubled, found.reports_doubled, found.repeated_after_reply) == (0, 0, 0)
    assert found.requests_repeated <= KILLS
    assert len(found.places) > KILLS / 2


def test_tasks_outlive_their_database_server(on_postgres, server, nursery, model, tmp_path):
    """The server crashes and comes back, three times, while tasks are worked on: they go on, and are done once."""
    with on_postgres.copied(tmp_path / "outage", model.url) as settings:
        log = tmp_path / "outage" / "log"
        one = Round(nursery=nursery, server=model, settings=settings, log=log, wishes=WISHES[2:4])
        outages = threading.Thread(target=lambda: crash(server, times=3, when=lambda: begun(log)))
        outages.start()
        found = one.played(dict, 0, print)
        outages.join()
    assert (found.tasks, found.lost) == (4, 0)
    assert (found.promotions_doubled, found.reports_doubled, found.repeated_after_reply) == (0, 0, 0)
    assert found.requests_repeated <= 3


@pytest.mark.parametrize("where", ["sqlite", "postgres"])
def test_another_worker_goes_on_with_what_a_dead_one_was_at(where, request, nursery, model, tmp_path):
    """Within 30 seconds of its death, and without asking a model again for what it had replied."""
    place = request.getfixturevalue(f"on_{where}")
    with Nursery() as other, place.copied(tmp_path / "dead", model.url) as settings:
        log = tmp_path / "dead" / "log"
        with handed_in(settings, WISHES[7]) as (desk, (task,)), ExitStack() as life:
            life.enter_context(alive(nursery, settings, log))
            waited(lambda: "kept" in read(log))
            with alive(other, settings, log.with_name("other")):
                waited(lambda: "works on" in read(log.with_name("other")))
                first = desk.tasks.task(task.id)
                life.close()
                died = time.monotonic()
                waited(lambda: desk.tasks.task(task.id).worker != first.worker)
                took_s = time.monotonic() - died
                done = stands(desk, task, TaskState.DONE)
        assert first.state is TaskState.WORKING
        assert took_s < 30
        assert (done.losses, done.outcome["value"]) == (1, WISHES[7].of(5))
        assert doubled(Path(settings["registry"]), 1) == 0
        assert model.asked().total() - len(model.asked()) <= 1


def test_a_release_goes_on_with_what_another_was_at(on_sqlite, nursery, model, tmp_path):
    """What the old one kept of its steps cannot be read: the turn is begun anew, with the replies that were kept."""
    with Nursery() as other, on_sqlite.copied(tmp_path / "releases", model.url) as settings:
        log = tmp_path / "releases" / "log"
        with handed_in(settings, WISHES[9]) as (desk, (task,)), ExitStack() as life:
            life.enter_context(alive(nursery, settings, log, is_older=True))
            waited(lambda: "kept" in read(log))
            with alive(other, settings, log.with_name("other")):
                life.close()
                done = stands(desk, task, TaskState.DONE)
        assert (done.turn, done.losses, done.outcome["value"]) == (2, 1, WISHES[9].of(5))
        assert doubled(Path(settings["registry"]), 1) == 0
        assert model.asked().total() - len(model.asked()) <= 1


def test_a_worker_that_loses_its_lock_lets_go_of_its_tasks(on_postgres, nursery, model, tmp_path):
    """The server ended the one connection that says that it lives: another goes on, asks for nothing that is kept."""
    with on_postgres.copied(tmp_path / "unlocked", model.url) as settings:
        log = tmp_path / "unlocked" / "log"
        with handed_in(settings, WISHES[8]) as (desk, (task,)), alive(nursery, settings, log):
            waited(lambda: "kept" in read(log))
            with desk.queue.engine.connect() as connection:
                assert connection.execute(text(END_LOCKS)).all()
            done = stands(desk, task, TaskState.DONE)
        assert "lost its lock, and ends" in read(log)
        assert (done.turn, done.losses, done.outcome["value"]) == (2, 0, WISHES[8].of(5))
        assert doubled(Path(settings["registry"]), 1) == 0
        assert model.asked().total() - len(model.asked()) <= 1  # what was under way was hung up


def test_two_workers_make_a_function_once(on_sqlite, nursery, model, tmp_path):
    """Two that are asked for the same new function at once: one makes it, the other waits for it and runs it."""
    with Nursery() as other, on_sqlite.copied(tmp_path / "both", model.url) as settings:
        settings["tasks"]["a_worker"] = 1
        log = tmp_path / "both" / "log"
        with handed_in(settings, WISHES[4], WISHES[4]) as (desk, tasks):
            with alive(nursery, settings, log), alive(other, settings, log.with_name("log2")):
                done = [stands(desk, task, TaskState.DONE) for task in tasks]
            followed = [
                event for task in tasks for event in desk.tasks.events(task.id) if event.action == "task.waiting"
            ]
        assert doubled(Path(settings["registry"]), 1) == 0
    outcomes = [task.outcome for task in done]
    assert [outcome["value"] for outcome in outcomes] == [WISHES[4].of(5)] * 2
    assert len({task.worker for task in done}) == 2 or followed
    assert len(followed) == 1
    assert outcomes[0]["commit"] == outcomes[1]["commit"]
    assert max(model.asked().values()) == 1


def test_a_task_goes_on_where_the_one_it_waits_for_was_cancelled(on_sqlite, nursery, tmp_path):
    """Nobody makes what it waits for any more: a worker sees to it, however many others wait."""
    with on_sqlite.copied(tmp_path / "left", "") as settings, desk_of(settings) as desk:
        matched = Wanted(task=Task(text="slugify a text", arguments={"text": "A b"}))
        leader, follower = (desk.submit(matched, Asked(by="ann", via="test")) for _ in range(2))
        waits = {"state": TaskState.WAITING, "waits_for": f"task:{leader.id}"}
        assert desk.tasks.move(follower, waits)
        assert not desk.tasks.left_behind()
        desk.cancel(leader, by="ann")
        assert [task.id for task in desk.tasks.left_behind()] == [follower.id]
        with alive(nursery, settings, tmp_path / "left" / "log"):
            assert stands(desk, follower, TaskState.DONE).outcome["value"] == "a-b"


def test_a_full_disk_parks_the_task(on_sqlite, nursery, model, small_disk, tmp_path):
    """The disk of the registry fills up while a function is made: the reason says so; once there is room it is done."""
    with on_sqlite.copied(tmp_path / "full", model.url) as settings:
        log = moved(settings, "registry", tmp_path / "full", small_disk)
        with (
            handed_in(settings, WISHES[5]) as (desk, (task,)),
            alive(nursery, settings, log, parked_s=PARKED_S),
        ):
            waited(lambda: begun(log))
            fill(small_disk)
            parked = stands(desk, task, TaskState.PARKED)
            (small_disk / "filler").unlink()
            done = stands(desk, task, TaskState.DONE)
        assert "is full" in parked.reason
        assert done.outcome["value"] == WISHES[5].of(5)
        assert (doubled(Path(settings["registry"]), 1), max(model.asked().values())) == (0, 1)


def test_a_database_on_a_full_disk_holds_tasks_up_and_no_more(on_sqlite, nursery, model, small_disk, tmp_path):
    """Nothing can be noted, not even that the task is parked: it stays as it is, and once there is room it is done."""
    with on_sqlite.copied(tmp_path / "full", model.url) as settings:
        log = moved(settings, "operations.sqlite", tmp_path / "full", small_disk)
        with (
            handed_in(settings, WISHES[5]) as (desk, (task,)),
            alive(nursery, settings, log, parked_s=PARKED_S),
        ):
            waited(lambda: begun(log))
            fill(small_disk)
            time.sleep(4)
            held_up = desk.tasks.task(task.id)
            (small_disk / "filler").unlink()
            done = stands(desk, task, TaskState.DONE)
        assert held_up.state is TaskState.WORKING
        assert done.outcome["value"] == WISHES[5].of(5)
        assert doubled(Path(settings["registry"]), 1) == 0


def test_a_registry_that_is_read_only_parks_the_task(on_sqlite, nursery, model, small_disk, tmp_path):
    """The reason says so, and once it can be written the task is done."""
    with on_sqlite.copied(tmp_path / "shut", model.url) as settings:
        log = moved(settings, "registry", tmp_path / "shut", small_disk)
        with handed_in(settings, WISHES[6]) as (desk, (task,)):
            subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
            with alive(nursery, settings, log, parked_s=PARKED_S):
                parked = stands(desk, task, TaskState.PARKED)
                subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
                done = stands(desk, task, TaskState.DONE)
        assert "read-only" in parked.reason.lower()
        assert done.outcome["value"] == WISHES[6].of(5)


@contextmanager
def handed_in(settings: dict[str, Any], *wishes: Wish) -> Iterator[tuple[Desk, list[TaskRecord]]]:
    """The desk, and tasks on its queue."""
    wanted = [Wanted(task=Task(text=wish.text, arguments={"number": 5})) for wish in wishes]
    with desk_of(settings) as desk:
        yield desk, [desk.submit(each, Asked(by="ann", via="test")) for each in wanted]


def stands(desk: Desk, task: TaskRecord, state: TaskState, seconds: float = 60.0) -> TaskRecord:
    """The task once it stands so."""
    deadline = time.monotonic() + seconds
    while (found := desk.tasks.task(task.id)).state is not state:
        assert time.monotonic() < deadline, f"it is {found.state}: {found.reason}"
        assert found.state not in (TaskState.FAILED, TaskState.DEAD), found.reason
        time.sleep(0.05)
    return found


def begun(log: Path) -> bool:
    """Whether a model was asked."""
    return "asked" in read(log)


def read(log: Path) -> str:
    """What a worker noted so far."""
    return log.read_text() if log.exists() else ""


def waited(when: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + seconds
    while not when():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def crash(server: Postgres, *, times: int, when: Callable[[], bool]) -> None:
    """Stop the server as a crash does, and start it again, so many times once it is time."""
    waited(when)
    for pause in range(times):
        server.stop("immediate")
        time.sleep(0.3 + pause / 2)
        server.start()
        time.sleep(1.0 + pause)


def moved(settings: dict[str, Any], what: str, folder: Path, disk: Path) -> Path:
    """Have the registry or the database be on that disk; where the worker's log goes, which is not there."""
    if what == "registry":
        shutil.move(folder / "registry.git", disk / "registry.git")
        settings |= {"registry": str(disk / "registry.git"), "database": str(folder / "operations.sqlite")}
    else:
        for path in folder.glob(f"{what}*"):
            shutil.move(path, disk / path.name)
        settings["database"] = str(disk / what)
    return folder / "log"


def fill(disk: Path) -> None:
    """Leave no room on the disk."""
    with (disk / "filler").open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            return
