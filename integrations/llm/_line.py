"""The connection to a model server: in time, within bounds, ours alone, and hung up when nobody wants the reply."""

import contextlib
import email.utils
import math
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from agent.errors import MalformedReply
from sandbox.stopping import stoppable

MAX_WIRE_BYTES = 64 << 20
"""A reply of 2 MB in pieces of one token each, with the JSON around them."""
LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1")
SENT = frozenset(
    {
        "accept", "accept-encoding", "connection", "content-length", "content-type", "host", "transfer-encoding",
        "user-agent",
    }
)  # fmt: skip
"""The headers that leave: what else a library adds, out of the environment for example, stays here."""
CONNECTED = (".connect_tcp.complete", ".start_tls.complete")
"""What `httpcore` calls the moments at which there is a socket."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a server may take, in seconds."""

    connect_s: float
    first_token_s: float
    """From the request to the first piece of its reply."""
    token_s: float
    """From one piece to the next."""
    whole_s: float

    @classmethod
    def of_lookup(cls, connect_s: float, whole_s: float) -> "Patience":
        """For what comes in one piece."""
        return cls(connect_s=connect_s, first_token_s=whole_s, token_s=whole_s, whole_s=whole_s)


class Line:
    """Where a server is, how long it may take, and the connection to it while there is one. For one exchange."""

    def __init__(self, *, host: str, api_key: str, patience: Patience, speaks: str, start: str) -> None:
        self.host = host
        self.api_key = api_key
        self.patience = patience
        self.speaks = speaks
        """Whose API it is, for people."""
        self.start = start
        """What to do where it does not answer."""
        self.started = time.monotonic()
        self.first_token_s: float | None = None
        self.retry_after_s: float | None = None
        self._ends_at = self.started + patience.whole_s
        self._silent_until = self.started + patience.first_token_s
        self._socket: socket.socket | None = None
        self._hung_up = False

    def again(self) -> "Line":
        """For another exchange in what is left of this one's time."""
        patience = Patience.of_lookup(self.patience.connect_s, self.left_s())
        return Line(host=self.host, api_key=self.api_key, patience=patience, speaks=self.speaks, start=self.start)

    def heard(self) -> None:
        """A piece of the reply came."""
        now = time.monotonic()
        self._silent_until = now + self.patience.token_s
        if self.first_token_s is None:
            self.first_token_s = now - self.started

    def left_s(self) -> float:
        """Seconds until it is hung up unless something comes, never below a hundredth."""
        return max(0.01, min(self._ends_at, self._silent_until) - time.monotonic())

    @property
    def why_over(self) -> str:
        """Which of the time limits has passed; empty while none has."""
        now, patience = time.monotonic(), self.patience
        if now >= self._ends_at:
            return f"did not finish in time ({patience.whole_s:g} s)"
        if now < self._silent_until:
            return ""
        if self.first_token_s is None:
            return f"did not begin to reply in time ({patience.first_token_s:g} s)"
        return f"fell silent in mid-reply, and did not go on in time ({patience.token_s:g} s)"

    def hang_up(self) -> None:
        """End the exchange, also a read that blocks in another thread; closing alone would not wake it."""
        self._hung_up = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def traced(self, event: str, facts: Mapping[str, Any]) -> None:
        """Is told by `httpcore` what it does; knows the socket as soon as there is one."""
        if event.endswith(CONNECTED):
            self._socket = facts["return_value"].get_extra_info("socket")
            if self._hung_up:
                self.hang_up()


@contextlib.contextmanager
def open_line(line: Line) -> Iterator[None]:
    """The line is hung up when its time is over, and at once where the thread is stopped: `Stopped` is raised then."""
    done = threading.Event()

    def watch() -> None:
        # It looks again at least as often as a piece may take: the next piece may shorten the wait for the first.
        while not done.wait(min(line.left_s(), line.patience.token_s)):
            if line.why_over:
                line.hang_up()
                return

    threading.Thread(target=watch, name="model server's time", daemon=True).start()
    try:
        with stoppable(line.hang_up):
            yield
    finally:
        done.set()


def client_options(line: Line) -> dict[str, Any]:
    """What an `httpx` client is made with so that it keeps to the line; it follows no redirect."""
    address, whole_s = urlsplit(line.host), line.patience.whole_s
    # Reading the certificates takes 20 ms that a plain connection need not spend.
    plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if address.scheme == "http" else True
    return {
        "headers": {"accept-encoding": "identity"},
        "follow_redirects": False,
        "trust_env": address.hostname not in LOOPBACK,  # a proxy cannot reach this machine's own loopback
        "verify": plain,
        "timeout": httpx.Timeout(whole_s, connect=min(line.patience.connect_s, whole_s)),
        "event_hooks": {
            "request": [lambda request: _made_ours(request, line)],
            "response": [lambda response: _bound(response, line)],
        },
    }


def _made_ours(request: httpx.Request, line: Line) -> None:
    """The request with our headers and our key or none, and the line as who hears of its connection."""
    for name in [name for name in request.headers if name.lower() not in SENT]:
        del request.headers[name]
    if line.api_key:
        request.headers["authorization"] = f"Bearer {line.api_key}"
    request.extensions["trace"] = line.traced


def _bound(response: httpx.Response, line: Line) -> None:
    line.retry_after_s = retry_after_s(response.headers)
    if response.headers.get("content-encoding", "identity") != "identity":
        raise MalformedReply(f"{line.host} compresses its replies, though asked not to.", advice=line.start)
    response.stream = _BoundedStream(response.stream, line)


class _BoundedStream(httpx.SyncByteStream):
    """A reply's bytes, up to the limit."""

    def __init__(self, inner: object, line: Line) -> None:
        self._inner = inner
        self._line = line

    def __iter__(self) -> Iterator[bytes]:
        seen = 0
        assert isinstance(self._inner, httpx.SyncByteStream)  # noqa: S101  # a synchronous client has no other
        for chunk in self._inner:
            seen += len(chunk)
            if seen > MAX_WIRE_BYTES:
                raise MalformedReply(f"{self._line.host} sends without end.", advice=self._line.start)
            yield chunk

    def close(self) -> None:
        if isinstance(self._inner, httpx.SyncByteStream):
            self._inner.close()


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """When a server wants to be asked again, in seconds, however it says so; None where it does not."""
    said = headers.get("retry-after", "").strip()
    for text, unit in ((headers.get("retry-after-ms", ""), 1000.0), (said, 1.0)):
        with contextlib.suppress(ValueError):
            seconds = float(text) / unit
            return max(0.0, seconds) if math.isfinite(seconds) else None
    try:
        when = email.utils.parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
