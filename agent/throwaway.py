"""A SQLite file of what can be had anew: where it is damaged or cannot be used, it is thrown away."""

import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

MEMORY = ":memory:"


class Throwaway:
    """The file. Made by another release or damaged, it is made anew; one that cannot be used is replaced by memory.

    Only its owner can read it. Safe to use from several threads and processes.
    """

    def __init__(self, path: Path | None, tables: Sequence[str], version: int) -> None:
        self._path, self._tables, self._version = path, tables, version
        self._db: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the file. Idempotent; a later use opens it again."""
        with self._lock:
            self._close()

    def use[T](self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What the work gives, done in one transaction; tried again on a new file where this one is no good."""
        with self._lock:
            try:
                return self._done(work)
            except sqlite3.OperationalError:  # locked, full, read-only, no folder
                self._close()
                self._path = None
            except (sqlite3.DatabaseError, OSError):
                self._discard()
            return self._done(work)

    def _done[T](self, work: Callable[[sqlite3.Connection], T]) -> T:
        db = self._db or self._open()
        with db:
            return work(db)

    def _open(self) -> sqlite3.Connection:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_CREAT | os.O_RDONLY, 0o600))
        db = sqlite3.connect(self._path or MEMORY, check_same_thread=False, timeout=5.0)
        try:
            db.execute("PRAGMA synchronous = OFF")  # what a power failure damages is made anew
            with db:
                db.execute("BEGIN IMMEDIATE")
                (found,) = db.execute("PRAGMA user_version").fetchone()
                if found != self._version:
                    self._create(db, found)
        except BaseException:
            db.close()
            raise
        self._db = db
        return db

    def _create(self, db: sqlite3.Connection, found: int) -> None:
        """Make the tables. Raises `sqlite3.DatabaseError` where another release made others."""
        if found or db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise sqlite3.DatabaseError("made by another release")
        for statement in self._tables:
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {self._version}")

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _discard(self) -> None:
        self._close()
        if self._path is not None:
            with suppress(OSError):
                self._path.with_name(f"{self._path.name}-journal").unlink(missing_ok=True)
                self._path.unlink(missing_ok=True)
                return
        self._path = None
