"""The operational database as such: opened, migrated, read and written, every failure given its name."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, Executable, Select, Table, create_engine, event, insert, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from registry.errors import OperationsUnavailable
from registry.schema import REVISION

_BUSY_TIMEOUT_S = 5.0
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
        database = cls(_engine(_url(url_or_path)))
        try:
            database._migrate()
        except BaseException:
            database.close()
            raise
        return database

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
            found = _stored_revision(connection)  # again, now that no other process can migrate
            if found and found > REVISION:
                raise OperationsUnavailable(
                    f"The operational database {self._where} was made by a newer Kowal.",
                    advice="Install the newest release of Kowal; the database is untouched.",
                )
            if found != REVISION:
                _upgrade(connection)

    def _revision(self) -> str | None:
        with self._connection({}) as connection:
            return _stored_revision(connection)


def insert_row(connection: Connection, table: Table, row: Mapping[str, Any]) -> int:
    """The id of the row, which is in the table."""
    key = connection.execute(insert(table), storable(row)).inserted_primary_key
    return int(key[0]) if key else 0


def upsert_row(connection: Connection, table: Table, row: Mapping[str, Any], *keys: str) -> None:
    """Insert the whole row, or put it in the place of the one with these keys, whatever other processes do."""
    connection.execute(_upsert(connection.dialect.name, table, keys), storable(row))


@lru_cache
def _upsert(dialect: str, table: Table, keys: tuple[str, ...]) -> Executable:
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    statement = insert(table)
    changed = {column.name: statement.excluded[column.name] for column in table.c if column.name not in (*keys, "id")}
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


def storable(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row without lone surrogates, which no database takes, and without its id."""
    texts = {key: value.encode(errors="replace").decode() for key, value in row.items() if isinstance(value, str)}
    return {key: value for key, value in {**row, **texts}.items() if key != "id"}


def _url(url_or_path: str | Path) -> URL:
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


def _engine(url: URL) -> Engine:
    try:
        engine = create_engine(
            url, connect_args={"timeout": _BUSY_TIMEOUT_S} if url.drivername.startswith("sqlite") else {}
        )
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


def _stored_revision(connection: Connection) -> str | None:
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
