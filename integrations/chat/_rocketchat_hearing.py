"""Listening to Rocket.Chat in the background: the stream, the webhook, and the rounds that find what these miss."""

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from agent.errors import ChannelError, ChannelRefused, ChannelUnavailable, TooFast
from agent.talking.channel import CaughtUp, Happening, Heard, Person, Reacted
from integrations.chat._rocketchat_ddp import Stream
from integrations.chat._rocketchat_known import HOUR_S, Known
from integrations.chat._rocketchat_reading import (
    Message,
    attachments,
    author,
    is_message,
    is_said_by_a_person,
    mentions,
    thumbs,
    triggered,
    words_of,
)
from integrations.chat._rocketchat_rest import Login, Rest, is_final
from integrations.chat._rocketchat_round import Round
from integrations.chat._rocketchat_webhook import application
from integrations.http.server import Server
from integrations.kept import Remembered, pause_s
from integrations.reading import LONG_AGO, moment, text_in, without
from integrations.receiver import open_receiver

ROUND_S = 60.0
"""Between two rounds while the stream or the webhook tells of what is new."""
HOLD_S = 20.0
"""How long what the stream tells may wait for the round that finds what was said before it."""
SELDOM = 6
"""The failures after which it is as long as can be between two attempts."""
SLACK = timedelta(minutes=5)
"""What was said so long before the moment from which on we are to hear is old: the stream tells of a message again
whenever something is put under it. Clocks differ by less."""
MOST = 10_000


@dataclass(frozen=True, kw_only=True)
class Told:
    """A message as it came, and what was said of its room with it."""

    message: Message
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Named:
    """A message of which only the id is believed."""

    id: str


@dataclass(frozen=True, kw_only=True)
class StreamIs:
    """The stream has come up, or gone."""

    up: bool


Incoming = Told | Named | StreamIs
Waiting = Told | Named | CaughtUp


class Hearing:
    """Begins with `start`. `next` gives what happened; all else is done by threads of its own."""

    def __init__(self, rest: Rest, known: Known, since: Callable[[], datetime]) -> None:
        self._rest, self._known, self._since, self._config = rest, known, since, rest.config
        self._out: queue.Queue[Happening] = queue.Queue(MOST)
        self._incoming: queue.Queue[Incoming] = queue.Queue(MOST)
        self._waiting: deque[Waiting] = deque()
        self._held: deque[Told] = deque()
        self._seen = Remembered()
        self._closed = threading.Event()
        self._stream: Stream | None = None
        self._receiver: Server | None = None
        self._round: Round | None = None
        self._done: dict[str, datetime] = {}
        self._is_up = self._config.listen == "webhook"
        self._was_up = False
        self._failures = 0
        self._hold_until = self._tell_at = 0.0
        self._fetch_at = time.monotonic() + (min(self._config.poll_s, 5.0) if self._config.listen == "realtime" else 0)
        self._floor = max(since(), LONG_AGO + SLACK) - SLACK
        self.note = ""
        """What people should know of how it listens; empty where all is as the settings say."""
        self._threads = [threading.Thread(target=self._work, name="rocketchat", daemon=True)]

    def start(self) -> None:
        """Begin. Raises `ChannelUnavailable` where the webhook's port cannot be had."""
        if self._config.listen == "webhook":
            token = self._config.secrets["webhook_token"]
            heard = application(token, self._named)
            self._receiver = open_receiver(heard, self._config.webhook_host, self._config.webhook_port)
        if self._config.listen == "realtime":
            self._threads.append(threading.Thread(target=self._keep_streaming, name="rocketchat-stream", daemon=True))
        for thread in self._threads:
            thread.start()

    def next(self, timeout_s: float) -> Happening | None:
        """What happened next; None where nothing did for so long."""
        with contextlib.suppress(queue.Empty):
            return self._out.get(timeout=timeout_s) if timeout_s > 0 else self._out.get_nowait()
        if not self._closed.is_set() and not all(thread.is_alive() for thread in self._threads):
            raise ChannelUnavailable("Listening to the chat has broken off, by a fault of Kowal's own")
        return None

    def close(self) -> None:
        """End the threads. Idempotent."""
        self._closed.set()
        if self._receiver is not None:
            self._receiver.close()
        if (stream := self._stream) is not None:
            stream.close()
        for thread in self._threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(5.0)

    @property
    def webhook_port(self) -> int:
        """Where the webhook is heard; 0 without one."""
        return self._receiver.port if self._receiver else 0

    # The stream

    def _keep_streaming(self) -> None:
        failures, refused, own = 0, Login(user_id="", token=""), None
        while not self._closed.is_set():
            login, self._was_up = None, False
            try:
                login = own or self._rest.login()
                if login == refused and self._rest.has_password:  # a token may be good for REST alone
                    own = login = self._rest.another()
                self._stream_once(login)
            except ChannelError as error:
                self.note = f"{error}; looks every {self._config.poll_s:g} s instead"
                failures = 1 if self._was_up else failures + 1
                if isinstance(error, ChannelRefused):
                    is_last = own is not None or not self._rest.has_password
                    refused, own, failures = login or refused, None, max(failures, SELDOM if is_last else 0)
            self._put(StreamIs(up=False))
            self._closed.wait(pause_s(failures))

    def _stream_once(self, login: Login) -> None:
        with Stream(self._config.url, str(self._config.ca_file or "")) as stream:
            self._stream = stream
            if self._closed.is_set():
                return
            stream.begin(login.token)
            self.note, self._was_up = "", True
            self._put(StreamIs(up=True))
            for message, about in stream.said():
                self._put(Told(message=message, about=about))
                if self._closed.is_set():
                    return

    def _named(self, message: str) -> bool:
        """Hear of a message by its id; False where too much waits already: a round will find it."""
        try:
            self._incoming.put_nowait(Named(id=message))
        except queue.Full:
            return False
        return True

    def _put(self, item: Incoming) -> None:
        while not self._closed.is_set():
            with contextlib.suppress(queue.Full):
                self._incoming.put(item, timeout=0.5)
                return

    # One thread puts in order what comes from all sides

    def _work(self) -> None:
        while not self._closed.is_set():
            self._take()
            self._fetch()
            self._tell()

    def _take(self) -> None:
        """What has come in, once something has or it is time for something else."""
        if len(self._waiting) + len(self._held) >= MOST:
            self._closed.wait(0.1)
            return
        now = time.monotonic()
        due = min(self._fetch_at, self._tell_at if self._waiting else self._fetch_at, now + 0.5)
        if self._held:
            due = min(due, self._hold_until)
        with contextlib.suppress(queue.Empty):
            self._sort(self._incoming.get(timeout=max(due - now, 0.001)))
            for _ in range(100):
                self._sort(self._incoming.get_nowait())

    def _sort(self, item: Incoming) -> None:
        match item:
            case StreamIs(up=True):
                self._is_up, self._round, self._failures = True, None, 0
                self._fetch_at, self._hold_until = time.monotonic(), time.monotonic() + HOLD_S
            case StreamIs():
                if self._is_up:
                    self._fetch_at = min(self._fetch_at, time.monotonic() + self._config.poll_s)
                self._is_up = False
            case Told() if time.monotonic() < self._hold_until:
                self._held.append(item)
            case _:
                self._waiting.append(item)

    def _release(self) -> None:
        self._hold_until = 0.0
        self._waiting.extend(self._held)
        self._held.clear()

    def _fetch(self) -> None:
        """A step of the round, where one is due."""
        if self._held and time.monotonic() >= self._hold_until:
            self._release()
        if time.monotonic() < self._fetch_at:
            return
        try:
            if self._round is None:
                since = self._since()
                self._floor = max(since, LONG_AGO + SLACK) - SLACK
                self._round = Round(self._rest, self._known, since, self._done)
            if not self._round.is_over:
                self._waiting.extend(Told(message=message) for message in self._round.step())
            if self._round.is_over:
                self._waiting.append(CaughtUp(at=self._round.until))
                self._round, self._failures = None, 0
                self._fetch_at = time.monotonic() + (ROUND_S if self._is_up else self._config.poll_s)
                self._release()
        except TooFast as error:
            self._fetch_at = time.monotonic() + error.again_in_s
            if self._fetch_at > self._hold_until:
                self._release()
        except ChannelError as error:
            self._failures += 1
            if isinstance(error, ChannelRefused):
                self._round = None
            self._fetch_at = time.monotonic() + pause_s(self._failures)

    def _tell(self) -> None:
        """Give out what waits, in its order, as far as the server says who it is from."""
        while self._waiting and time.monotonic() >= self._tell_at and not self._closed.is_set() and self._knows_us():
            try:
                for happening in self._meaning(self._waiting[0]):
                    self._give(happening)
            except TooFast as error:
                self._tell_at = time.monotonic() + error.again_in_s
                return
            except ChannelError as error:
                if not (isinstance(error, ChannelRefused) and is_final(error)):
                    self._tell_at = time.monotonic() + 2.0
                    return
                # What it was about is not there for us.
            self._waiting.popleft()

    def _knows_us(self) -> bool:
        try:
            self._known.us()
        except ChannelError:  # whatever it is: who we are must be known before anything is told
            self._tell_at = time.monotonic() + 2.0
            return False
        return True

    def _give(self, happening: Happening) -> None:
        while not self._closed.is_set():
            with contextlib.suppress(queue.Full):
                self._out.put(happening, timeout=0.5)
                return

    def _meaning(self, item: Waiting) -> Iterator[Happening]:
        if isinstance(item, CaughtUp):
            yield item
            return
        told = item if isinstance(item, Told) else self._asked_for(item)
        if not is_message(told.message):
            return
        us = self._known.us().person
        if author(told.message).id == us.id:
            yield from self._reacted(told.message)
        elif is_said_by_a_person(told.message, us.id) and not self._is_old(told.message):
            heard = self._heard(told)
            if heard is not None and self._seen.is_new(heard.id):
                yield heard

    def _asked_for(self, named: Named) -> Told:
        found = self._rest.get("chat.getMessage", msgId=named.id).get("message")
        return Told(message=found if isinstance(found, Mapping) else {})

    def _is_old(self, message: Message) -> bool:
        at = moment(message["ts"])
        return message["_id"] in self._seen or at is None or at < self._floor

    def _heard(self, told: Told) -> Heard | None:
        """The message as something heard; None for one of a room that is not ours, or of a bot."""
        message, about = told.message, told.about
        if about.get("roomParticipant") is False:
            return None
        kind = text_in(about, "roomType")
        room = self._known.room(message["rid"]) if kind == "d" or "roomParticipant" not in about else None
        if room is not None and not room.is_ours:
            return None
        by = self._user_of(message)
        if by is None:
            return None
        us = self._known.us().person
        names = mentions(message, us.id)
        is_direct = room.is_direct if room is not None else False
        text = without(words_of(message), [*names, us.name] if names or is_direct else [])
        after = triggered(text, self._config.trigger_words)
        return Heard(
            id=message["_id"],
            at=moment(message["ts"]) or self._floor,
            room=message["rid"],
            room_name=text_in(about, "roomName") or (room.name if room is not None else "") or by.name,
            thread=text_in(message, "tmid"),
            by=by,
            text=text if after is None else after,
            is_to_us=bool(names) or is_direct or after is not None,
            is_direct=is_direct,
            attachments=attachments(message),
        )

    def _user_of(self, message: Message) -> Person | None:
        try:
            user = self._known.user(author(message).id, HOUR_S)
        except ChannelRefused as error:
            if not is_final(error):
                raise
            return author(message)  # somebody who is gone, or of whom we may see nothing
        return None if user.is_bot else user.person

    def _reacted(self, message: Message) -> Iterator[Reacted]:
        us = self._known.us().person
        for thumb in thumbs(message):
            if thumb.name != us.name and thumb not in self._seen:
                by = self._known.named(thumb.name).person
                if self._seen.is_new(thumb):
                    yield Reacted(message=thumb.message, by=by, yes=thumb.yes)
