"""HTTP/1.1 with patience that ends: a request that never arrives holds nothing up, nor does an answer nobody takes.

uvicorn's own protocol waits for ever for the end of a request's head, for its body, and for a client to take an answer.
"""

import asyncio
import contextlib
import ipaddress
import socket
import struct
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import h11
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol
from uvicorn.server import ServerState

from integrations.http.problems import (
    MEDIA_TYPE,
    BadRequest,
    Busy,
    HeadTooLarge,
    HttpError,
    TooSlow,
    answer,
    body_of,
    problem_of,
)


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How long one waits for a client, and how many there may be."""

    head_s: float = 10.0
    """For the head of a request to arrive whole."""
    idle_s: float = 15.0
    """For the next request on a connection that is kept."""
    body_s: float = 60.0
    """For a body, beyond the time that it has by `body_rate`."""
    body_rate: float = 16 * 1024.0
    """Bytes a second at which a large body must come in the mean."""
    pause_s: float = 15.0
    """Between two pieces of a body."""
    linger_s: float = 3.0
    """For the rest of a body when the answer is said: whoever still sends it would not hear the answer otherwise."""
    stall_s: float = 30.0
    """For a client to take what is sent to it."""
    head_bytes: int = 32 * 1024
    connections: int = 1024
    """At a time, in all."""
    an_address: int = 256
    """At a time, from one address; this machine's own may have all: a reverse proxy brings everybody."""


class Stage(Enum):
    """What is waited for."""

    HEAD = auto()
    BODY = auto()
    REST = auto()
    """Of a body, when the answer is said."""
    IDLE = auto()
    NOTHING = auto()
    """The request is here: it is for us to go on."""


WAITING = (Stage.HEAD, Stage.IDLE)
AT_ONCE = struct.pack("ii", 1, 0)
SLICE = 4096
"""Bytes of a head that are looked at, at a time."""


class Crowd:
    """All connections of a server. Where there is no room for one more, whoever asked for nothing longest must go."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self._here: dict[str, set[Patient]] = {}

    def enter(self, one: "Patient") -> bool:
        """Let it in; False where all the others are being served, so that it can only be told to come later."""
        there = self._here.setdefault(one.address, set())
        is_room = True
        if len(there) >= self.bounds.an_address and not is_loopback(one.address):
            is_room = dismiss_one(there)
        if is_room and sum(map(len, self._here.values())) >= self.bounds.connections:
            is_room = dismiss_one({each for group in self._here.values() for each in group})
        self._here.setdefault(one.address, set()).add(one)
        return is_room

    def leave(self, one: "Patient") -> None:
        """It is gone. Idempotent."""
        there = self._here.get(one.address, set())
        there.discard(one)
        if not there:
            self._here.pop(one.address, None)


def dismiss_one(there: "set[Patient]") -> bool:
    """Close the connection that has waited longest without a request; False where none has."""
    waiting = [each for each in there if each.stage in WAITING]
    if not waiting:
        return False
    min(waiting, key=lambda each: each.since).dismiss()
    return True


def is_loopback(address: str) -> bool:
    """Whether the address is this machine's own."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


class CrowdConfig(uvicorn.Config):
    """uvicorn's configuration, with what `Patient` needs."""

    def __init__(self, application: Any, crowd: Crowd, **options: Any) -> None:
        super().__init__(application, http=Patient, h11_max_incomplete_event_size=crowd.bounds.head_bytes, **options)
        self.crowd = crowd


async def busy(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer that there is no room."""
    await answer(Busy(), headers={"Connection": "close"})(scope, receive, send)


class Patient(H11Protocol):
    """One connection."""

    def __init__(
        self,
        config: CrowdConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._crowd, self._bounds = config.crowd, config.crowd.bounds
        self._timer: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._bytes = 0
        self._heard = 0.0
        self.address = ""
        self.stage = Stage.NOTHING
        self.since = 0.0
        """When this stage began, by the loop's clock."""

    # What asyncio and uvicorn call

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        if not self._crowd.enter(self):
            self.app = busy
        self._look()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._bytes += len(data)
        self._heard = self.loop.time()
        while len(data) > SLICE and self.stage in WAITING:  # or a head that comes at once may be of any length
            super().data_received(data[:SLICE])
            data = data[SLICE:]
            self._look()
            if self.transport.is_closing():
                return
        super().data_received(data)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._crowd.leave(self)
        super().connection_lost(exc)
        self._unset_keepalive_if_required()  # which uvicorn leaves where the line broke
        for timer in (self._timer, self._stalled):
            if timer is not None:
                timer.cancel()

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        super().pause_writing()
        self._stalled = self.loop.call_later(self._bounds.stall_s, self._drop)

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()

    def on_response_complete(self) -> None:
        """See `H11Protocol`."""
        super().on_response_complete()
        self._look()

    def send_400_response(self, msg: str) -> None:
        """Answer to what is no HTTP; see `H11Protocol`."""
        del msg
        too_large = len(self.conn.trailing_data[0]) > self._bounds.head_bytes
        self._refuse(HeadTooLarge() if too_large else BadRequest("This is no HTTP request that can be read"))

    # Patience

    def _drop(self) -> None:
        """Close it, and have the system forget what it holds to be sent: nobody takes it."""
        line = self.transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        self.transport.abort()

    def dismiss(self) -> None:
        """Close it, to make room for another."""
        self._crowd.leave(self)
        self.transport.abort()

    def _look(self) -> None:
        """See what is waited for now, and set the clock where that is something new."""
        stage = self._found_stage()
        if stage is self.stage:
            return
        self.stage, self.since, self._bytes = stage, self.loop.time(), 0
        self._heard = self.since
        self._set_clock()

    def _found_stage(self) -> Stage:
        """What is waited for, by the state that HTTP is in."""
        if self.conn.their_state is h11.IDLE:
            return Stage.IDLE if self._has_asked and not self.conn.trailing_data[0] else Stage.HEAD
        if self.conn.their_state is h11.SEND_BODY:
            return Stage.REST if self.cycle.response_complete else Stage.BODY
        return Stage.NOTHING

    @property
    def _has_asked(self) -> bool:
        """Whether there was a request on this connection."""
        return self.cycle is not None  # uvicorn's annotation leaves out how it begins

    def _set_clock(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.stage is not Stage.NOTHING and not self.transport.is_closing():
            self._timer = self.loop.call_at(self._ends(), self._out_of_time)

    def _ends(self) -> float:
        """When the patience with this stage ends."""
        bounds = self._bounds
        match self.stage:
            case Stage.HEAD:
                return self.since + bounds.head_s
            case Stage.IDLE:
                return self.since + bounds.idle_s
            case Stage.REST:
                return self.since + bounds.linger_s
        whole = self.since + bounds.body_s + self._bytes / bounds.body_rate
        return min(whole, self._heard + bounds.pause_s)

    def _out_of_time(self) -> None:
        if self.stage is Stage.BODY and self.flow.read_paused:  # we do not read: that is not the client's fault
            self.since = self._heard = self.loop.time()
        if self.loop.time() < self._ends():
            self._set_clock()
        elif self.stage is Stage.BODY or (self.stage is Stage.HEAD and self.conn.trailing_data[0]):
            self._refuse(TooSlow())
        else:
            self.transport.abort()

    def _refuse(self, error: HttpError) -> None:
        """Say why, where that can still be said, and close."""
        if self._has_asked and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()
            return
        with contextlib.suppress(h11.LocalProtocolError):  # the answer to HEAD has no body
            body = body_of(problem_of(error))
            headers = [
                *self.server_state.default_headers,
                (b"content-type", MEDIA_TYPE.encode()),
                (b"content-length", str(len(body)).encode()),
                (b"cache-control", b"no-store"),
                (b"connection", b"close"),
            ]
            response = h11.Response(status_code=error.status, headers=headers, reason=STATUS_PHRASES[error.status])
            for event in (response, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
