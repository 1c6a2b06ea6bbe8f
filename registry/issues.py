"""What is kept of issues: which were taken, and what their labels say of the tasks that came of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select

from registry.chats import Conversation
from registry.database import Database, upsert_row
from registry.schema import boards, conversations, issues


@dataclass(frozen=True, kw_only=True)
class TakenIssue:
    """An issue that was taken once. These are kept for good: it may be looked at years later."""

    channel: str
    room: str
    thread: str
    asked_at: datetime
    """When it was assigned to us, the last time that it was taken."""
    is_held: bool
    """Whether it was still open and ours when it was last looked at."""


@dataclass(frozen=True, kw_only=True)
class Board:
    """What an issue says of a task."""

    task: str
    label: str = "?"
    """The label that tells the state; empty for none, `?` where nothing was shown yet."""
    is_tried: bool = False
    """Whether the time that it took was begun to be added."""
    is_settled: bool = False
    """Whether nothing more is to be said of it."""


_CONVERSATION = tuple(column.name for column in conversations.c)
_BOARD = tuple(column.name for column in boards.c)


class Issues:
    """The issues of one installation. Safe to use from several threads and processes at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def taken(self, channel: str, room: str, thread: str) -> TakenIssue | None:
        """What is known of the issue; None for one that was never taken."""
        this = (issues.c.channel == channel) & (issues.c.room == room) & (issues.c.thread == thread)
        found = self._database.rows(select(issues).where(this))
        return TakenIssue(**found[0]) if found else None

    def take(self, issue: TakenIssue) -> None:
        """Keep how the issue stands."""
        with self._database.writing() as connection:
            upsert_row(connection, issues, asdict(issue), "channel", "room", "thread")

    def unsettled(self, channel: str) -> Sequence[tuple[Conversation, Board]]:
        """The tasks of which an issue may have to say more, oldest first, and what it says of each now."""
        query = select(conversations, boards.c.label, boards.c.is_tried, boards.c.is_settled)
        query = query.outerjoin(boards, boards.c.task == conversations.c.task)
        query = query.where(conversations.c.channel == channel, conversations.c.thread.startswith("issues/"))
        query = query.where(or_(boards.c.is_settled.is_(None), ~boards.c.is_settled, ~conversations.c.is_told))
        return [
            (Conversation(**{name: row[name] for name in _CONVERSATION}), _board(row))
            for row in self._database.rows(query.order_by(conversations.c.begun_at))
        ]

    def newest(self, channel: str, room: str, thread: str) -> str:
        """The newest task under the issue; empty where there is none."""
        this = (conversations.c.channel == channel) & (conversations.c.room == room)
        newest = select(func.max(conversations.c.begun_at)).where(this, conversations.c.thread == thread)
        query = select(conversations.c.task).where(this, conversations.c.thread == thread)
        found = self._database.rows(query.where(conversations.c.begun_at == newest.scalar_subquery()))
        return str(found[0]["task"]) if found else ""

    def keep(self, board: Board) -> None:
        """Keep what the issue says of the task."""
        with self._database.writing() as connection:
            upsert_row(connection, boards, asdict(board), "task")


def _board(row: Mapping[str, Any]) -> Board:
    """The conversation's board; a new one where none is kept."""
    kept = row["label"] is not None
    return Board(**{name: row[name] for name in _BOARD}) if kept else Board(task=row["task"])
