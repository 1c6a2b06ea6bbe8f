"""Rocket.Chat's realtime stream: one connection that is logged in and subscribed, and what comes through it."""

import contextlib
import json
import logging
import ssl
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

from agent.errors import ChannelRefused, ChannelUnavailable
from integrations.reading import listed

OPEN_S, ANSWER_S = 10.0, 10.0
HEARTBEAT_S = 60.0
"""A server that says nothing for so long is gone; after half of it, it is asked to say something."""
MAX_FRAME_BYTES = 16 << 20
STREAM, EVERYTHING = "stream-room-messages", "__my_messages__"
SILENT = logging.Logger("websockets of the chat", logging.CRITICAL + 1)  # what it logs holds the token

Said = tuple[Mapping[str, Any], Mapping[str, Any]]
"""A message, and what the server says of its room and us."""


def stream_url(url: str) -> str:
    """Where the stream is, for the server's base URL."""
    scheme, _, rest = url.partition("://")
    return f"{'wss' if scheme == 'https' else 'ws'}://{rest}/websocket"


class Stream:
    """A connection. Used by one thread, but for `close`. What fails raises `ChannelUnavailable`."""

    def __init__(self, url: str, ca_file: str = "", heartbeat_s: float = HEARTBEAT_S) -> None:
        self._url, self._heartbeat_s, self._asked = url, heartbeat_s, 0
        self._opened = contextlib.ExitStack()
        try:
            context = ssl.create_default_context(cafile=ca_file or None) if url.startswith("https") else None
            self._connection: ClientConnection = self._opened.enter_context(connect(
                stream_url(url), ssl=context, open_timeout=OPEN_S, close_timeout=1.0, ping_interval=None,
                max_size=MAX_FRAME_BYTES, logger=SILENT,
            ))  # fmt: skip
        except (OSError, EOFError, WebSocketException) as error:
            raise self._lost(type(error).__name__) from None
        except ImportError:
            raise self._lost("a SOCKS proxy needs the package python-socks") from None
        to, own = self._connection.protocol.uri, urlsplit(stream_url(url))
        if to.host != own.hostname or to.secure != (own.scheme == "wss"):
            self.close()
            raise self._lost("it leads to another server")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def begin(self, token: str) -> None:
        """Log in, and ask for the messages of all rooms. Raises `ChannelRefused` where the token is not accepted."""
        self._send({"msg": "connect", "version": "1", "support": ["1", "pre2", "pre1"]})
        self._await("connected", "msg", "connected")
        login = self._next_id()
        self._send({"msg": "method", "method": "login", "id": login, "params": [{"resume": token}]})
        result = self._await("result", "id", login)
        if result.get("error"):
            raise ChannelRefused(f"The realtime stream of {self._url} does not accept our login")
        listening = self._next_id()
        params = [EVERYTHING, {"useCollection": False, "args": [None]}]
        self._send({"msg": "sub", "id": listening, "name": STREAM, "params": params})
        self._await("ready", "subs", listening)

    def said(self) -> Iterator[Said]:
        """What is said in the rooms, for as long as the connection lives."""
        while True:
            fields = self._heartbeat().get("fields")
            if isinstance(fields, Mapping) and fields.get("eventName") == EVERYTHING:
                args: list[Any] = [*listed(fields, "args"), None, None]
                message, about = args[:2]
                if isinstance(message, Mapping):
                    yield message, about if isinstance(about, Mapping) else {}

    def close(self) -> None:
        """Hang up. Idempotent."""
        with contextlib.suppress(OSError, WebSocketException):
            self._opened.close()

    def _await(self, kind: str, name: str, value: str) -> Mapping[str, Any]:
        """The frame of that kind that belongs to what was asked; others before it are let pass."""
        ends = time.monotonic() + ANSWER_S
        while (frame := self._frame(ends - time.monotonic())) is not None:
            found = frame.get(name)
            if frame.get("msg") == kind and (found == value or (isinstance(found, list) and value in found)):
                return frame
            if frame.get("msg") in ("nosub", "failed", "error"):
                raise ChannelRefused(f"The realtime stream of {self._url} refuses what is asked of it")
        raise self._lost("it does not answer")

    def _heartbeat(self) -> Mapping[str, Any]:
        """The next frame; a server that says nothing is asked for a sign of life."""
        half_s = self._heartbeat_s / 2
        frame = self._frame(half_s)
        if frame is None:
            self._send({"msg": "ping", "id": self._next_id()})
            frame = self._frame(half_s)
        if frame is None:
            raise self._lost("it has gone silent")
        return frame

    def _frame(self, seconds: float) -> Mapping[str, Any] | None:
        """The next frame within that time, empty for what is none; pings are answered."""
        try:
            frame = _read(self._connection.recv(timeout=max(seconds, 0.0)))
        except TimeoutError:
            return None
        except (ConnectionClosed, OSError):
            raise self._lost("it was closed") from None
        if frame.get("msg") == "ping":
            self._send({"msg": "pong"} | ({"id": frame["id"]} if "id" in frame else {}))
        return frame

    def _send(self, frame: Mapping[str, Any]) -> None:
        try:
            self._connection.send(json.dumps(frame))
        except (ConnectionClosed, OSError):
            raise self._lost("it was closed") from None

    def _next_id(self) -> str:
        self._asked += 1
        return str(self._asked)

    def _lost(self, why: str) -> ChannelUnavailable:
        return ChannelUnavailable(f"The realtime stream of {self._url} is not there: {why}")


def _read(raw: str | bytes) -> Mapping[str, Any]:
    """A frame; nothing for what is none."""
    try:
        frame = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return frame if isinstance(frame, dict) else {}
