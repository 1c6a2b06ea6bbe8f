"""Backups of a registry and of both kinds of database: whole or not at all, and back where they were."""

import hashlib
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from postgres_server import NoPostgres, Postgres, postgres

from agent.types import Task
from agent.workflow.desk import Asked, Desk
from agent.workflow.queue import Queue
from agent.workflow.turns import Wanted
from registry import (
    AuditEntry,
    BackupFailed,
    BadBackup,
    Function,
    Manifest,
    Operations,
    Registry,
    Run,
    Status,
    TaskState,
)
from registry.backup import Contents, Part, back_up, pack, restore
from registry.bundle import write_bundle
from registry.database import sqlite_driver
from registry.postgres import PostgresCopier
from registry.schema import REVISION

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
ME = Asked(by="me", via="test")
RUN = Run(
    task="count words", function="count_words", version="1.0.0", digest="d" * 64, commit="c" * 40, started_at=NOW,
    seconds=0.25, outcome="ok", score=0.93,
)  # fmt: skip
ENTRY = AuditEntry(
    at=NOW, actor="ann", action="http", function="weather", version="1.0.0", digest="d" * 64, run="r1",
    subject="GET https://api.example.org/v1", outcome="allowed", facts={"bytes": 0},
)  # fmt: skip


def function(name: str, source: str = "one") -> Function:
    """A small function, different for each source."""
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    manifest = Manifest(name=name, description="Counts words.", input_schema=schema)
    return Function(manifest=manifest, source=f"# {source}\n", tests="def test(): pass\n")


def produce(registry: Registry, name: str, source: str = "one") -> str:
    """Take a function to production; its version."""
    made = function(name, source)
    registry.add_candidate(made, {})
    registry.approve(name, made.digest, by="Ann")
    return registry.promote(name, by="Ann").version


@dataclass(frozen=True, kw_only=True)
class Place:
    """An installation: where its registry and its database are."""

    registry: Path
    database: str

    @contextmanager
    def desk(self) -> Iterator[tuple[Operations, Desk]]:
        """Its database and its queue, opened."""
        operations = Operations.open(self.database)
        queue = Queue(operations)
        try:
            yield operations, Desk(tasks=operations.tasks, queue=queue)
        finally:
            queue.close()
            operations.close()

    def fill(self) -> str:
        """Have something of each kind in it; the id of a queued task."""
        with Registry.create(self.registry) as registry:
            produce(registry, "count_words")
            produce(registry, "count_words", "two")
            produce(registry, "slugify")
            registry.quarantine("slugify", by="Ann", reason="cuts words in half")
            registry.add_candidate(function("waits"), {})
        with self.desk() as (operations, desk):
            operations.record_run(RUN)
            operations.record_audit(ENTRY)
            return desk.submit(Wanted(task=Task(text="slugify", arguments={"text": "a"})), ME).id

    def back_up(self, file: Path) -> Any:
        """A backup of it."""
        return back_up(self.registry, self.database, file, NOW)

    def restore(self, file: Path, *, replace: bool = False, now: datetime = LATER) -> Any:
        """Have it be as it was."""
        return restore(file, self.registry, self.database, now, replace=replace)

    def assert_filled(self, task: str) -> None:
        """All that `fill` put in is there, and the queue knows the task."""
        with Registry.open(self.registry) as registry:
            assert registry.check() == []
            assert {row.name: row.status for row in registry.list()} == {
                "count_words": Status.PRODUCTION, "slugify": Status.QUARANTINED, "waits": Status.TESTING,
            }  # fmt: skip
            assert registry.get("count_words").version == "1.1.0"
            assert registry.get("count_words", "1.0.0").function == function("count_words")
        with self.desk() as (operations, desk):
            assert [run.task for run in operations.runs()] == ["count words"]
            assert [entry.subject for entry in operations.audit(ENTRY.function)] == [ENTRY.subject]
            assert operations.tasks.task(task).state is TaskState.QUEUED
            with desk.queue.engine.connect() as connection:
                found = connection.execute(sa.text(f"SELECT status FROM {self.workflows} WHERE workflow_uuid LIKE :id"),
                                           {"id": f"{task}.%"}).scalars().all()  # fmt: skip
            assert found == ["ENQUEUED"]

    @property
    def workflows(self) -> str:
        """The queue's table."""
        return "dbos.workflow_status" if "://" in self.database else "workflow_status"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A Postgres server of our own."""
    if shutil.which("pg_dump") is None:
        pytest.skip("no `pg_dump` is installed")
    try:
        with postgres() as running:
            yield running
    except NoPostgres as error:
        pytest.skip(str(error))


@pytest.fixture(params=["sqlite", "postgres"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Place]:
    """Makes installations that have nothing in them."""

    def make(name: str) -> Place:
        folder = tmp_path / name
        if request.param == "sqlite":
            return Place(registry=folder / "registry.git", database=str(folder / "operations.sqlite"))
        running: Postgres = request.getfixturevalue("server")
        database = f"{name}_{abs(hash(tmp_path))}"
        engine = sa.create_engine(running.url(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {database}"))
        engine.dispose()
        return Place(registry=folder / "registry.git", database=running.url(database))

    return make


@pytest.fixture
def sqlite(tmp_path: Path) -> Place:
    """An installation on SQLite, filled."""
    place = Place(registry=tmp_path / "it" / "registry.git", database=str(tmp_path / "it" / "operations.sqlite"))
    place.fill()
    return place


def left_in(folder: Path) -> list[str]:
    """The names of what lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_all_comes_back_elsewhere(places: Callable[[str], Place], tmp_path: Path) -> None:
    """Functions in every status, runs, the audit and the queue are in another installation as they were."""
    old, new = places("old"), places("new")
    task = old.fill()
    contents = old.back_up(tmp_path / "backup")
    restored = new.restore(tmp_path / "backup")
    assert (restored.contents, restored.aside) == (contents, ())
    new.assert_filled(task)
    old.assert_filled(task)


def test_what_is_there_is_not_overwritten(places: Callable[[str], Place], tmp_path: Path) -> None:
    """A restore over a registry or a database is refused, and changes nothing."""
    place = places("old")
    task = place.fill()
    place.back_up(tmp_path / "backup")
    with pytest.raises(BackupFailed, match=r"There is a registry at .* and an operational database already"):
        place.restore(tmp_path / "backup")
    shutil.rmtree(place.registry)
    with pytest.raises(BackupFailed, match="There is an operational database already"):
        place.restore(tmp_path / "backup")
    assert not place.registry.exists()
    with place.desk() as (operations, _):
        assert operations.tasks.task(task).state is TaskState.QUEUED


def test_with_replace_what_was_there_is_kept_aside(places: Callable[[str], Place], tmp_path: Path) -> None:
    """The old registry is another folder, the old database another file or schema, with all that was in them."""
    place = places("old")
    task = place.fill()
    place.back_up(tmp_path / "backup")
    with Registry.open(place.registry) as registry:
        produce(registry, "made_later")
    with place.desk() as (operations, _):
        operations.record_run(RUN)
    restored = place.restore(tmp_path / "backup", replace=True)
    place.assert_filled(task)
    registry_aside, database_aside = restored.aside
    with Registry.open(Path(registry_aside)) as before:
        assert before.get("made_later").status is Status.PRODUCTION
    query = "SELECT count(*) FROM {}runs"
    if "://" in place.database:
        schema = database_aside.split()[2]
        engine = sa.create_engine(place.database)
        with engine.connect() as connection:
            assert connection.execute(sa.text(query.format(f"{schema}."))).scalar() == 2
            assert connection.execute(sa.text(f"SELECT count(*) FROM {schema}_dbos.workflow_status")).scalar() == 1
            with pytest.raises(sa.exc.DBAPIError, match="only grows"):
                connection.execute(sa.text("DELETE FROM audit"))
        engine.dispose()
    else:
        with closing(sqlite_driver().connect(database_aside)) as connection:
            assert connection.execute(query.format("")).fetchone() == (2,)
    place.back_up(tmp_path / "again")  # what lies aside is no part of it
    place.restore(tmp_path / "again", replace=True, now=LATER + timedelta(days=1))
    place.assert_filled(task)


def test_a_database_in_use_is_not_replaced(places: Callable[[str], Place], tmp_path: Path) -> None:
    """While a worker or a command has it open, a restore is refused, and registry and database stay as they are."""
    place = places("old")
    task = place.fill()
    place.back_up(tmp_path / "backup")
    with place.desk() as (operations, _):
        operations.runs()
        with pytest.raises(BackupFailed, match="in use"):
            place.restore(tmp_path / "backup", replace=True)
        operations.record_run(RUN)
        assert len(operations.runs()) == 2
    with Registry.open(place.registry) as registry:
        assert registry.get("count_words").version == "1.1.0"
    assert [name for name in left_in(place.registry.parent) if "before" in name or name.startswith(".")] == []
    assert task


def test_a_backup_is_of_one_moment_while_others_write(places: Callable[[str], Place], tmp_path: Path) -> None:
    """With functions being promoted and runs recorded meanwhile, each backup restores to a sound whole.

    Each promotion is followed by its run, so that no backup may know of a run whose version it lacks.
    """
    old = places("old")
    old.fill()
    ended = threading.Event()

    def work() -> None:
        with Registry.open(old.registry) as registry, old.desk() as (operations, _):
            number = 0
            while not ended.is_set():
                number += 1
                version = produce(registry, "busy", str(number))
                operations.record_run(RUN.__class__(**{**vars(RUN), "function": "busy", "version": version}))

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for number in range(3):
            old.back_up(tmp_path / f"backup-{number}")
    finally:
        ended.set()
        worker.join()
    for number in range(3):
        new = places(f"new_{number}")
        new.restore(tmp_path / f"backup-{number}")
        with Registry.open(new.registry) as registry, new.desk() as (operations, _):
            assert registry.check() == []
            known = {entry.version for entry in registry.history("busy")} if operations.runs("busy") else set()
            assert {run.version for run in operations.runs("busy", limit=1000)} <= known


def test_a_half_written_file_is_refused(sqlite: Place, tmp_path: Path) -> None:
    """Wherever a backup breaks off, it is told from a whole one, and nothing is put anywhere."""
    sqlite.back_up(tmp_path / "backup")
    whole = (tmp_path / "backup").read_bytes()
    new = Place(registry=tmp_path / "new" / "registry.git", database=str(tmp_path / "new" / "operations.sqlite"))
    for length in (0, 100, 512, 700, 2000, len(whole) // 3, len(whole) // 2, len(whole) - 20_000):
        (tmp_path / "part").write_bytes(whole[:length])
        with pytest.raises(BadBackup):
            new.restore(tmp_path / "part")
        assert list(tmp_path.glob("new/*")) == []


@pytest.mark.parametrize("name", ["database", "registry.bundle"])
def test_a_damaged_file_is_refused(sqlite: Place, tmp_path: Path, name: str) -> None:
    """A changed byte in either part is noticed before anything is touched."""
    sqlite.back_up(tmp_path / "backup")
    with tarfile.open(tmp_path / "backup") as tar:
        place = tar.getmember(name).offset_data + tar.getmember(name).size // 2
    data = bytearray((tmp_path / "backup").read_bytes())
    data[place] ^= 1
    (tmp_path / "backup").write_bytes(data)
    with pytest.raises(BadBackup, match=f"`{name}` is not what was written"):
        sqlite.restore(tmp_path / "backup", replace=True)
    assert [path for path in left_in(sqlite.registry.parent) if "before" in path] == []


def rewritten(file: Path, to: Path, **changed: Any) -> None:
    """The backup with another manifest."""
    with tarfile.open(file) as old, tarfile.open(to, "w") as new:
        for member in old.getmembers():
            data = old.extractfile(member)
            assert data is not None
            read = data.read()
            if member.name == "manifest.json":
                read = json.dumps(json.loads(read) | changed).encode()
                member.size = len(read)
            new.addfile(member, io.BytesIO(read))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"format": 2}, "made by a newer Kowal"),
        ({"revision": "9999"}, f"reads format 1, database {REVISION}"),
        ({"kind": "postgres"}, "holds a postgres database, and the settings name one of sqlite"),
        ({"parts": {}}, "it lacks `database`"),
        ({"refs": "many"}, "`manifest.json` cannot be read"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(sqlite: Place, tmp_path: Path, changed: dict, said: str) -> None:
    """What a newer release wrote, what is for another database, and what is no manifest is refused, and says why."""
    sqlite.back_up(tmp_path / "backup")
    rewritten(tmp_path / "backup", tmp_path / "other", **changed)
    with pytest.raises(BadBackup, match=said):
        sqlite.restore(tmp_path / "other", replace=True)


def test_other_files_are_no_backups(sqlite: Place, tmp_path: Path) -> None:
    """Neither text nor another archive nor a missing file is taken for one."""
    (tmp_path / "text").write_text("hello" * 1000)
    with tarfile.open(tmp_path / "other", "w") as tar:
        tar.add(tmp_path / "text", "text")
    for name in ("text", "other"):
        with pytest.raises(BadBackup, match="no backup of Kowal"):
            sqlite.restore(tmp_path / name, replace=True)
    with pytest.raises(BackupFailed, match="No such file"):
        sqlite.restore(tmp_path / "gone", replace=True)


def test_a_backup_replaces_no_file(sqlite: Place, tmp_path: Path) -> None:
    """A file of that name stays as it is."""
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(BackupFailed, match="There is a file"):
        sqlite.back_up(tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "precious"


def test_a_backup_is_for_its_owner_only(sqlite: Place, tmp_path: Path) -> None:
    """Nobody else may read other people's data out of it."""
    sqlite.back_up(tmp_path / "backup")
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o600


def test_without_room_nothing_is_left(sqlite: Place, tmp_path: Path) -> None:
    """A disk that takes no more, here a limit on the size of files, leaves no half of a backup, and says so."""
    program = (
        "import sys\nfrom datetime import UTC, datetime\nfrom pathlib import Path\nfrom registry import RegistryError\n"
        "from registry.backup import back_up\n"
        "try:\n    back_up(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), datetime.now(UTC))\n"
        "except RegistryError as error:\n    sys.exit(str(error))\n"
    )

    def little_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    (tmp_path / "to").mkdir()
    words = [sys.executable, "-c", program, str(sqlite.registry), sqlite.database, str(tmp_path / "to" / "backup")]
    done = subprocess.run(words, preexec_fn=little_room, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "cannot be" in done.stderr, done.stderr
    assert left_in(tmp_path / "to") == []


def test_a_damaged_database_is_not_backed_up_as_if_it_were_whole(sqlite: Place, tmp_path: Path) -> None:
    """What cannot be restored is no backup: it is refused when it is made."""
    path = Path(sqlite.database)
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 6] = b"\xff" * 4096 * 3
    path.write_bytes(data)
    with pytest.raises(BackupFailed, match=r"damaged|cannot be copied"):
        sqlite.back_up(tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


def test_a_damaged_database_is_moved_aside_as_it_is(sqlite: Place, tmp_path: Path) -> None:
    """A restore over a database that cannot be opened any more keeps it, for whoever can still read it."""
    sqlite.back_up(tmp_path / "backup")
    path = Path(sqlite.database)
    path.write_bytes(b"no database at all" * 1000)
    restored = sqlite.restore(tmp_path / "backup", replace=True)
    aside = Path(restored.aside[1])
    assert aside.read_bytes().startswith(b"no database at all")
    with sqlite.desk() as (operations, _):
        assert len(operations.runs()) == 1


def test_a_restore_that_fails_on_the_way_puts_everything_back(places: Callable[[str], Place], tmp_path: Path) -> None:
    """Where the database cannot be put in its place at the last, the registry that was moved aside is back, too."""
    place = places("old")
    task = place.fill()
    place.back_up(tmp_path / "backup")
    broken = tmp_path / "broken"
    with tarfile.open(tmp_path / "backup") as tar:
        tar.extractall(broken, filter="data")
    (broken / "database").write_bytes(b"PGDMP and then nothing of sense")
    contents = Contents.model_validate_json((broken / "manifest.json").read_bytes())
    data = (broken / "database").read_bytes()
    part = Part(size=len(data), sha256=hashlib.sha256(data).hexdigest())
    pack(broken, contents.model_copy(update={"parts": {**contents.parts, "database": part}}))
    with pytest.raises((BackupFailed, BadBackup)):
        place.restore(broken / "whole", replace=True)
    place.assert_filled(task)


def test_a_bundle_holds_every_ref(sqlite: Place, tmp_path: Path) -> None:
    """Candidates, tags, and our own refs are in it, not only branches."""
    count = write_bundle(sqlite.registry, tmp_path / "bundle")
    listed = subprocess.run(
        ["git", "bundle", "list-heads", str(tmp_path / "bundle")], capture_output=True, text=True, check=True
    ).stdout
    assert count >= 7
    heads, others = ("main", "production", "candidate/waits/"), ("tags/count_words/v1.1.0", "kowal/quarantine/slugify/")
    for ref in (*(f"heads/{name}" for name in heads), *others):
        assert f"refs/{ref}" in listed


def test_a_password_reaches_the_servers_programs_through_a_file(server: Postgres, tmp_path: Path) -> None:
    """With a password in the address, a backup is made as ever, and no command line shows the password."""
    seen = tmp_path / "seen"
    program = tmp_path / "pg_dump"
    program.write_text(f'#!/bin/sh\necho "$@" > {seen}\nexec {shutil.which("pg_dump")} "$@"\n')
    program.chmod(0o700)
    url = sa.make_url(server.url()).set(password="s3cr:t-word")
    Operations.open(url.render_as_string(hide_password=False)).close()
    copier = PostgresCopier(url)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        assert copier.copy_to(tmp_path / "copy") == REVISION
    assert "passfile" in seen.read_text()
    assert "s3cr" not in seen.read_text()


def test_missing_programs_of_the_server_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where `pg_dump` is not installed, that is said, with what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupFailed, match="needs the program `pg_dump`") as raised:
        PostgresCopier(sa.make_url("postgresql+psycopg://kowal@/none")).copy_to(tmp_path / "copy")
    assert "postgresql-client" in raised.value.advice
