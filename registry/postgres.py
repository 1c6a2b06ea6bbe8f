"""The operational database on Postgres as one file, by the server's own programs, and back."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from registry.database import stored_revision
from registry.errors import BackupFailed
from registry.schema import metadata

QUEUE = "dbos"
"""The schema of the queue's tables."""
ASIDE = "kowal_before_"
"""How schemas are called that hold what was moved aside."""
OURS = frozenset((*metadata.tables, "alembic_version"))
Change = tuple[str, str]
"""A statement, and the one that takes it back."""


class PostgresCopier:
    """Copies our tables and the queue's, and nothing else that is in the database."""

    kind = "postgres"

    def __init__(self, url: URL) -> None:
        self._url, self._where = url, url.render_as_string(hide_password=True)

    def copy_to(self, file: Path) -> str:
        """See `Copier.copy_to`."""
        program = found("pg_dump")
        with self._connected() as connection:
            look, home = sa.inspect(connection), default_schema(connection)
            revision = stored_revision(connection)
            others = [
                f"--exclude-schema={quoted(name)}" for name in look.get_schema_names() if name not in (home, QUEUE)
            ]
            others += [f"--exclude-table={quoted(home)}.{quoted(name)}" for name in set(look.get_table_names()) - OURS]
        if revision is None:
            raise BackupFailed(f"There is no operational database at {self._where}.")
        self._run(program, "--format=custom", "--no-owner", "--no-privileges", f"--file={file}", *others)
        return revision

    def is_there(self) -> bool:
        """See `Copier.is_there`."""
        with self._connected() as connection:
            look = sa.inspect(connection)
            return look.has_schema(QUEUE) or bool(OURS & set(look.get_table_names()))

    def restore_from(self, file: Path, now: datetime) -> str:
        """See `Copier.restore_from`."""
        program, aside = found("pg_restore"), f"{ASIDE}{now:%Y%m%dt%H%M%S}"
        with self._connected() as connection:
            others = connection.execute(sa.text(OTHERS)).scalar_one()
            changes = list(moves(connection, aside))
            if changes and others:
                raise BackupFailed(
                    f"The operational database {self._where} is in use by {others} other connections.",
                    advice="End the workers and commands that use it, and repeat.",
                )
            for forward, _ in changes:
                connection.execute(sa.text(forward))
        try:
            self._run(
                program,
                "--single-transaction",
                "--exit-on-error",
                "--no-owner",
                "--no-privileges",
                "--no-comments",
                file,
            )
        except BackupFailed:
            with self._connected() as connection:
                for _, back in reversed(changes):
                    connection.execute(sa.text(back))
            raise
        return f"the schemas {aside} and {aside}_{QUEUE}" if changes else ""

    @contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        """A connection in a transaction."""
        engine = sa.create_engine(self._url)
        try:
            with engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", error)).strip()
            raise BackupFailed(f"The operational database {self._where} cannot be used: {reason}.") from error
        finally:
            engine.dispose()

    def _run(self, program: str, *words: str | Path) -> None:
        """Run a program of the server's on the database; the password goes through a file that nobody else reads."""
        with tempfile.TemporaryDirectory() as folder:
            url = self._url
            address = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
            address = address.difference_update_query(["password"])
            if password := self._url.password or self._url.query.get("password"):
                secret = Path(folder, "password")
                secret.touch(0o600)
                escaped = str(password).replace("\\", "\\\\").replace(":", "\\:")
                secret.write_text(f"*:*:*:*:{escaped}\n")
                address = address.update_query_dict({"passfile": str(secret)})
            where = f"--dbname={address.render_as_string(hide_password=False)}"
            words = ("--no-password", where, *words)
            done = subprocess.run(
                [program, *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
            )
        if done.returncode:
            raise BackupFailed(f"`{Path(program).name}` failed: {done.stderr.strip()[-500:]}")


OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
FUNCTIONS = """
SELECT DISTINCT p.oid::regprocedure::text FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND n.nspname = :home AND c.relname = ANY(:ours)
"""
"""The functions that the triggers of our tables call."""


def moves(connection: sa.Connection, aside: str) -> Iterator[Change]:
    """What moves our tables and the queue's aside; nothing where there are none."""
    look, home = sa.inspect(connection), default_schema(connection)
    ours = sorted(OURS & set(look.get_table_names()))
    functions = connection.execute(sa.text(FUNCTIONS), {"home": home, "ours": ours}).scalars().all()
    if ours:
        yield f"CREATE SCHEMA {aside}", f"DROP SCHEMA {aside}"
    for kind, names in (("TABLE", map(quoted, ours)), ("FUNCTION", map(str, functions))):
        for name in names:
            back = f"ALTER {kind} {aside}.{name} SET SCHEMA {quoted(home)}"
            yield f"ALTER {kind} {quoted(home)}.{name} SET SCHEMA {aside}", back
    if look.has_schema(QUEUE):
        kept = f"{aside}_{QUEUE}"
        yield f"ALTER SCHEMA {QUEUE} RENAME TO {kept}", f"ALTER SCHEMA {kept} RENAME TO {QUEUE}"


def default_schema(connection: sa.Connection) -> str:
    """Where tables are that name no schema."""
    return str(sa.inspect(connection).default_schema_name)


def quoted(name: str) -> str:
    """The name as SQL and the server's programs take it literally."""
    return '"' + name.replace('"', '""') + '"'


def found(program: str) -> str:
    """Where a program of the server's is. Raises `BackupFailed`."""
    place = shutil.which(program)
    if place is None:
        raise BackupFailed(
            f"A backup of a Postgres database needs the program `{program}`, which is not installed.",
            advice="Install the client of your server's version (Debian: apt-get install postgresql-client).",
        )
    return place
