"""The operational database: rows come back as they were given, and no failure is silent."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

import registry
from registry import AttemptRecord, Operations, OperationsUnavailable, Run, RunCounts
from registry.database import sqlite_driver
from registry.operations import normalised
from registry.schema import REVISION, metadata

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=timezone(timedelta(hours=1)))
RUN = Run(
    task="count words",
    function="count_words",
    version="1.0.0",
    digest="d" * 64,
    commit="c" * 40,
    started_at=NOW,
    seconds=0.25,
    outcome="ok",
    score=0.93,
)


@pytest.fixture
def operations(tmp_path: Path) -> Iterator[Operations]:
    """An empty database."""
    operations = Operations.open(tmp_path / "kowal.sqlite")
    yield operations
    operations.close()


def test_runs_come_back_newest_first(operations):
    """A run is kept as it was given, its time in UTC, under the id that was returned."""
    first = operations.record_run(RUN)
    second = operations.record_run(replace(RUN, function="other", outcome="timeout", right=False, score=None))
    rows = operations.runs()
    assert [row.id for row in rows] == [second, first]
    assert rows[1] == replace(RUN, id=first)
    assert rows[1].started_at.tzinfo is UTC
    assert (rows[0].right, rows[0].score) == (False, None)
    assert [row.id for row in operations.runs("count_words")] == [first]
    assert len(operations.runs(limit=1)) == 1


def test_counts_tell_values_from_failures(operations):
    """Success is counted by the outcome `ok`, each function on its own."""
    for outcome in ("ok", "ok", "timeout", "caller"):
        operations.record_run(replace(RUN, outcome=outcome))
    assert operations.run_counts("count_words") == RunCounts(total=4, ok=2)
    assert operations.run_counts("unknown") == RunCounts(total=0, ok=0)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reply=st.text(), verdict=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers()))
def test_every_attempt_is_kept_whole(operations, reply, verdict):
    """A reply of any text comes back; only lone surrogates and NUL, which not every database takes, are replaced."""
    attempt = AttemptRecord(
        task_id="t1",
        number=1,
        model="m",
        provider="p",
        purpose="generate",
        created_at=NOW,
        reply=reply,
        verdict=verdict,
        tokens_in=3,
    )
    row = operations.record_attempt(attempt)
    kept = operations.attempts("t1", limit=1)[0]
    readable = reply.replace("\0", "\N{SYMBOL FOR NULL}").encode(errors="replace").decode()
    assert kept == replace(attempt, id=row, reply=readable)
    assert operations.attempts("t2") == []


def test_the_latest_word_on_an_alias_holds(operations):
    """A text means one function; how it is written does not matter."""
    operations.learn("Count the  words!", "first", "Ann")
    operations.learn("count the words", "second", "Bob")
    assert [(each.text, each.function, each.taught_by) for each in operations.lessons()] == [
        ("count the words", "second", "Bob")
    ]
    assert normalised(" COUNT the\twords. ") == "count the words"


def test_the_migrations_make_the_tables_that_the_code_uses(operations, tmp_path):
    """An empty database, migrated, has exactly the tables of the schema, at the revision the code expects."""
    engine = create_engine(f"sqlite:///{tmp_path}/kowal.sqlite")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == REVISION
    engine.dispose()
    config = Config()
    config.set_main_option("script_location", str(Path(registry.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [REVISION]


def test_processes_migrating_at_once_agree(tmp_path):
    """Several first starts at once end in one migrated database."""
    code = "import sys; from registry import Operations; Operations.open(sys.argv[1]).learn('a', 'b', 'c')"
    path = tmp_path / "kowal.sqlite"
    processes = [subprocess.Popen([sys.executable, "-c", code, str(path)], stderr=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate()[1].decode() for process in processes] == ["", "", ""]
    operations = Operations.open(path)
    assert [(each.text, each.function) for each in operations.lessons()] == [("a", "b")]
    operations.close()


def test_opening_a_current_database_imports_no_migrations(operations, tmp_path):
    """Only a database at another revision pays for the migration library."""
    code = "import sys; from registry import Operations; Operations.open(sys.argv[1]); print('alembic' in sys.modules)"
    path = tmp_path / "kowal.sqlite"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_importing_the_registry_imports_neither_git_nor_the_database():
    """Reading the names of the package costs none of its heavy libraries."""
    code = "import sys, registry; print([name for name in ('git', 'sqlalchemy', 'alembic') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_newer_database_is_refused_and_untouched(operations, tmp_path):
    """A database that a later release migrated is not written by this one."""
    operations.close()
    path = tmp_path / "kowal.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    db.close()
    with pytest.raises(OperationsUnavailable, match="newer"):
        Operations.open(path)


@pytest.mark.parametrize("content", [b"no database " * 1000, os.urandom(8192)])
def test_a_corrupt_database_is_kept_and_named(tmp_path, content):
    """What cannot be read is never deleted: it is the only copy."""
    path = tmp_path / "kowal.sqlite"
    path.write_bytes(content)
    with pytest.raises(OperationsUnavailable, match=r"kowal\.sqlite") as caught:
        Operations.open(path)
    assert "Move" in caught.value.advice
    assert path.read_bytes() == content


def test_a_locked_database_says_to_repeat(operations, tmp_path, monkeypatch):
    """Where another process keeps writing, the error says so after the time-out."""
    monkeypatch.setattr("registry.database._BUSY_TIMEOUT_S", 0.05)
    impatient = Operations.open(tmp_path / "kowal.sqlite")
    holder = sqlite_driver().connect(tmp_path / "kowal.sqlite", isolation_level=None)  # one library a process
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationsUnavailable, match="locked") as caught:
        impatient.record_run(RUN)
    assert caught.value.retryable
    assert "Repeat" in caught.value.advice
    assert impatient.runs() == []
    holder.execute("ROLLBACK")
    holder.close()
    assert impatient.record_run(RUN) == 1
    impatient.close()


@pytest.mark.parametrize("where", ["folder", "under a file", "postgresql+nothing://host/db", "what://"])
def test_a_place_that_holds_no_database_is_refused(tmp_path, where):
    """A folder, a path under a file, and an unknown kind of database are errors with a name."""
    (tmp_path / "file").write_text("x")
    place = {"folder": tmp_path, "under a file": tmp_path / "file" / "db"}.get(where, where)
    with pytest.raises(OperationsUnavailable):
        Operations.open(place)


def test_a_full_disk_is_named(tmp_path):
    """A database that cannot grow keeps what it has and says which file it is."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs Linux and root")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        operations = Operations.open(disk / "kowal.sqlite")
        operations.record_run(RUN)
        with pytest.raises(OperationsUnavailable, match=r"kowal\.sqlite"):
            operations.record_run(replace(RUN, message="x" * 1_000_000))
        assert operations.runs()[-1].message == ""
        operations.close()
    finally:
        subprocess.run(["umount", str(disk)], check=True)
