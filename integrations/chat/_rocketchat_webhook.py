"""Hears of messages from Rocket.Chat's outgoing webhook: an ASGI application, and a server for it alone."""

import contextlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from agent.errors import ChannelUnavailable

MAX_BYTES = 1 << 20
MAX_ID = 100
START_S = 10.0


def application(token: str, hear: Callable[[str], object]) -> Starlette:
    """What takes the server's POST to any path: of a body with the right token the message's id is handed on.

    It answers `{}` at once, which posts nothing; 401 without the token; never 410, which would end the integration.
    """

    async def receive(request: Request) -> JSONResponse:
        body = bytearray()
        try:
            async for piece in request.stream():
                body += piece
                if len(body) > MAX_BYTES:
                    return JSONResponse({"error": "too large"}, 413)
        except ClientDisconnect:
            return JSONResponse({}, 400)
        said = _read(bytes(body))
        given = said.get("token")
        if not isinstance(given, str) or not hmac.compare_digest(given.encode(), token.encode()):
            return JSONResponse({"error": "wrong token"}, 401)
        message = said.get("message_id")
        if isinstance(message, str) and 0 < len(message) <= MAX_ID:
            hear(message)
        return JSONResponse({})

    return Starlette(routes=[Route("/{path:path}", receive, methods=["POST"])])


class Receiver:
    """Serves the application in a thread of its own. Raises `ChannelUnavailable` where the port cannot be had."""

    def __init__(self, token: str, hear: Callable[[str], object], host: str, port: int) -> None:
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
            application(token, hear), log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1,
            ws="none", limit_concurrency=64,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="rocketchat-webhook", daemon=True
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


def _read(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
