"""Serves an application over HTTP from a thread of its own: from one listening socket, until it is closed."""

import contextlib
import math
import resource
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import uvicorn
from starlette.types import ASGIApp

from agent.errors import KowalError
from integrations.http.protocol import Bounds, Crowd, CrowdConfig

START_S = 30.0
OTHER_FILES = 200
"""Files that the process opens beside its connections, at the most."""


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes a free one. Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.create_server((host, port), family=family, backlog=1024)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else an answer waits for 40 ms
    return made


class Server:
    """Serves at once, and until `close`. Tells nobody what it is made with, believes no header about where one is from.

    `on_close` is called when it is told to close, to end streams that would go on for ever.
    """

    def __init__(
        self,
        application: ASGIApp,
        heard: socket.socket,
        *,
        bounds: Bounds | None = None,
        with_lifespan: bool = False,
        grace_s: float = 5.0,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        self._socket = heard
        self.port: int = heard.getsockname()[1]
        self._on_close = on_close
        self._grace_s = grace_s
        crowd = Crowd(within_the_files(bounds or Bounds()))
        config = CrowdConfig(
            application, crowd, loop="asyncio", ws="none", lifespan="on" if with_lifespan else "off", log_config=None,
            log_level="critical", access_log=False, server_header=False, proxy_headers=False,
            timeout_keep_alive=math.ceil(crowd.bounds.idle_s), timeout_graceful_shutdown=math.ceil(grace_s),
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [heard]}, name="http", daemon=True
        )  # not in the main thread: there uvicorn takes the signals, and dies of them at the end
        self._thread.start()
        self._wait_for_start()

    @property
    def is_serving(self) -> bool:
        """Whether requests are taken."""
        return self._server.started and self._thread.is_alive()

    def close(self) -> None:
        """Stop taking requests; those under way have `grace_s` seconds. Idempotent."""
        self._on_close()
        self._server.should_exit = True
        self._thread.join(self._grace_s + 5.0)
        with contextlib.suppress(OSError):
            self._socket.close()

    def _wait_for_start(self) -> None:
        ends = time.monotonic() + START_S
        while not self._server.started and self._thread.is_alive() and time.monotonic() < ends:
            time.sleep(0.005)
        if not self.is_serving:
            self.close()
            raise KowalError("The HTTP service did not start", advice="The log says why: `http.failed`.")


def within_the_files(bounds: Bounds) -> Bounds:
    """The bounds with no more connections than the process may open: beyond them it could take in nobody at all."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return bounds
    return replace(bounds, connections=min(bounds.connections, max(16, files - OTHER_FILES)))
