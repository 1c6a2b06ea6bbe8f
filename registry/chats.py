"""What is kept of chats: what was heard, what is to be said, whose tasks they are, what waits there for a signature.

A letter is written in the transaction that has it be said, and sent later by whoever serves the channel: once, and in
order, however often that process is killed, for the server tells letters apart by their keys.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, select, update

from registry.database import Database, insert_once, storable
from registry.records import TaskEvent, TaskRecord, TaskState
from registry.schema import boards, chat_places, conversations, heard, letters, petitions, task_events, tasks
from registry.tasks import OPEN, record_of

PetitionState = Literal["open", "granted", "denied", "expired", "settled"]
"""`settled`: it was decided elsewhere."""


@dataclass(frozen=True, kw_only=True)
class KeptLetter:
    """A message of ours, said or to be said."""

    key: str
    """Its own among all letters of all channels: 64 signs at most."""
    channel: str
    room: str
    thread: str
    text: str = ""
    """Nothing is said while it is empty, and nothing that was written later in its thread, unless it is a file."""
    file: str = ""
    """The name of the file that it is, of its task's answer; empty for a text."""
    task: str = ""
    """The task that it is about; of a petition's file the petition's key."""
    is_due: bool = True
    """Whether the server has yet to hear of it as it is now."""
    is_tried: bool = False
    """Whether it was begun to be sent, and nobody knows what came of it."""
    message: str = ""
    """The id of the message that it became."""
    refused: str = ""
    """Why the server would not have it."""
    written_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    id: int | None = None
    """Given by the database; later ones are larger."""


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """A task that somebody asked for in a chat."""

    task: str
    channel: str
    room: str
    thread: str
    """The message under which it goes on."""
    person: str
    """The id of whoever asked."""
    language: str
    begun_at: datetime
    is_told: bool = False
    """Whether what came of it was said."""


@dataclass(frozen=True, kw_only=True)
class Petition:
    """A version that waits in a chat for somebody to sign it."""

    key: str
    """Of its letter, too."""
    channel: str
    kind: Literal["promote", "rollback"]
    function: str
    version: str
    digest: str
    """What is signed is this, or nothing."""
    room: str
    thread: str
    task: str
    """The task that it came of; empty where it came of none."""
    asked_by: str
    language: str
    created_at: datetime
    expires_at: datetime
    state: PetitionState = "open"
    decided_by: str = ""
    decided_at: datetime | None = None


class Chats:
    """The chats of one installation. Safe to use from several threads and processes at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction, kept as a whole or not at all."""
        return self._database.writing()

    def since(self, channel: str) -> datetime | None:
        """Until when everything was heard; None where nobody listened before."""
        found = self._database.rows(select(chat_places.c.at).where(chat_places.c.channel == channel))
        return found[0]["at"] if found else None

    def caught_up(self, channel: str, at: datetime) -> None:
        """Keep that everything until then was heard. Never goes back."""
        with self._database.writing() as connection:
            newest = func.coalesce(select(func.max(task_events.c.id)).scalar_subquery(), 0)
            place = {"channel": channel, "at": at, "event": connection.execute(select(newest)).scalar_one()}
            if not insert_once(connection, chat_places, place):
                later = (chat_places.c.channel == channel) & (chat_places.c.at < at)
                connection.execute(update(chat_places).where(later).values(at=at))

    def was_heard(self, channel: str, message: str) -> bool:
        """Whether something was done about the message."""
        query = select(heard.c.by).where(heard.c.channel == channel, heard.c.message == message)
        return bool(self._database.rows(query))

    def heard_of(self, channel: str, person: str, since: datetime) -> int:
        """How many messages of the person were taken in since then."""
        of_person = (heard.c.channel == channel) & (heard.c.by == person) & (heard.c.at >= since)
        (row,) = self._database.rows(select(func.count().label("count")).select_from(heard).where(of_person))
        return int(row["count"])

    def forget(self, channel: str, before: datetime, tasks_before: datetime) -> None:
        """Remove what was heard and said before that, and the conversations about tasks that are gone."""
        with self._database.writing() as connection:
            connection.execute(delete(heard).where(heard.c.channel == channel, heard.c.at < before))
            gone = (conversations.c.begun_at < tasks_before) & conversations.c.task.not_in(select(tasks.c.id))
            old = list(connection.execute(select(conversations.c.task).where(gone).limit(_MOST)).scalars())
            connection.execute(delete(conversations).where(conversations.c.task.in_(old)))
            connection.execute(delete(letters).where(letters.c.task.in_(old)))
            connection.execute(delete(boards).where(boards.c.task.in_(old)))
            closed = letters.c.key.not_in(select(petitions.c.key).where(petitions.c.state == "open"))
            said = (letters.c.channel == channel) & (letters.c.written_at < before) & closed
            said = said & letters.c.task.not_in(select(tasks.c.id))
            connection.execute(delete(letters).where(said))

    def letter(self, key: str) -> KeptLetter | None:
        """The letter of that key."""
        found = self._database.rows(select(letters).where(letters.c.key == key))
        return KeptLetter(**found[0]) if found else None

    def due(self, channel: str, limit: int) -> Sequence[KeptLetter]:
        """The letters that the server has yet to hear of as they are now, in the order in which they were begun.

        Those that were never said come first.
        """
        query = select(letters).where(letters.c.channel == channel, letters.c.is_due, letters.c.refused == "")
        query = query.order_by(letters.c.message != "", letters.c.id).limit(limit)
        return [KeptLetter(**row) for row in self._database.rows(query)]

    def rewrite(self, key: str, text: str) -> None:
        """Have the letter say this."""
        with self._database.writing() as connection:
            rewrite_with(connection, key, text)

    def note(self, key: str, **values: Any) -> None:
        """Keep what came of sending the letter: `is_tried`, `refused`."""
        with self._database.writing() as connection:
            connection.execute(update(letters).where(letters.c.key == key).values(storable(values)))

    def sent(self, letter: KeptLetter, message: str) -> None:
        """Keep that the server has the letter as it is here; one that was rewritten meanwhile stays due."""
        with self._database.writing() as connection:
            this = letters.c.key == letter.key
            connection.execute(update(letters).where(this).values(storable({"message": message})))
            connection.execute(update(letters).where(this, letters.c.text == letter.text).values(is_due=False))

    def untold(self, channel: str) -> Sequence[tuple[Conversation, TaskRecord]]:
        """The conversations that are not over, oldest first, with their tasks as they stand.

        What was asked, with its files, and what came of it are left out: `Tasks.task` has them.
        """
        return self._with_tasks((conversations.c.channel == channel) & ~conversations.c.is_told)

    def reopened(self, channel: str) -> Sequence[str]:
        """The tasks that were told of as over and go on again: somebody tried them once more."""
        going = (conversations.c.channel == channel) & conversations.c.is_told
        going = going & (tasks.c.id == conversations.c.task) & tasks.c.state.in_([state.value for state in OPEN])
        return [row["task"] for row in self._database.rows(select(conversations.c.task).where(going))]

    def retell(self, task: str) -> None:
        """Have what comes of the task be told anew."""
        with self._database.writing() as connection:
            connection.execute(update(conversations).where(conversations.c.task == task).values(is_told=False))

    def is_over(self, task: str) -> bool:
        """Whether the task is over, or gone."""
        found = self._database.rows(select(tasks.c.state).where(tasks.c.id == task))
        return not found or TaskState(found[0]["state"]).is_over

    def room(self, channel: str, task: str) -> str:
        """The room in which the task was asked for; empty where that was not in this channel."""
        of_task = (conversations.c.channel == channel) & (conversations.c.task == task)
        found = self._database.rows(select(conversations.c.room).where(of_task))
        return str(found[0]["room"]) if found else ""

    def under(self, channel: str, room: str, thread: str) -> Sequence[tuple[Conversation, TaskRecord]]:
        """The conversations under that message, oldest first, with their tasks as `untold` gives them."""
        place = (conversations.c.room == room) & (conversations.c.thread == thread)
        return self._with_tasks((conversations.c.channel == channel) & place)

    def petition(self, key: str) -> Petition | None:
        """The petition of that key."""
        found = self._database.rows(select(petitions).where(petitions.c.key == key))
        return Petition(**found[0]) if found else None

    def petitions(self, channel: str) -> Sequence[Petition]:
        """The open ones, oldest first."""
        query = select(petitions).where(petitions.c.channel == channel, petitions.c.state == "open")
        return [Petition(**row) for row in self._database.rows(query.order_by(petitions.c.created_at))]

    def petition_under(self, channel: str, message: str) -> Petition | None:
        """The petition that the message of ours is."""
        query = select(petitions).join(letters, letters.c.key == petitions.c.key)
        found = self._database.rows(query.where(letters.c.channel == channel, letters.c.message == message))
        return Petition(**found[0]) if found else None

    def decide(self, key: str, state: PetitionState, *, by: str, at: datetime) -> bool:
        """Close the petition; whether it was open."""
        still = (petitions.c.key == key) & (petitions.c.state == "open")
        values = {"state": state, "decided_by": by, "decided_at": at}
        with self._database.writing() as connection:
            return connection.execute(update(petitions).where(still).values(storable(values))).rowcount == 1

    def event(self, channel: str) -> int:
        """Up to which event promotions were told."""
        found = self._database.rows(select(chat_places.c.event).where(chat_places.c.channel == channel))
        return int(found[0]["event"]) if found else 0

    def told_until(self, channel: str, event: int) -> None:
        """Keep up to which event promotions were told."""
        with self._database.writing() as connection:
            connection.execute(update(chat_places).where(chat_places.c.channel == channel).values(event=event))

    def events_after(self, event: int, actions: Sequence[str]) -> Sequence[TaskEvent]:
        """What happened after that in any task, of these kinds, oldest first."""
        query = select(task_events).where(task_events.c.id > event, task_events.c.action.in_(list(actions)))
        return [TaskEvent(**row) for row in self._database.rows(query.order_by(task_events.c.id).limit(_MOST))]

    def _with_tasks(self, which: Any) -> Sequence[tuple[Conversation, TaskRecord]]:
        standing = [column.label(f"task_{column.name}") for column in tasks.c if column.name not in _LARGE]
        query = select(conversations, *standing).join(tasks, tasks.c.id == conversations.c.task).where(which)
        return [_apart(row) for row in self._database.rows(query.order_by(conversations.c.begun_at))]


def take_with(connection: Connection, channel: str, message: str, person: str, at: datetime) -> bool:
    """Keep that something is done about the message; whether nothing was before."""
    return insert_once(connection, heard, {"channel": channel, "message": message, "by": person, "at": at})


def write_with(connection: Connection, letter: KeptLetter) -> bool:
    """Have the letter be said; whether there was none of its key."""
    return insert_once(connection, letters, asdict(letter))


def rewrite_with(connection: Connection, key: str, text: str) -> None:
    """As `Chats.rewrite`, in a transaction that is under way. Nothing changes where it says that."""
    other = (letters.c.key == key) & (letters.c.text != text)
    connection.execute(update(letters).where(other).values(storable({"text": text, "is_due": True, "refused": ""})))


def begin_with(connection: Connection, conversation: Conversation) -> None:
    """Keep whose task it is, and where that was asked for."""
    insert_once(connection, conversations, asdict(conversation))


def told_with(connection: Connection, task: str) -> None:
    """Keep that what came of the task is said."""
    connection.execute(update(conversations).where(conversations.c.task == task).values(is_told=True))


def petition_with(connection: Connection, petition: Petition) -> bool:
    """Keep what waits for a signature; whether there was none of its key."""
    return insert_once(connection, petitions, asdict(petition))


def _apart(row: Mapping[str, Any]) -> tuple[Conversation, TaskRecord]:
    of_task = {name.removeprefix("task_"): value for name, value in row.items() if name.startswith("task_")}
    return Conversation(**{name: row[name] for name in _COLUMNS}), record_of({**of_task, **_LARGE})


_COLUMNS = tuple(column.name for column in conversations.c)
_MOST = 500
_LARGE: Mapping[str, Any] = {"request": {}, "outcome": None}
"""Columns of a task that may hold megabytes, and what stands for them where nobody reads them."""
