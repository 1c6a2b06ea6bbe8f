"""What is kept of merge requests: which stand for which candidate or rollback, and what came of each.

The host says how a merge request stands, and git what is merged; this is what neither says: what was proposed when it
was opened, and whether all that follows from its end has been done.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, select, update

from registry.database import Database, insert_once, storable
from registry.schema import reviews

ReviewEnd = Literal["open", "signed", "done", "denied", "expired", "settled", "refused"]
"""`signed`: merged by somebody who may, and not all is done that follows. `settled`: decided in another way.
`refused`: merged, and nothing follows: by somebody who may not, or what was merged is not what was proposed."""
UNDER_WAY: tuple[ReviewEnd, ...] = ("open", "signed")
OVER: tuple[ReviewEnd, ...] = ("done", "refused")
"""What no change of mind alters: it is merged. What was closed may be opened again."""


@dataclass(frozen=True, kw_only=True)
class ReviewRecord:
    """A merge request of ours."""

    host: str
    """The code host, as in the settings."""
    source: str
    """Its branch, without `refs/heads/`."""
    tree: str
    """What the branch was to bring: the id of the function's folder; of the pipeline's branch its commit."""
    commit: str
    """The newest commit of the branch when it was opened."""
    room: str
    """The project's id."""
    number: int
    url: str
    kind: Literal["candidate", "rollback", "pipeline"]
    function: str
    version: str
    """Of a rollback; empty for a candidate."""
    digest: str
    created_at: datetime
    expires_at: datetime
    state: ReviewEnd = "open"
    decided_by: str = ""
    """Who, as records name them."""
    decided_at: datetime | None = None


class ReviewRecords:
    """The merge requests of one installation. Safe to use from several threads and processes at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction, kept as a whole or not at all."""
        return self._database.writing()

    def add(self, record: ReviewRecord) -> None:
        """Keep it, unless one of that host, branch and commit is there. Idempotent."""
        with self._database.writing() as connection:
            insert_once(connection, reviews, asdict(record))

    def under_way(self, host: str) -> Sequence[ReviewRecord]:
        """Those whose end has not come, or has not been acted on, oldest first."""
        query = select(reviews).where(reviews.c.host == host, reviews.c.state.in_(UNDER_WAY))
        return [ReviewRecord(**row) for row in self._database.rows(query.order_by(reviews.c.created_at))]

    def known(self, host: str) -> frozenset[tuple[str, str]]:
        """The branch and commit of each there ever was."""
        query = select(reviews.c.source, reviews.c.commit).where(reviews.c.host == host)
        return frozenset((row["source"], row["commit"]) for row in self._database.rows(query))

    def numbered(self, host: str, number: int) -> Sequence[ReviewRecord]:
        """Those of that merge request, whatever came of them."""
        query = select(reviews).where(reviews.c.host == host, reviews.c.number == number)
        return [ReviewRecord(**row) for row in self._database.rows(query)]

    def of_digest(self, function: str, digest: str) -> ReviewRecord | None:
        """The newest about that candidate."""
        query = select(reviews).where(reviews.c.function == function, reviews.c.digest == digest)
        query = query.where(reviews.c.kind == "candidate").order_by(reviews.c.created_at.desc())
        found = self._database.rows(query.limit(1))
        return ReviewRecord(**found[0]) if found else None

    def move(self, record: ReviewRecord, state: ReviewEnd, *, by: str, at: datetime) -> bool:
        """Keep what came of it; whether it still stood as the record says."""
        with self._database.writing() as connection:
            return move_with(connection, record, state, by=by, at=at)


def move_with(connection: Connection, record: ReviewRecord, state: ReviewEnd, *, by: str, at: datetime) -> bool:
    """As `ReviewRecords.move`, in a transaction that is under way."""
    of = reviews.c
    this = (of.host == record.host) & (of.source == record.source) & (of.commit == record.commit)
    values = storable({"state": state, "decided_by": by, "decided_at": at})
    return connection.execute(update(reviews).where(this, of.state == record.state).values(values)).rowcount == 1
