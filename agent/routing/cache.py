"""Replies that answer the same request again, in one SQLite file, as JSON; all of it can be thrown away."""

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agent.ports import ModelReply, ModelRequest, Usage
from agent.routing.aids import Choice
from agent.throwaway import Throwaway

VERSION = 1
TABLES = (
    "CREATE TABLE replies (key TEXT PRIMARY KEY, reply TEXT NOT NULL, size INTEGER NOT NULL, made REAL NOT NULL,"
    " used REAL NOT NULL) WITHOUT ROWID",
    "CREATE INDEX replies_by_use ON replies (used, size)",
    "CREATE TABLE counts (found INTEGER PRIMARY KEY, count INTEGER NOT NULL)",
)
COUNT = "INSERT INTO counts VALUES (?, 1) ON CONFLICT (found) DO UPDATE SET count = count + 1"
LEAST_USED = (
    "DELETE FROM replies WHERE key IN (SELECT key FROM"
    " (SELECT key, sum(size) OVER (ORDER BY used DESC, key) AS total FROM replies) WHERE total > ?)"
)
"""What is over the size with all that was used after it."""
REPLY = TypeAdapter(ModelReply)


@dataclass(frozen=True, kw_only=True)
class Hits:
    """How often a reply was there that was looked for."""

    found: int = 0
    looked: int = 0

    @property
    def rate(self) -> float | None:
        """Of all that were looked for, 0 to 1; None where none was."""
        return self.found / self.looked if self.looked else None


class KeptReplies:
    """The file. Replies leave it when they are old, and those least used where there is no room for all.

    Safe to use from several threads and processes.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        keep_s: float,
        max_bytes: int,
        parameters: Mapping[str, Any],
        now: Callable[[], float] = time.time,
    ) -> None:
        """`parameters` are all that replies depend on beyond request and model, such as settings of the providers."""
        self._file = Throwaway(path, TABLES, VERSION)
        self._keep_s, self._max_bytes, self._now = keep_s, max_bytes, now
        self._parameters = json.dumps(parameters, sort_keys=True, default=str)

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._file.close()

    def reply(self, request: ModelRequest, choice: Choice) -> ModelReply | None:
        """See `agent.routing.aids.Cache.reply`."""
        if not may_be_kept(request, choice):
            return None
        key, now = self._key(request, choice), self._now()

        def look(db: sqlite3.Connection) -> str | None:
            oldest = now - self._keep_s
            row = db.execute("SELECT reply FROM replies WHERE key = ? AND made > ?", (key, oldest)).fetchone()
            db.execute(COUNT, (row is not None,))
            db.execute("UPDATE replies SET used = ? WHERE key = ?", (now, key))
            return str(row[0]) if row else None

        with suppress(sqlite3.Error, OSError, ValidationError):
            found = self._file.use(look)
            if found is not None:
                reply = REPLY.validate_json(found)
                return replace(reply, usage=Usage(), seconds=0.0, first_token_s=None, is_kept=True)
        return None

    def keep(self, request: ModelRequest, choice: Choice, reply: ModelReply) -> None:
        """See `agent.routing.aids.Cache.keep`. Half a reply is not kept."""
        if not may_be_kept(request, choice) or reply.truncated or reply.is_kept:
            return
        key, now = self._key(request, choice), self._now()

        def keep(db: sqlite3.Connection) -> None:
            written = REPLY.dump_json(reply).decode()
            row = (key, written, len(written.encode()), now, now)
            db.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?)", row)
            db.execute("DELETE FROM replies WHERE made <= ?", (now - self._keep_s,))
            (size,) = db.execute("SELECT total(size) FROM replies").fetchone()
            if size > self._max_bytes:
                db.execute(LEAST_USED, (self._max_bytes,))

        with suppress(sqlite3.Error, OSError, ValueError):  # a text with lone surrogates has no JSON
            self._file.use(keep)

    def hits(self) -> Hits:
        """How often a reply was there, since the file was made."""
        counted: dict[int, int] = {}
        with suppress(sqlite3.Error, OSError):
            counted = dict(self._file.use(lambda db: db.execute("SELECT found, count FROM counts").fetchall()))
        return Hits(found=counted.get(1, 0), looked=sum(counted.values()))

    def _key(self, request: ModelRequest, choice: Choice) -> str:
        """SHA-256, hexadecimal, of all that the reply depends on; the texts themselves are not in it."""
        server, card = choice.provider.server, choice.card
        asked = {
            "model": card.digest or f"{server.provider}/{card.name}",
            "messages": [asdict(message) for message in request.messages],
            "schema": request.schema and dict(request.schema),
            "seed": request.seed,
            "temperature": request.temperature,
            "parameters": self._parameters,
        }
        text = json.dumps(asked, sort_keys=True, default=lambda value: value.hex())
        return hashlib.sha256(text.encode()).hexdigest()


def may_be_kept(request: ModelRequest, choice: Choice) -> bool:
    """Whether it wants no sample of its own, and it is known who answers.

    On a machine of one's own that does not tell a model's weights, another one may have its name tomorrow.
    """
    return request.reusable and bool(choice.card.digest or not choice.provider.server.is_local)
