"""The index: production as SQLite rows and searchable words, derived from git alone."""

import json
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from registry import search
from registry.errors import InvalidFunction, RegistryError
from registry.layout import PRODUCTION
from registry.profile import Found, hit_of, types_of
from registry.repository import Record, Repository
from registry.types import Function, Listing, Manifest, Status, Version, manifest_text

_SCHEMA_VERSION = 6
_MEMORY = ":memory:"

# What a file that cannot be used (as opposed to one that is damaged) answers with.
_UNUSABLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)

_TABLES = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE functions (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, version TEXT NOT NULL, commit_id TEXT NOT NULL,
        tree TEXT NOT NULL, digest TEXT NOT NULL, description TEXT NOT NULL, manifest TEXT NOT NULL,
        source TEXT NOT NULL, tests TEXT NOT NULL, lock TEXT NOT NULL, evidence TEXT NOT NULL)""",
    *search.TABLES,
)
_VERSION_COLUMNS = "version, commit_id, digest, manifest, source, tests, lock, evidence"


class Index:
    """Production, quick to read. Each read first catches up with git; a damaged file is made anew.

    Where the file cannot be written or opened the index lives in memory. Safe to use from several threads.
    """

    def __init__(self, path: Path, repository: Repository) -> None:
        self._path: Path | None = path
        self._repository = repository
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        self._inode = 0

    def close(self) -> None:
        """Close the file. Idempotent; a later read opens it again."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def catch_up(self) -> None:
        """Take over what has changed in production since the index was last used."""
        self._use(lambda _: None)

    def find(self, name: str) -> Version | None:
        """The function's production version, or None."""
        query = f"SELECT {_VERSION_COLUMNS} FROM functions WHERE name = ?"  # noqa: S608 (a constant)
        row = self._use(lambda db: db.execute(query, (name,)).fetchone())
        return self._checked(row) if row else None

    def production(self) -> list[Version]:
        """All production versions, by name."""
        query = f"SELECT {_VERSION_COLUMNS} FROM functions ORDER BY name"  # noqa: S608 (a constant)
        return [self._checked(row) for row in self._use(lambda db: db.execute(query).fetchall())]

    def listings(self) -> list[Listing]:
        """All production versions in short, by name."""
        query = "SELECT name, version, description, commit_id FROM functions ORDER BY name"
        return [
            Listing(name=name, version=version, status=Status.PRODUCTION, description=description, commit=commit)
            for name, version, description, commit in self._use(lambda db: db.execute(query).fetchall())
        ]

    def size(self) -> int:
        """How many functions are in production."""
        return int(self._use(lambda db: db.execute("SELECT count(*) FROM functions").fetchone())[0])

    def manifests(self) -> list[Manifest]:
        """The manifests of production, by name, as the index has them: to choose by, not to run by."""
        rows = self._use(lambda db: db.execute("SELECT manifest FROM functions ORDER BY name").fetchall())
        found = []
        for (text,) in rows:
            with suppress(ValueError):  # a damaged row is found out when its function is asked for
                found.append(Manifest.model_validate_json(text))
        return found

    def trees(self) -> dict[str, str]:
        """The id of each production function's folder, by name."""
        return dict(self._use(lambda db: db.execute("SELECT name, tree FROM functions").fetchall()))

    def search(self, terms: Sequence[str], limit: int, parameters: Sequence[str] = ()) -> Found:
        """The production functions that share terms with these, best first, then others that have all parameters.

        Either kind up to `limit`.
        """
        return self._use(lambda db: search.search(db, terms, limit, parameters))

    def alike(self, types: str, terms: Sequence[str], limit: int) -> list[str]:
        """The production functions of these types (`types_of`), those that share terms with these first."""
        return self._use(lambda db: search.alike(db, types, terms, limit))

    def rebuild(self) -> int:
        """The number of functions in an index made anew from git alone."""
        with self._lock:
            self._discard()
            return self.size()

    def problems(self) -> list[str]:
        """What is wrong with the file, in sentences."""
        found = self._use(lambda db: db.execute("PRAGMA quick_check").fetchall())
        return [f"The index is damaged: {text}." for (text,) in found if text != "ok"]

    def _use[T](self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            try:
                return work(self._current())
            except sqlite3.DatabaseError as error:
                self._replace(error)
                return work(self._current())

    def _checked(self, row: Sequence[str]) -> Version:
        version, commit, digest, manifest, source, tests, lock, evidence = row
        with suppress(ValueError):
            read = Manifest.model_validate(json.loads(manifest))
            function = Function(manifest=read, source=source, tests=tests, lock=lock)
            if function.digest == digest:
                return Version(
                    function=function,
                    commit=commit,
                    status=Status.PRODUCTION,
                    version=version,
                    evidence=json.loads(evidence),
                )
        # Bytes that changed under SQLite's eyes: what git holds is what runs.
        self._discard()
        record = self._repository.in_production(json.loads(manifest)["name"])
        if record is None:
            raise RegistryError("The index named a function that git does not have in production; repeat the command.")
        return self._repository.load(record, Status.PRODUCTION)

    def _current(self) -> sqlite3.Connection:
        db = self._db or self._open()
        tip = self._repository.tip(PRODUCTION)
        if _known_tip(db) != tip:
            db = self._reopened_if_replaced(db)
            _in_transaction(db, lambda: self._follow(db))
        return db

    def _open(self) -> sqlite3.Connection:
        # Autocommit (isolation_level None) leaves every BEGIN to this file. Nothing is synced to the
        # disk: what a power failure could damage here is made again from git.
        target = self._path or _MEMORY
        db = sqlite3.connect(target, isolation_level=None, check_same_thread=False, timeout=5.0)
        try:
            db.execute("PRAGMA synchronous = OFF")
            if db.execute("PRAGMA user_version").fetchone()[0] != _SCHEMA_VERSION:
                _in_transaction(db, lambda: _create_tables(db))
        except BaseException:
            db.close()
            raise
        self._db, self._inode = db, self._path.stat().st_ino if self._path else 0
        return db

    def _reopened_if_replaced(self, db: sqlite3.Connection) -> sqlite3.Connection:
        """A connection to the file that is there now; writing to a deleted one could harm its successor."""
        if self._path is None:
            return db
        with suppress(FileNotFoundError):
            if self._path.stat().st_ino == self._inode:
                return db
        self.close()
        return self._open()

    def _replace(self, error: sqlite3.DatabaseError) -> None:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if code in _UNUSABLE:
            self.close()
            self._path = None
        else:
            self._discard()

    def _discard(self) -> None:
        self.close()
        if self._path is None:
            return
        try:
            self._path.with_name(f"{self._path.name}-journal").unlink(missing_ok=True)
            self._path.unlink(missing_ok=True)
        except OSError:
            self._path = None

    def _follow(self, db: sqlite3.Connection) -> None:
        known, tip = _known_tip(db), self._repository.tip(PRODUCTION)
        if known == tip:
            return
        try:
            changes = list(self._repository.changed(known, tip))
        except RegistryError:
            # The commit it was made from is not in this repository: it is another registry's index.
            if known is None:
                raise
            db.execute("DELETE FROM functions")
            for table in ("searchable", "terms", "parameters"):
                db.execute(f"DELETE FROM {table}")  # noqa: S608 (a constant)
            changes = list(self._repository.changed(None, tip))
        for name, tree in changes:
            self._replace_row(db, name, tree)
        db.execute("INSERT OR REPLACE INTO meta VALUES ('production', ?)", (tip,))

    def _replace_row(self, db: sqlite3.Connection, name: str, tree: str | None) -> None:
        for (row,) in db.execute("SELECT id FROM functions WHERE name = ?", (name,)).fetchall():
            search.remove(db, row)
            db.execute("DELETE FROM functions WHERE id = ?", (row,))
        record = self._repository.match(name, tree) if tree else None
        if record is not None:  # a folder that no tag vouches for is not served; `check` reports it
            with suppress(InvalidFunction):
                _insert(db, record, self._repository.load(record, Status.PRODUCTION))


def _insert(db: sqlite3.Connection, record: Record, version: Version) -> None:
    function, manifest = version.function, version.function.manifest
    texts = (manifest.description, manifest_text(manifest), function.source, function.tests, function.lock)
    row = (
        db.execute(
            "INSERT INTO functions VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                record.name,
                record.version,
                record.commit,
                record.tree,
                function.digest,
                *texts,
                json.dumps(version.evidence),
            ),
        ).lastrowid
        or 0
    )
    search.add(db, row, hit_of(version), types_of(manifest))


def _known_tip(db: sqlite3.Connection) -> str | None:
    row = db.execute("SELECT value FROM meta WHERE key = 'production'").fetchone()
    return str(row[0]) if row else None


def _create_tables(db: sqlite3.Connection) -> None:
    (found,) = db.execute("PRAGMA user_version").fetchone()
    if found == _SCHEMA_VERSION:
        return  # another process was first
    if found or db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise sqlite3.DatabaseError("the index was made by another release")
    for statement in _TABLES:
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")


def _in_transaction(db: sqlite3.Connection, work: Callable[[], None]) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        work()
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
