"""A Postgres server of our own, in a folder of its own: started, stopped in the middle of things, and started again."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import quote


class NoPostgres(Exception):
    """No server can be started here, and why."""


class Postgres:
    """The server. Nothing but its own socket leads to it."""

    def __init__(self, folder: Path, user: str | None) -> None:
        self._folder, self._user = folder, user
        self._initdb, self._control = tool("initdb"), tool("pg_ctl")

    def url(self, database: str = "postgres") -> str:
        """The address of one of its databases, for SQLAlchemy."""
        return f"postgresql+psycopg://kowal@/{database}?host={quote(str(self._folder))}"

    def make(self) -> None:
        """Make its files."""
        said = ("--username", "kowal", "--auth", "trust", "--encoding", "UTF8", "--no-sync")
        self._run(self._initdb, "--pgdata", self._data, *said)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-c listen_addresses= -c fsync=off -c max_connections=300 -k {self._folder}"
        log = str(self._folder / "log")
        self._run(self._control, "start", "--wait", "--pgdata", self._data, "--log", log, "--options", options)

    def stop(self, mode: Literal["fast", "immediate"] = "immediate") -> None:
        """Stop it: `immediate` is what a crash is like."""
        self._run(self._control, "stop", "--wait", "--pgdata", self._data, "--mode", mode)

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def _run(self, *words: str) -> None:
        done = subprocess.run(
            words, user=self._user, cwd=self._folder, capture_output=True, text=True, timeout=120, check=False
        )
        log = self._folder / "log"
        if done.returncode:
            raise RuntimeError(f"{done.stdout}\n{done.stderr}\n{log.read_text() if log.exists() else ''}")


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server that runs for the length of a block. Raises `NoPostgres`."""
    tool("initdb")
    user, folder = server_user(), Path(tempfile.mkdtemp(prefix="kowal-postgres-"))
    try:
        if user:
            shutil.chown(folder, user)
        server = Postgres(folder, user)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def tool(name: str) -> str:
    """A program of the Postgres server, where Debian puts it too. Raises `NoPostgres`."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, places)]))
    if found is None:
        raise NoPostgres(f"no Postgres server is installed: there is no `{name}`")
    return found


def server_user() -> str | None:
    """Who may start a server, which refuses to run as root: the package's own user then. Raises `NoPostgres`."""
    if os.geteuid():
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        raise NoPostgres("Postgres does not run as root, and there is no user `postgres`") from None
