"""The operational database on a real Postgres: the same rows, and an audit that only grows."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from registry import AuditEntry, Operations, Run, RunCounts

ENTRY = AuditEntry(
    at=datetime(2026, 3, 1, 12, 30, tzinfo=UTC),
    actor="ann",
    action="http",
    function="weather",
    version="1.0.0",
    digest="d" * 64,
    run="r1",
    subject="GET https://api.example.org/v1",
    outcome="allowed",
    facts={"bytes": 0},
)


def tool(name: str) -> str:
    """A program of the Postgres server, where Debian puts it too; the test is skipped where there is none."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, places)]))
    return found or pytest.skip(f"no Postgres server is installed: there is no `{name}`")


def server_user() -> str | None:
    """Who may start a server, which refuses to run as root: the package's own user then."""
    if os.geteuid():
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        pytest.skip("Postgres does not run as root, and there is no user `postgres`")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server of our own, on a socket in a folder of its own."""
    pytest.importorskip("psycopg", reason="no driver for Postgres is installed")
    initdb, control, user = tool("initdb"), tool("pg_ctl"), server_user()
    folder = Path(tempfile.mkdtemp(prefix="kowal-postgres-"))
    if user:
        shutil.chown(folder, user)

    def run(*words: str) -> None:
        done = subprocess.run(words, user=user, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        log = folder / "log"
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{log.read_text() if log.exists() else ''}"

    data, options = str(folder / "data"), f"-c listen_addresses= -c fsync=off -k {folder}"
    try:
        run(initdb, "--pgdata", data, "--username", "kowal", "--auth", "trust", "--encoding", "UTF8", "--no-sync")
        run(control, "start", "--wait", "--pgdata", data, "--log", str(folder / "log"), "--options", options)
        try:
            yield f"postgresql+psycopg://kowal@/postgres?host={quote(str(folder))}"
        finally:
            run(control, "stop", "--wait", "--pgdata", data, "--mode", "immediate")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def operations(server: str) -> Iterator[Operations]:
    """The operational database in it."""
    opened = Operations.open(server)
    yield opened
    opened.close()


def test_runs_come_back_as_they_were_given(operations):
    """The migrations make the tables, a second opening finds them, and a row comes back as it went in."""
    run = Run(
        task="count words", function="count_words", version="1.0.0", digest="d" * 64, commit="c" * 40,
        started_at=ENTRY.at, seconds=0.25, outcome="ok", score=0.93,
    )  # fmt: skip
    number = operations.record_run(run)
    assert operations.runs()[0].id == number
    assert operations.runs()[0].started_at == ENTRY.at
    assert operations.run_counts("count_words") == RunCounts(total=1, ok=1)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET outcome = 'refused'",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE actor = 'ann'",
        "TRUNCATE audit",
        "INSERT INTO audit SELECT * FROM audit ON CONFLICT (id) DO UPDATE SET actor = 'eve'",
        "MERGE INTO audit USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
    ],
)
def test_the_audit_only_grows(operations, server, statement):
    """The database itself refuses to change, to delete and to replace what was written down."""
    operations.record_audit(ENTRY)
    before = operations.audit()
    engine = create_engine(server)
    with pytest.raises(DBAPIError, match="only grows"), engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()
    assert before
    assert operations.audit() == before
