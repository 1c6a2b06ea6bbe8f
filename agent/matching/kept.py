"""What models said of texts, kept in one SQLite file. All of it can be thrown away: it is then asked for anew."""

import hashlib
import json
import sqlite3
import threading
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

SCHEMA_VERSION = 1
TABLES = (
    "CREATE TABLE vectors (text TEXT, model TEXT, vector BLOB NOT NULL, PRIMARY KEY (model, text)) WITHOUT ROWID",
    "CREATE TABLE lines (text TEXT PRIMARY KEY, line TEXT NOT NULL) WITHOUT ROWID",
)
MEMORY = ":memory:"
FIND_VECTORS = "SELECT text, vector FROM json_each(?) CROSS JOIN vectors ON text = value WHERE model = ?"
"""`CROSS` lets SQLite look each key up, where it would else go through the keys for each vector."""


class Kept:
    """The file, found by a text's SHA-256: the texts themselves are not in it.

    A damaged file is made anew; one that cannot be used is replaced by memory. Safe to use from several threads and
    processes.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the file. Idempotent; a later use opens it again."""
        with self._lock:
            self._close()

    def vectors(self, model: str, keys: Iterable[str]) -> list[tuple[str, Sequence[float]]]:
        """The vectors that the model of this digest made of the texts of these keys, where they are here."""
        asked = json.dumps(list(keys))
        rows = self._use(lambda db: db.execute(FIND_VECTORS, (asked, model)).fetchall())
        return [(key, read) for key, blob in rows if len(read := numbers(blob))]

    def keep_vectors(self, model: str, made: Mapping[str, Sequence[float]]) -> None:
        """Keep these vectors, by key."""
        rows = [(key, model, array("f", vector).tobytes()) for key, vector in made.items()]
        self._use(
            lambda db: db.executemany("INSERT OR REPLACE INTO vectors (text, model, vector) VALUES (?, ?, ?)", rows)
        )

    def line(self, key: str) -> str:
        """The English line that was made of the text of this key, or nothing."""
        row = self._use(lambda db: db.execute("SELECT line FROM lines WHERE text = ?", (key,)).fetchone())
        return str(row[0]) if row else ""

    def keep_line(self, key: str, line: str) -> None:
        """Keep the English line of a text."""
        self._use(lambda db: db.execute("INSERT OR REPLACE INTO lines VALUES (?, ?)", (key, line)))

    def _use[T](self, work: Callable[[sqlite3.Connection], T]) -> T:
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
        db = sqlite3.connect(self._path or MEMORY, check_same_thread=False, timeout=5.0)
        try:
            db.execute("PRAGMA synchronous = OFF")  # what a power failure damages is made anew
            with db:
                db.execute("BEGIN IMMEDIATE")
                (found,) = db.execute("PRAGMA user_version").fetchone()
                if found != SCHEMA_VERSION:
                    create(db, found)
        except BaseException:
            db.close()
            raise
        self._db = db
        return db

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


def create(db: sqlite3.Connection, found: int) -> None:
    """Make the tables. Raises `sqlite3.DatabaseError` where another release made others."""
    if found or db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise sqlite3.DatabaseError("made by another release")
    for statement in TABLES:
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def key_of(text: str) -> str:
    """What a text is found by."""
    return hashlib.sha256(text.encode()).hexdigest()


def numbers(blob: object) -> Sequence[float]:
    """The vector in these bytes; none where they are no vector."""
    found = array("f")
    if isinstance(blob, bytes) and len(blob) % found.itemsize == 0:
        found.frombytes(blob)
    return found
