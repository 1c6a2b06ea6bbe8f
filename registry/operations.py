"""The operational database: what happened. Runs, attempts, and the words people have confirmed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy import (
    Connection,
    Engine,
    Select,
    Table,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from registry.errors import OperationsUnavailable
from registry.records import AttemptRecord, Run, RunCounts
from registry.schema import REVISION, aliases, attempts, runs

_BUSY_TIMEOUT_S = 5.0
_WRITES = {"kowal_writes": True}
_MIGRATIONS = Path(__file__).parent / "migrations"


class Operations:
    """The database of one installation. Safe to use from several threads and processes at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._where = engine.url.database or engine.url.render_as_string(hide_password=True)

    @classmethod
    def open(cls, url_or_path: str | Path) -> Self:
        """The database, made or migrated if need be. Raises `OperationsUnavailable` naming the file."""
        operations = cls(_engine(_url(url_or_path)))
        try:
            operations._migrate()
        except BaseException:
            operations.close()
            raise
        return operations

    def close(self) -> None:
        """Close all connections. Idempotent."""
        self._engine.dispose()

    def record_run(self, run: Run) -> int:
        """The id of the run, which is kept."""
        return self._insert(runs, asdict(run))

    def runs(self, function: str | None = None, limit: int = 50) -> Sequence[Run]:
        """The newest runs, newest first; of one function or of all."""
        query = select(runs).order_by(runs.c.id.desc()).limit(limit)
        return [Run(**row) for row in self._rows(query.where(runs.c.function == function) if function else query)]

    def run_counts(self, function: str) -> RunCounts:
        """How often the function ran, and how often it gave a value."""
        query = select(runs.c.outcome, func.count().label("count")).where(runs.c.function == function)
        counts = {row["outcome"]: row["count"] for row in self._rows(query.group_by(runs.c.outcome))}
        return RunCounts(total=sum(counts.values()), ok=counts.get("ok", 0))

    def record_attempt(self, attempt: AttemptRecord) -> int:
        """The id of the attempt, which is kept."""
        return self._insert(attempts, asdict(attempt))

    def attempts(self, task_id: str | None = None, limit: int = 50) -> Sequence[AttemptRecord]:
        """The newest attempts, newest first; of one task or of all."""
        query = select(attempts).order_by(attempts.c.id.desc()).limit(limit)
        rows = self._rows(query.where(attempts.c.task_id == task_id) if task_id else query)
        return [AttemptRecord(**row) for row in rows]

    def add_alias(self, text: str, function: str, by: str) -> None:
        """Keep that these words mean this function. Idempotent; the latest word on a text holds."""
        words = normalised(text)
        row = {"text": words, "function": function, "added_by": by, "created_at": datetime.now(UTC)}
        with self._connection(_WRITES) as connection:
            connection.execute(delete(aliases).where(aliases.c.text == words))
            connection.execute(insert(aliases).values(row))

    def meant_by(self, text: str) -> str | None:
        """The function that these very words were confirmed to mean, if any."""
        rows = self._rows(select(aliases.c.function).where(aliases.c.text == normalised(text)))
        return rows[0]["function"] if rows else None

    def aliases(self) -> Mapping[str, str]:
        """The function that each confirmed text means; the texts are as `normalised` gives them."""
        rows = self._rows(select(aliases.c.text, aliases.c.function))
        return {row["text"]: row["function"] for row in rows}

    def _insert(self, table: Table, row: Mapping[str, Any]) -> int:
        with self._connection(_WRITES) as connection:
            key = connection.execute(insert(table).values(_storable(row))).inserted_primary_key
        return int(key[0]) if key else 0

    def _rows(self, query: Select[Any]) -> list[Mapping[str, Any]]:
        with self._connection({}) as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

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


def normalised(words: str) -> str:
    """The text as aliases are compared: lower case, single spaces, no full stop, at most 500 characters."""
    return " ".join(words.casefold().split()).rstrip(" .!?")[:500]


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


def _storable(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row without lone surrogates, which no database takes, and without its id."""
    texts = {key: value.encode(errors="replace").decode() for key, value in row.items() if isinstance(value, str)}
    return {key: value for key, value in {**row, **texts}.items() if key != "id"}


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
