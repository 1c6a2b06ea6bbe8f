"""What the fake servers share: a server in a thread, lines that are cut, and calls that go wrong."""

import asyncio
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import uvicorn
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket
from uvicorn.protocols.http.h11_impl import H11Protocol


@dataclass(kw_only=True)
class Received:
    """A request as it came, and what became of it."""

    method: str
    path: str
    """Without what stands before `/api`."""
    route: str
    """Such as `chat.update` and `rooms.media/:rid`; empty where there is none."""
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    """Of JSON; of a form its fields, and a file's name in place of the file."""
    user: str = ""
    """The username of who asked; empty for whom the server does not know."""
    status: int = 0


@dataclass
class Fault:
    """What happens to the next calls of a route."""

    route: str
    """`*` is every route."""
    status: int
    """What it answers; 0 hangs up without a word; 200 only takes its time."""
    times: int
    done: bool
    """Whether the server does first what it is asked."""
    delay_s: float


@dataclass
class Faults:
    """What goes wrong at a server when a test wants it to."""

    waiting: list[Fault] = field(default_factory=list)
    away_until: float = 0.0
    """On the monotonic clock."""
    away_status: int = 0
    """What a proxy in front answers meanwhile; 0: nobody is there."""
    latency_s: float = 0.0
    """How long every answer takes."""

    @property
    def is_away(self) -> bool:
        """True while nobody answers."""
        return time.monotonic() < self.away_until

    def due(self, route: str) -> Fault:
        """What shall happen to this call; a fault of status 200 and no time where nothing shall."""
        for fault in self.waiting:
            if fault.route in ("*", route):
                fault.times -= 1
                if fault.times == 0:
                    self.waiting.remove(fault)
                return fault
        return Fault(route, 200, 0, done=False, delay_s=0.0)


class Besides(Protocol):
    """What runs as long as the server does."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End, and wait for what is under way."""


@dataclass(kw_only=True)
class Door:
    """Through which every request comes: it is written down, and faults happen to it."""

    faults: Faults
    lock: threading.RLock
    hang_up: Callable[[HTTPConnection], None]
    requests: list[Received] = field(default_factory=list)

    async def through(
        self,
        request: Request,
        received: Received,
        answer: Callable[[], Awaitable[Response]],
        broken: Callable[[int], Response],
    ) -> Response:
        """What is answered: by the server, or by a fault with its status."""
        with self.lock:
            self.requests.append(received)
            fault = self.faults.due(received.route)
        await asyncio.sleep(self.faults.latency_s + fault.delay_s)
        answered = await answer() if fault.done or fault.status == 200 else None
        if fault.status == 0:
            self.hang_up(request)
        if fault.status != 200 or answered is None:
            answered = broken(fault.status or 500)
        received.status = fault.status and answered.status_code
        return answered


class FakeServer:
    """A server in a thread, as a context manager: it listens between `with` and its end, at `url`.

    Of `url` a `prefix` is the path; with a `certificate`, its file and its key's, it is https.
    """

    def __init__(
        self,
        app: ASGIApp,
        door: Door,
        hooks: Besides,
        *,
        port: int = 0,
        prefix: str = "",
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self._app = app
        self._faults = door.faults
        self._lock = door.lock
        self._hooks = hooks
        self.requests = door.requests
        """Every REST request, in the order of arrival."""
        self._lines: dict[Any, asyncio.Transport] = {}
        """Who is connected, by address."""
        self._socket = socket.create_server(("127.0.0.1", port), backlog=128)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer takes 40 ms
        self.port: int = self._socket.getsockname()[1]
        secure = "s" if certificate else ""
        self.url = f"http{secure}://{'localhost' if certificate else '127.0.0.1'}:{self.port}{prefix}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._behind_a_proxy,
                http=_watched(self._lines, door.faults),
                interface="asgi3",
                ws="websockets-sansio",
                lifespan="off",
                log_config=None,
                log_level="critical",
                proxy_headers=False,
                timeout_graceful_shutdown=1,
                ssl_certfile=certificate[0] if certificate else None,
                ssl_keyfile=certificate[1] if certificate else None,
            )
        )
        self._thread = threading.Thread(target=self.serve, daemon=True)

    async def _behind_a_proxy(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._faults.is_away:
            await self._app(scope, receive, send)
            return
        gone = Response("<html>Bad Gateway</html>", self._faults.away_status or 502, media_type="text/html")
        if scope["type"] == "websocket":
            await WebSocket(scope, receive, send).send_denial_response(gone)
        else:
            await gone(scope, receive, send)

    def __enter__(self) -> Self:
        self._hooks.start()
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.005)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.drop_connections()
        self._server.should_exit = True
        self._thread.join(15)
        self._hooks.stop()
        self._socket.close()

    @property
    def calls(self) -> Counter[str]:
        """How often each route was asked."""
        with self._lock:
            return Counter(request.route for request in self.requests)

    def serve(self) -> None:
        """Answer until the end of the `with` block."""

        async def served() -> None:
            self._loop = asyncio.get_running_loop()
            await self._server.serve([self._socket])

        asyncio.run(served())

    # What goes wrong.

    def breaks(
        self, route: str = "*", *, status: int = 500, times: int = 1, done: bool = False, delay_s: float = 0.0
    ) -> None:
        """Answer the next calls of a route so; 0 hangs up. With `done` it first does it. 0 times: for ever."""
        with self._lock:
            self._faults.waiting.append(Fault(route, status, times, done=done, delay_s=delay_s))

    def slow(self, route: str, delay_s: float, *, times: int = 1) -> None:
        """Take so long for the next calls of a route; 0 times: for ever."""
        self.breaks(route, status=200, times=times, delay_s=delay_s)

    def lag(self, delay_s: float) -> None:
        """Take so long for every answer."""
        self._faults.latency_s = delay_s

    def heal(self) -> None:
        """Let nothing go wrong any more, but for the limits."""
        with self._lock:
            self._faults.waiting.clear()
            self._faults.away_until = self._faults.latency_s = 0.0

    def drop_connections(self) -> None:
        """Cut all lines, REST too, without a word."""

        def cut() -> None:
            for line in self._lines.values():
                line.abort()

        self._soon(cut)

    def go_away(self, seconds: float, *, status: int = 0) -> None:
        """Cut all lines and answer nobody for so long; with a status, a proxy in front answers so."""
        self._faults.away_status = status
        self._faults.away_until = time.monotonic() + seconds
        self.drop_connections()

    def _soon(self, act: Callable[[], object]) -> None:
        """Do something in the server's thread, and wait until it is done."""
        done = threading.Event()

        def acted() -> None:
            act()
            done.set()

        self._loop.call_soon_threadsafe(acted)
        done.wait(5)

    def hang_up(self, connection: HTTPConnection) -> None:
        """Cut the line of somebody; only in the server's thread."""
        if line := self._lines.get(tuple(connection.scope["client"])):
            line.abort()


def _watched(lines: dict[Any, asyncio.Transport], faults: Faults) -> type[H11Protocol]:
    """HTTP that keeps who is connected, and lets nobody in while the server is away."""

    class Watched(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            if faults.is_away and not faults.away_status:
                transport.abort()
            lines[tuple(transport.get_extra_info("peername"))] = transport
            for address in [address for address, line in lines.items() if line.is_closing()]:
                del lines[address]
            super().connection_made(transport)

    return Watched


def serve_until_interrupted(server: FakeServer, said: Callable[[str], object], greeting: str) -> None:
    """Serve until Ctrl-C or SIGTERM; `said` is told the greeting once it listens."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with server:
        said(greeting)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            said("It ends.\n")
