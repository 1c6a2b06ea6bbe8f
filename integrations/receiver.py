"""Hears webhooks: a server in a thread for an ASGI application, and the body of a request as far as it may be read."""

import contextlib
import socket
import threading
import time

import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp

from agent.errors import ChannelUnavailable

START_S = 10.0


class TooLarge(Exception):
    """The body has more bytes than may be read."""


async def read_body(request: Request, most_bytes: int) -> bytes:
    """The request's body; what came of it where the line broke. Raises `TooLarge`."""
    body = bytearray()
    with contextlib.suppress(ClientDisconnect):
        async for piece in request.stream():
            body += piece
            if len(body) > most_bytes:
                raise TooLarge
    return bytes(body)


class Receiver:
    """Serves the application in a thread of its own. Raises `ChannelUnavailable` where the port cannot be had."""

    def __init__(self, application: ASGIApp, host: str, port: int) -> None:
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._socket = socket.create_server((host, port), family=family, backlog=128)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else an answer waits for 40 ms
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ChannelUnavailable(
                f"The webhook cannot be heard at {host} port {port}: {reason}", advice="Set another `webhook_port`."
            ) from None
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            application, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1,
            ws="none", limit_concurrency=64,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="webhook", daemon=True
        )
        self._thread.start()
        ends = time.monotonic() + START_S
        while not self._server.started and self._thread.is_alive() and time.monotonic() < ends:
            time.sleep(0.01)

    def close(self) -> None:
        """Stop serving. Idempotent."""
        self._server.should_exit = True
        self._thread.join(5.0)
        with contextlib.suppress(OSError):
            self._socket.close()
