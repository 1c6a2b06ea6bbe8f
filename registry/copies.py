"""The operational database as one file, and back: all that is in it, the queue's tables included."""

import os
import shutil
from contextlib import closing
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from registry.database import sqlite_driver, url_of
from registry.errors import BackupFailed, BadBackup

BUSY_S = 30.0
"""Seconds to wait for a database that others write to."""


class Copier(Protocol):
    """Copies one kind of database."""

    kind: str
    """As a backup names it."""

    def copy_to(self, file: Path) -> str:
        """Write a copy as of one moment, whoever works with the database meanwhile; its newest migration.

        Raises `BackupFailed`.
        """
        ...

    def is_there(self) -> bool:
        """Whether the database holds anything."""
        ...

    def restore_from(self, file: Path, now: datetime) -> str:
        """Put the copy in the database's place; where the one that was there is now, empty where there was none.

        Either all of it happens, or nothing. Raises `BackupFailed` where the database is in use.
        """
        ...


def copier_for(place: str) -> Copier:
    """What copies the operational database of the settings: a file, or a URL."""
    url = url_of(place)
    if url.get_backend_name() == "sqlite":
        return SqliteCopier(Path(str(url.database)))
    from registry.postgres import PostgresCopier

    return PostgresCopier(url)


def aside_of(path: Path, now: datetime) -> Path:
    """Where what is at the path is kept when something else takes its place."""
    return path.with_name(f"{path.name}.before-{now:%Y%m%dT%H%M%S}")


class SqliteCopier:
    """Copies a SQLite file by the library's own online backup."""

    kind = "sqlite"

    def __init__(self, path: Path) -> None:
        self._path = path

    def copy_to(self, file: Path) -> str:
        """See `Copier.copy_to`."""
        driver = sqlite_driver()
        if not self.is_there():
            raise BackupFailed(f"There is no operational database at {self._path}.")
        try:
            with (
                closing(driver.connect(str(self._path), timeout=BUSY_S)) as source,
                closing(driver.connect(str(file))) as copy,
            ):
                source.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, with no log beside it
                damage, revision = damage_of(copy), copy.execute("SELECT version_num FROM alembic_version").fetchone()
        except driver.Error as error:
            raise BackupFailed(f"The operational database {self._path} cannot be copied: {error}.") from error
        if damage:
            raise BackupFailed(f"The operational database {self._path} is damaged: {damage}.")
        return str(revision[0])

    def is_there(self) -> bool:
        """See `Copier.is_there`."""
        return self._path.exists()

    def restore_from(self, file: Path, now: datetime) -> str:
        """See `Copier.restore_from`."""
        driver, aside, draft = sqlite_driver(), aside_of(self._path, now), self._path.with_name(f".{self._path.name}")
        was_there = self.is_there()
        try:
            with closing(driver.connect(str(file))) as copy:
                damage = damage_of(copy)
        except driver.Error as error:
            damage = str(error)
        if damage:
            raise BadBackup(f"The backup's database is damaged: {damage}.")
        try:
            shutil.copyfile(file, draft)
            draft.chmod(0o600)
            sync(draft)
            if was_there:
                self._move_aside(driver, aside)
            draft.rename(self._path)
            sync(self._path.parent)
        except OSError as error:
            if was_there and aside.exists():
                aside.rename(self._path)
            raise BackupFailed(f"The operational database cannot be put at {self._path}: {error.strerror}.") from error
        finally:
            draft.unlink(missing_ok=True)
        return str(aside) if was_there else ""

    def _move_aside(self, driver: ModuleType, aside: Path) -> None:
        """Move the database away. A log that stayed beside it would be taken for the one of what comes in its place."""
        try:
            with closing(driver.connect(str(self._path), timeout=1.0)) as old:
                old.execute("PRAGMA journal_mode = DELETE")  # refused where anybody else has it open
        except driver.OperationalError as error:
            raise BackupFailed(
                f"The operational database {self._path} is in use: {error}.",
                advice="End the workers and commands that use it, and repeat.",
            ) from error
        except driver.DatabaseError:
            pass  # damaged: it is kept as it is, with its log
        for end in ("-wal", "-shm"):
            beside = self._path.with_name(f"{self._path.name}{end}")
            if beside.exists():
                beside.rename(aside.with_name(f"{aside.name}{end}"))
        self._path.rename(aside)


def damage_of(connection: Any) -> str:
    """What is wrong with a SQLite database; empty where nothing is."""
    (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    return "" if said == "ok" else str(said)


def sync(path: Path) -> None:
    """Have what was written to the file or folder stand on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
