"""Serves one channel: takes what happens there, has what is to be said be said, until it is told to end."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from agent.errors import KowalError, TooFast
from agent.talking.channel import CaughtUp, Channel, Happening, Heard, Reacted, Seen
from agent.talking.notices import Notices
from agent.talking.outbox import Outbox
from agent.talking.petitions import Petitions
from agent.talking.reporter import Reporter, passes
from agent.types import Event, Listener
from registry import RegistryError
from registry.chats import Chats

POLL_S = 0.1
"""Seconds for which nothing but a new message is looked for."""
ROUND_S = 0.25
"""Seconds between two looks at what is to be said."""
NOTICE_S = 2.0
"""Seconds between two looks at what was promoted."""
LOOK_S = 30.0
"""Seconds between two looks at what waits for a signature."""
AGAIN_S = 2.0
"""Seconds until something is tried again that something around it kept from being done."""
TOLD_AGAIN_S = 600.0
HEARD_DAYS = 30
"""Days for which it is known what was heard: far more than anything can be heard again."""
FORGETTING_S = 3_600.0


@dataclass(frozen=True, kw_only=True)
class Round:
    """Something that is done every so many seconds."""

    every_s: float
    work: Callable[[], None]


class Hears(Protocol):
    """Who hears people."""

    def hear(self, heard: Heard) -> None:
        """Do what the message asks for, once. Raises `ChannelUnavailable`, `TooFast`, and what the database raises."""
        ...

    def broken(self, heard: Heard, error: Exception) -> None:
        """Say that Kowal itself failed at the message, and go on with the next."""
        ...

    def see(self, seen: Seen) -> None:
        """Do what is to be done about what only this kind of channel tells of. Raises as `hear` does."""
        ...


@dataclass(kw_only=True)
class Listening:
    """One channel, served. A process has one of each channel; where two have, what is done is done once."""

    chats: Chats
    channel: Channel
    colleague: Hears
    reporter: Reporter
    petitions: Petitions
    notices: Notices
    outbox: Outbox
    listener: Listener
    keep: timedelta
    """How long tasks that are over are kept."""
    rounds: Sequence[Round] = ()
    """What is done beside what every channel wants."""
    _since: datetime = field(default_factory=lambda: datetime.now(UTC))
    """Until when everything was heard."""
    _next_at: dict[int, float] = field(default_factory=dict)
    """When each round is next, by its place among all."""
    _is_told: bool = False
    _told_at: dict[str, float] = field(default_factory=dict)
    """When it was told last that something does not answer."""

    def run(self, ready: Callable[[], None]) -> None:
        """Serve until `stop`. What is to be said then is said by whoever serves it next."""
        name = self.channel.name
        if (since := self._outlasting(lambda: self.chats.since(name))) is not None:
            self._since = since
        else:
            self._outlasting(lambda: self.chats.caught_up(name, self._since))
        self.channel.listen(lambda: self._since)
        ready()
        while not self._is_told:
            self.turn(POLL_S)
        self._guarded(self._speak)

    def turn(self, wait_s: float) -> bool:
        """Take what happened next, waited for so long, and say what is due; whether anything happened."""
        happening = self.channel.next(wait_s)
        if happening is not None:
            self._take(happening)
        for number, each in enumerate((*self._own_rounds, *self.rounds)):
            if time.monotonic() >= self._next_at.get(number, 0.0):
                self._guarded(each.work)
                self._next_at[number] = time.monotonic() + each.every_s
        return happening is not None

    @property
    def _own_rounds(self) -> tuple[Round, ...]:
        return (
            Round(every_s=ROUND_S, work=self._speak),
            Round(every_s=NOTICE_S, work=self.notices.round),
            Round(every_s=LOOK_S, work=self.petitions.look),
            Round(every_s=FORGETTING_S, work=self._forget),
        )

    def stop(self) -> None:
        """Have `run` end. Safe in a signal handler; idempotent."""
        self._is_told = True

    def _take(self, happening: Happening) -> None:
        """Do what it asks for, tried until the database and the server answer: what was heard must not be lost."""
        while not self._is_told:
            try:
                self._do(happening)
            except TooFast as error:
                self._pause(min(error.again_in_s, AGAIN_S))
            except (KowalError, RegistryError) as error:
                if not passes(error):
                    self._break(happening, error)
                    return
                self._tell_late(error)
                self._pause(AGAIN_S)
            except Exception as error:  # noqa: BLE001 (a fault of ours must not have the same message kill us for ever)
                self._break(happening, error)
                return
            else:
                return

    def _do(self, happening: Happening) -> None:
        match happening:
            case Heard():
                self.colleague.hear(happening)
            case Reacted():
                self.petitions.reacted(happening)
            case CaughtUp(at=at):
                self.chats.caught_up(self.channel.name, at)
                self._since = max(self._since, at)
            case Seen():
                self.colleague.see(happening)

    def _break(self, happening: Happening, error: Exception) -> None:
        """Tell of a fault of our own, to whoever met it and to whoever operates."""
        what = f"{type(error).__name__}: {error}"
        self.listener(Event(action="chat.broken", facts={"error": what, "channel": self.channel.name}))
        if isinstance(happening, Heard):
            self._guarded(lambda: self.colleague.broken(happening, error))

    def _speak(self) -> None:
        """Have letters say how tasks stand, and send them; the one goes on while the other cannot."""
        self._guarded(self.reporter.round)
        self.outbox.round()

    def _forget(self) -> None:
        now = datetime.now(UTC)
        before = min(now, self._since) - timedelta(days=HEARD_DAYS)
        self.chats.forget(self.channel.name, before, now - self.keep)

    def _guarded(self, work: Callable[[], None]) -> None:
        """Outlive a server or a database that is away for a while."""
        try:
            work()
        except (KowalError, RegistryError) as error:
            self._tell_late(error)

    def _tell_late(self, error: Exception) -> None:
        """Tell, now and then, that something does not answer."""
        now, what = time.monotonic(), str(error)
        if now >= self._told_at.get(what, -TOLD_AGAIN_S) + TOLD_AGAIN_S:
            self._told_at[what] = now
            self.listener(Event(action="chat.late", facts={"error": what, "channel": self.channel.name}))

    def _pause(self, seconds: float) -> None:
        """Wait, while what is to be said is said."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._is_told:
            self._guarded(self._speak)
            time.sleep(POLL_S)

    def _outlasting[T](self, work: Callable[[], T]) -> T:
        """The work's value, tried until the database answers."""
        while True:
            try:
                return work()
            except RegistryError as error:
                self._tell_late(error)
                time.sleep(AGAIN_S)
                if self._is_told:
                    raise
