"""Tells a room which functions tasks made, promoted, or took out of use, whichever way the tasks came in."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from agent.talking.channel import Channel
from agent.talking.outbox import key_of
from registry import TaskEvent
from registry.chats import Chats, KeptLetter, write_with

TOLD = ("function.promoted", "function.canary", "function.waits", "function.quarantined")
"""What is told."""
SETTLED = timedelta(minutes=1)
"""After so long no earlier event can come to light: the database gives out their numbers before they are kept."""


@dataclass(kw_only=True)
class Notices:
    """The notices of one channel. Used by one thread."""

    chats: Chats
    channel: Channel
    room: str
    """The room's name; empty where nothing is told."""
    thread: str
    text: Callable[[TaskEvent], str]
    _room_id: str = ""
    _seen: set[int | None] = field(default_factory=set)

    def round(self) -> None:
        """Have what happened since the last time be told. Raises `ChannelError` where the room is not to be had."""
        if not self.room:
            return
        self._room_id = self._room_id or self.channel.room_of(self.room)
        new = self.chats.events_after(self.chats.event(self.channel.name), TOLD)
        if any(event.id not in self._seen for event in new):
            with self.chats.writing() as connection:
                for event in new:
                    write_with(connection, self._letter(event))
        self._seen = {event.id for event in new}
        settled = [event.id or 0 for event in new if event.at < datetime.now(UTC) - SETTLED]
        if settled:
            self.chats.told_until(self.channel.name, settled[-1])

    def _letter(self, event: TaskEvent) -> KeptLetter:
        key = key_of("notice", self.channel.name, str(event.id))
        return KeptLetter(
            key=key, channel=self.channel.name, room=self._room_id, thread=self.thread, text=self.text(event)
        )
