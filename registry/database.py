"""The operational database as such: opened, migrated, read and written, every failure given its name."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, Self, cast

from sqlalchemy import Connection, Engine, Executable, Select, Table, create_engine, event, insert, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from registry.errors import OperationsUnavailable
from registry.schema import REVISION

_BUSY_TIMEOUT_S = 5.0
_OLDEST_SQLITE = (3, 42)
"""What DBOS needs: `unixepoch('subsec')`."""
_WRITES = {"kowal_writes": True}
_MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """One SQLite file, or one Postgres database. Safe to use from several threads and processes at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._where = engine.url.database or engine.url.render_as_string(hide_password=True)

    @classmethod
    def open(cls, url_or_path: str | Path) -> Self:
        """The database, made or migrated if need be. Raises `OperationsUnavailable` naming the file."""
        database = cls(_engine(url_of(url_or_path)))
        try:
            database._migrate()
        except BaseException:
            database.close()
            raise
        return database

    @property
    def url(self) -> URL:
        """Where it is; the password is in it."""
        return self._engine.url

    def close(self) -> None:
        """Close all connections. Idempotent."""
        self._engine.dispose()

    def rows(self, query: Select[Any]) -> list[dict[str, Any]]:
        """What the query finds, by column."""
        with self._connection({}) as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def writing(self) -> AbstractContextManager[Connection]:
        """A connection in a transaction that is kept as a whole, or not at all."""
        return self._connection(_WRITES)

    @contextmanager
    def _connection(self, options: Mapping[str, Any]) -> Iterator[Connection]:
        try:
            with self._engine.connect().execution_options(**options) as connection, connection.begin():
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise _unavailable(error, self._where) from error

    def _migrate(self) -> None:
        if self._revision() == REVISION:
            return
        with self._connection(_WRITES) as connection:
            found = stored_revision(connection)  # again, now that no other process can migrate
            if found and found > REVISION:
                raise OperationsUnavailable(
                    f"The operational database {self._where} was made by a newer Kowal.",
                    advice="Install the newest release of Kowal; the database is untouched.",
                )
            if found != REVISION:
                _upgrade(connection)

    def _revision(self) -> str | None:
        with self._connection({}) as connection:
            return stored_revision(connection)


def insert_row(connection: Connection, table: Table, row: Mapping[str, Any]) -> int:
    """The id of the row, which is in the table."""
    key = connection.execute(insert(table), storable(row)).inserted_primary_key
    return int(key[0]) if key else 0


def insert_once(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert the row, unless one with its keys is there, whatever other processes do; whether it is new."""
    once = _insert(connection)(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    return connection.execute(once, storable(row)).rowcount == 1  # psycopg's own count is lost without that option


def insert_each_once(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows, which have the same columns, in one statement, each unless one with its keys is there."""
    if rows:
        connection.execute(_insert(connection)(table).on_conflict_do_nothing(), [storable(row) for row in rows])


def upsert_row(connection: Connection, table: Table, row: Mapping[str, Any], *keys: str) -> None:
    """Insert the whole row, or put it in the place of the one with these keys, whatever other processes do."""
    connection.execute(_upsert(_insert(connection), table, keys), storable(row))


def _insert(connection: Connection) -> Callable[[Table], Any]:
    """The dialect's own insert statement, which knows what to do about a row that is there."""
    from sqlalchemy.dialects import postgresql, sqlite

    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert


@lru_cache
def _upsert(insert: Callable[[Table], Any], table: Table, keys: tuple[str, ...]) -> Executable:
    statement = insert(table)
    changed = {column.name: statement.excluded[column.name] for column in table.c if column.name not in (*keys, "id")}
    upsert: Executable = statement.on_conflict_do_update(index_elements=keys, set_=changed)
    return upsert


def storable(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row without lone surrogates and NUL, which not every database takes, and without an id that it gives."""
    said = {key: value.replace("\0", "\N{SYMBOL FOR NULL}") for key, value in row.items() if isinstance(value, str)}
    texts = {key: value.encode(errors="replace").decode() for key, value in said.items()}
    return {key: value for key, value in {**row, **texts}.items() if key != "id" or value is not None}


def url_of(url_or_path: str | Path) -> URL:
    """Where a database is, as a URL; a file's folder is made. Raises `OperationsUnavailable`."""
    if isinstance(url_or_path, str) and "://" in url_or_path:
        try:
            return make_url(url_or_path)
        except (ArgumentError, ValueError) as error:
            raise OperationsUnavailable(f"The operational database's URL cannot be read: {error}.") from error
    path = Path(url_or_path).absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OperationsUnavailable(f"The folder {path.parent} cannot be made: {error.strerror}.") from error
    return URL.create("sqlite", database=str(path))


def sqlite_driver() -> ModuleType:
    """The SQLite to open the database with: Python's own, or a newer one where that is too old for the queue.

    One process must not open a file with two of them: SQLite's locks are the process's, and closing one connection
    would drop the locks of the other (sqlite.org/howtocorrupt.html, 2.2.1).
    """
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        try:
            from pysqlite3 import dbapi2

            return cast(ModuleType, dbapi2)
        except ImportError:
            pass  # all but the queue works with the old one
    return sqlite3


def _engine(url: URL) -> Engine:
    options: dict[str, Any] = {"pool_pre_ping": True}  # a server that was started anew is met with new connections
    if url.drivername.startswith("sqlite"):
        options = {"connect_args": {"timeout": _BUSY_TIMEOUT_S}, "module": sqlite_driver()}
    try:
        engine = create_engine(url, **options)
    except (NoSuchModuleError, ImportError, ArgumentError) as error:
        raise OperationsUnavailable(f"No driver for the operational database: {error}.") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver would begin transactions late; `_begin_sqlite` does
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once where writing is meant: a lock taken later fails instead of waiting."""
    writes = connection.get_execution_options().get("kowal_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def stored_revision(connection: Connection) -> str | None:
    """The newest migration that the database has; None for a database that holds nothing of ours."""
    if connection.dialect.has_table(connection, "alembic_version"):
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None


def _upgrade(connection: Connection) -> None:
    from alembic import command  # 0.2 s, and needed once in the life of a database
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _unavailable(error: Exception, where: str) -> OperationsUnavailable:
    reason = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    message = f"The operational database {where} cannot be used: {reason}."
    if "malformed" in reason or "not a database" in reason:
        return OperationsUnavailable(
            message, advice=f"It is kept as it is. Move {where} away to begin a new one, or restore a copy."
        )
    if "locked" in reason:
        return OperationsUnavailable(message, advice="Another process is writing to it. Repeat the command.")
    return OperationsUnavailable(message)
