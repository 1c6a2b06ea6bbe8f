"""A chat in memory that obeys `Channel`, for what needs no server; it can be away, or in a hurry."""

import queue
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from agent.errors import ChannelRefused, ChannelUnavailable, TooFast
from agent.ports import ProviderStatus
from agent.talking.channel import Attachment, CaughtUp, Enclosure, Happening, Heard, Letter, Person, Reacted

US = Person(id="us", name="kowal")


@dataclass(kw_only=True)
class Posted:
    """A message of ours, as people see it."""

    id: str
    room: str
    thread: str
    text: str
    edits: int = 0
    file: bytes | None = None


@dataclass(kw_only=True)
class ChatStand:
    """The chat. People speak by `says` and `reacts`; what we said is in `posted`."""

    name: str = "stand"
    us: Person = US
    calls_a_minute: int | None = None
    rooms: Mapping[str, str] = field(default_factory=lambda: {"general": "ROOM1", "approvals": "ROOM2"})
    """Ids by name."""
    roles_of: dict[str, frozenset[str]] = field(default_factory=dict)
    """By a person's name."""
    files: dict[str, bytes] = field(default_factory=dict)
    posted: dict[str, Posted] = field(default_factory=dict)
    """By our keys, in the order in which they were posted."""
    seen: list[str] = field(default_factory=list)
    reacted: list[Reacted] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    """Raised by the next calls, one each."""
    is_away: bool = False
    _happened: "queue.SimpleQueue[Happening]" = field(default_factory=queue.SimpleQueue)
    _count: int = 0

    def says(self, who: str, text: str, *, room: str = "general", thread: str = "", **more: object) -> Heard:
        """The message that the person says, to us unless it is said otherwise."""
        self._count += 1
        said = Heard(
            id=f"m{self._count}",
            at=datetime.now(UTC),
            room=self.rooms.get(room, room),
            room_name=room,
            thread=thread,
            by=Person(id=f"id-{who}", name=who),
            text=text,
            is_to_us=True,
            is_direct=False,
        )
        said = replace(said, **more)  # type: ignore[arg-type]
        self._happened.put(said)
        return said

    def reacts(self, who: str, message: str, *, yes: bool = True) -> Reacted:
        """The sign that the person puts under the message."""
        sign = Reacted(message=message, by=Person(id=f"id-{who}", name=who), yes=yes)
        self.reacted.append(sign)
        self._happened.put(sign)
        return sign

    def again(self, happening: Happening) -> None:
        """Have it be given out once more."""
        self._happened.put(happening)

    def texts(self, thread: str | None = None) -> list[str]:
        """What we said in the thread, or at all, as it reads now."""
        return [each.text for each in self.posted.values() if thread is None or each.thread == thread]

    def listen(self, since: Callable[[], datetime]) -> None:
        """See `Channel.listen`."""
        self._happened.put(CaughtUp(at=since()))

    def next(self, timeout_s: float) -> Happening | None:
        """See `Channel.next`."""
        try:
            return self._happened.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def say(self, letter: Letter) -> str:
        """See `Channel.say`."""
        self._called("say")
        made = Posted(id=f"p{len(self.posted) + 1}", room=letter.room, thread=letter.thread, text=letter.text)
        return self.posted.setdefault(letter.key, made).id

    def rewrite(self, message: str, letter: Letter) -> None:
        """See `Channel.rewrite`."""
        self._called("rewrite")
        posted = self.posted[letter.key]
        assert posted.id == message
        posted.text, posted.edits = letter.text, posted.edits + 1

    def enclose(self, enclosure: Enclosure, *, tried: bool) -> str:
        """See `Channel.enclose`."""
        self._called("enclose")
        if tried and enclosure.key in self.posted:
            return self.posted[enclosure.key].id
        assert enclosure.key not in self.posted, "a file was posted twice"
        where = {"room": enclosure.room, "thread": enclosure.thread, "text": enclosure.name}
        posted = Posted(id=f"p{len(self.posted) + 1}", file=enclosure.data, **where)
        self.posted[enclosure.key] = posted
        return posted.id

    def see(self, message: str) -> None:
        """See `Channel.see`."""
        self._called("see")
        self.seen.append(message)

    def fetch(self, attachment: Attachment, most_bytes: int) -> bytes:
        """See `Channel.fetch`."""
        self._called("fetch")
        if len(data := self.files[attachment.place]) > most_bytes:
            raise ChannelRefused(f"{attachment.name} is larger than {most_bytes} bytes")
        return data

    def reactions(self, message: str) -> Sequence[Reacted]:
        """See `Channel.reactions`."""
        self._called("reactions")
        return [each for each in self.reacted if each.message == message]

    def roles(self, person: Person, room: str) -> frozenset[str]:
        """See `Channel.roles`."""
        self._called("roles")
        return self.roles_of.get(person.name, frozenset())

    def room_of(self, name: str) -> str:
        """See `Channel.room_of`."""
        self._called("room_of")
        if name not in (*self.rooms, *self.rooms.values()):
            raise ChannelRefused(f"There is no room {name}")
        return self.rooms.get(name, name)

    def status(self) -> ProviderStatus:
        """See `Channel.status`."""
        return ProviderStatus(available=not self.is_away, detail="in memory")

    def close(self) -> None:
        """See `Channel.close`."""

    def _called(self, what: str) -> None:
        self.calls.append(what)
        if self.is_away:
            raise ChannelUnavailable("The chat does not answer")
        if self.faults:
            raise self.faults.pop(0)


def too_fast(seconds: float) -> TooFast:
    """The error of a chat that asks to come back later."""
    return TooFast("Slow down", again_in_s=seconds)
