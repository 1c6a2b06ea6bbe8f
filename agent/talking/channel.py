"""What Kowal asks of a chat, in its own words. Integrations implement it: the next chat is one file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from agent.chat_ports import ChatActions
from agent.ports import NO_CONSTRAINTS, Constraints, ProviderStatus
from agent.types import Task


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody in the chat, as the server knows them: nothing of it is taken from what they wrote."""

    id: str
    """Never given to another."""
    name: str
    """By which others call them; it may change."""

    def actor_in(self, channel: str) -> str:
        """How they are called in records."""
        return f"{channel}:{self.name}"


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that came with a message, not fetched yet."""

    name: str
    """A plain name, without folders."""
    size: int
    """Bytes, as the server says; 0 where it does not."""
    place: str
    """What the channel needs in order to fetch it."""


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A message of a person: never one of ours, of another bot or of the server, and never an edited one."""

    id: str
    """The server's, one for each message of the channel."""
    at: datetime
    """When it was said, by the server's clock; with a zone."""
    room: str
    """The room's id."""
    room_name: str
    thread: str
    """The message under which it was said; empty where it stands in the room itself."""
    by: Person
    text: str
    """Without the words by which we were addressed, and without white space around it."""
    is_to_us: bool
    """True in a direct message, and where we are mentioned."""
    is_direct: bool
    """True in a room of this person and us alone."""
    attachments: tuple[Attachment, ...] = ()
    task: Task | None = None
    """What is asked for, where that is more than the text; it is no command and no answer then."""
    constraints: Constraints = NO_CONSTRAINTS
    """What whatever is asked here demands of the models that are asked for it."""


@dataclass(frozen=True, kw_only=True)
class Reacted:
    """Somebody who says yes or no to a message of ours by a sign under it, as the server says."""

    message: str
    """Its id."""
    by: Person
    yes: bool
    """True for a thumb up, false for a thumb down; of other signs nothing is told."""


@dataclass(frozen=True, kw_only=True)
class CaughtUp:
    """All that was said until then was given out before this."""

    at: datetime


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Something of which only some channels tell: what it is their kind says."""


Happening = Heard | Reacted | CaughtUp | Seen


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A message of ours."""

    key: str
    """Ours, one for each letter: 64 hexadecimal signs. The same letter sent twice is one message."""
    room: str
    thread: str
    """The message under which it is said; empty for the room itself."""
    text: str
    """Markdown: emphasis, `code`, fenced blocks, links, lists and quotes, and no tables."""


@dataclass(frozen=True, kw_only=True)
class Enclosure:
    """A file of ours, sent as a message of its own."""

    key: str
    """As that of a letter."""
    room: str
    thread: str
    name: str
    data: bytes


class Channel(Protocol):
    """One chat server, as one account of ours sees it. Used by one thread at a time, but for what `listen` begins.

    What talks to the server raises `ChannelUnavailable` where it does not answer, `TooFast` where it asks to come back
    later, `ChannelRefused` where it will not have that, whoever tries again. Nothing waits for longer than ten seconds.
    """

    @property
    def name(self) -> str:
        """The channel's, as in the settings."""
        ...

    @property
    def us(self) -> Person:
        """Our account."""
        ...

    @property
    def calls_a_minute(self) -> int | None:
        """How many messages may be posted, and how many changed, in a minute; None where no limit is known."""
        ...

    def listen(self, since: Callable[[], datetime]) -> None:
        """Begin to listen, in the background; a connection that drops is made anew by itself, for ever.

        Whenever it was made, and every minute or so, what was said since that moment is fetched, too, since a message
        may be lost on its way. Raises nothing for a server that is away.
        """
        ...

    def next(self, timeout_s: float) -> Happening | None:
        """What happened next; None where nothing did for so long.

        Messages of one room come in the order in which they were said, as far as is known. One may come twice, and
        after a drop some that were given out before come again: whoever asks tells them apart by their ids.
        """
        ...

    def say(self, letter: Letter) -> str:
        """The id of the letter's message, which is posted unless it was posted before."""
        ...

    def rewrite(self, message: str, letter: Letter) -> None:
        """Have a message of ours say what the letter says now."""
        ...

    def enclose(self, enclosure: Enclosure, *, tried: bool) -> str:
        """The id of the file's message, which is posted; with `tried` it is looked for first, and not posted twice."""
        ...

    def see(self, message: str) -> None:
        """Put a sign under a person's message that shows that we have seen it. Idempotent."""
        ...

    def fetch(self, attachment: Attachment, most_bytes: int) -> bytes:
        """The file. Raises `ChannelRefused` for one with more bytes, without having read them all."""
        ...

    def reactions(self, message: str) -> Sequence[Reacted]:
        """Who said yes or no to a message of ours: some of it may have been missed."""
        ...

    def roles(self, person: Person, room: str) -> frozenset[str]:
        """The person's roles on the server and in the room, asked of the server, at most a minute old."""
        ...

    def room_of(self, name: str) -> str:
        """The id of the room of that name, or of that id. Raises `ChannelRefused` where we see none."""
        ...

    def status(self) -> ProviderStatus:
        """Whether it answers, as whom, and with which rights; within a few seconds. Never raises. `models` is empty."""
        ...

    def close(self) -> None:
        """Stop listening and close all connections. Idempotent."""
        ...


@dataclass(frozen=True, kw_only=True)
class ChannelInfo:
    """What a channel's file offers under the name `CHANNEL`."""

    name: str
    summary: str
    """One line for `--help` and the docs."""
    open: Callable[[Mapping[str, Any]], Channel]
    """Its raw section of the settings in, the channel out. Raises `BadSettings`. Asks nobody."""
    actions: Callable[[Mapping[str, Any]], ChatActions]
    """The same for what functions may be granted."""
    questions: tuple[tuple[str, str], ...]
    """What `kowal init NAME` asks: a setting of the section, and the question; secrets are those that end
    as `agent.rights.secrets.KEYS` do."""
