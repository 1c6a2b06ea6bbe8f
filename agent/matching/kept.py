"""What models said of texts, kept in one SQLite file. All of it can be thrown away: it is then asked for anew."""

import hashlib
import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from agent.throwaway import Throwaway

SCHEMA_VERSION = 1
TABLES = (
    "CREATE TABLE vectors (text TEXT, model TEXT, vector BLOB NOT NULL, PRIMARY KEY (model, text)) WITHOUT ROWID",
    "CREATE TABLE lines (text TEXT PRIMARY KEY, line TEXT NOT NULL) WITHOUT ROWID",
)
FIND_VECTORS = "SELECT text, vector FROM json_each(?) CROSS JOIN vectors ON text = value WHERE model = ?"
"""`CROSS` lets SQLite look each key up, where it would else go through the keys for each vector."""


class Kept:
    """The file, found by a text's SHA-256: the texts themselves are not in it. See `Throwaway`."""

    def __init__(self, path: Path | None) -> None:
        self._file = Throwaway(path, TABLES, SCHEMA_VERSION)

    def close(self) -> None:
        """Close the file. Idempotent; a later use opens it again."""
        self._file.close()

    def vectors(self, model: str, keys: Iterable[str]) -> list[tuple[str, Sequence[float]]]:
        """The vectors that the model of this digest made of the texts of these keys, where they are here."""
        asked = json.dumps(list(keys))
        rows = self._file.use(lambda db: db.execute(FIND_VECTORS, (asked, model)).fetchall())
        return [(key, read) for key, blob in rows if len(read := numbers(blob))]

    def keep_vectors(self, model: str, made: Mapping[str, Sequence[float]]) -> None:
        """Keep these vectors, by key."""
        rows = [(key, model, array("f", vector).tobytes()) for key, vector in made.items()]
        self._file.use(
            lambda db: db.executemany("INSERT OR REPLACE INTO vectors (text, model, vector) VALUES (?, ?, ?)", rows)
        )

    def line(self, key: str) -> str:
        """The English line that was made of the text of this key, or nothing."""
        row = self._file.use(lambda db: db.execute("SELECT line FROM lines WHERE text = ?", (key,)).fetchone())
        return str(row[0]) if row else ""

    def keep_line(self, key: str, line: str) -> None:
        """Keep the English line of a text."""
        self._file.use(lambda db: db.execute("INSERT OR REPLACE INTO lines VALUES (?, ?)", (key, line)))


def key_of(text: str) -> str:
    """What a text is found by."""
    return hashlib.sha256(text.encode()).hexdigest()


def numbers(blob: object) -> Sequence[float]:
    """The vector in these bytes; none where they are no vector."""
    found = array("f")
    if isinstance(blob, bytes) and len(blob) % found.itemsize == 0:
        found.frombytes(blob)
    return found
