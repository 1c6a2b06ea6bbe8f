"""Sends what is to be said: each letter once, those of a thread in their order, none lost, however often this ends."""

import hashlib
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from agent.errors import ChannelRefused, ChannelUnavailable, TooFast
from agent.talking.channel import Channel, Enclosure, Letter
from registry.chats import Chats, KeptLetter

MOST_AT_ONCE = 1_000
"""Letters that one round looks at."""
EDIT_S = 1.0
"""Seconds between two changes of one message."""
WINDOW_S = 60.0
"""What a server counts calls in."""
FOR_ENDS = 0.5
"""The share of the calls that the server allows which only the last words of something may use."""
AWAY_S = 5.0
"""Seconds until the next try where the server does not answer."""

Files = Callable[[str], Mapping[str, bytes]]
"""The files that a task's answer, or a petition, comes with, by name: asked by what their letter is about."""


@dataclass(kw_only=True)
class Outbox:
    """The letters of one channel. Used by one thread."""

    chats: Chats
    channel: Channel
    files: Files
    is_over: Callable[[str], bool]
    """Whether what is said of the task is the last of it."""
    now: Callable[[], float] = time.monotonic
    _again_at: dict[str, float] = field(default_factory=dict)
    """When which kind of call may be made again, by `post`, `edit` and `file`."""
    _edited_at: dict[str, float] = field(default_factory=dict)
    _edits: deque[float] = field(default_factory=deque)

    def round(self) -> int:
        """Send what may be sent now; how much that was. Never raises what the server is at fault for."""
        sent, held = 0, set[tuple[str, str]]()
        for letter in self.chats.due(self.channel.name, MOST_AT_ONCE):
            place = (letter.room, letter.thread)
            if letter.message:
                sent += self._edit(letter)
            elif place in held:
                continue
            elif (letter.text or letter.file) and self._first(letter):
                sent += 1
            else:
                held.add(place)
        return sent

    def _first(self, letter: KeptLetter) -> bool:
        """Say the letter for the first time; whether that is done with."""
        kind = "file" if letter.file else "post"
        if not self._may(kind):
            return False
        return self._sent(letter, kind, lambda: self._enclosed(letter) if letter.file else self._said(letter))

    def _edit(self, letter: KeptLetter) -> bool:
        """Have the message say what the letter says; whether that was done."""
        now = self.now()
        if now < self._edited_at.get(letter.key, 0.0) + EDIT_S or not self._may("edit"):
            return False
        is_last = not letter.task or self.is_over(letter.task)
        if not (is_last or self._may_spend(now)):
            return False
        self._edited_at[letter.key] = now
        self._edits.append(now)
        if is_last:
            self._edited_at.pop(letter.key)
        return self._sent(letter, "edit", lambda: self._rewritten(letter))

    def _said(self, letter: KeptLetter) -> str:
        return self.channel.say(as_said(letter))

    def _rewritten(self, letter: KeptLetter) -> str:
        self.channel.rewrite(letter.message, as_said(letter))
        return letter.message

    def _enclosed(self, letter: KeptLetter) -> str:
        """Send the file. That it was tried is kept before, since only that tells that it may be there already."""
        data = self.files(letter.task).get(letter.file)
        if data is None:
            raise ChannelRefused(f"There is no file {letter.file!r} of {letter.task[:8]} any more")
        was_tried = letter.is_tried
        self.chats.note(letter.key, is_tried=True)
        enclosure = Enclosure(key=letter.key, room=letter.room, thread=letter.thread, name=letter.file, data=data)
        return self.channel.enclose(enclosure, tried=was_tried)

    def _sent(self, letter: KeptLetter, kind: str, send: Callable[[], str]) -> bool:
        """Send it; whether the letter needs nothing more."""
        try:
            message = send()
        except TooFast as error:
            self._again_at[kind] = self.now() + error.again_in_s
            return False
        except ChannelUnavailable:
            self._again_at = dict.fromkeys(("post", "edit", "file"), self.now() + AWAY_S)
            return False
        except ChannelRefused as error:
            self.chats.note(letter.key, refused=str(error))
            return True
        self.chats.sent(letter, message)
        return True

    def _may(self, kind: str) -> bool:
        return self.now() >= self._again_at.get(kind, 0.0)

    def _may_spend(self, now: float) -> bool:
        """Whether a change that another one will follow leaves enough calls for those that end something."""
        while self._edits and self._edits[0] <= now - WINDOW_S:
            self._edits.popleft()
        allowed = self.channel.calls_a_minute
        return allowed is None or len(self._edits) < allowed * (1 - FOR_ENDS)


def as_said(letter: KeptLetter) -> Letter:
    """The letter as the channel takes it."""
    return Letter(key=letter.key, room=letter.room, thread=letter.thread, text=letter.text)


def key_of(*parts: str) -> str:
    """The key of a letter that is about this, the same each time: 64 hexadecimal signs."""
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()
