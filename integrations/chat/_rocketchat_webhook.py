"""Hears of messages from Rocket.Chat's outgoing webhook: an ASGI application."""

import hmac
import json
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from integrations.receiver import TooLarge, read_body

MAX_BYTES = 1 << 20
MAX_ID = 100


def application(token: str, hear: Callable[[str], object]) -> Starlette:
    """What takes the server's POST to any path: of a body with the right token the message's id is handed on.

    It answers `{}` at once, which posts nothing; 401 without the token; never 410, which would end the integration.
    """

    async def receive(request: Request) -> JSONResponse:
        try:
            said = _read(await read_body(request, MAX_BYTES))
        except TooLarge:
            return JSONResponse({"error": "too large"}, 413)
        given = said.get("token")
        if not isinstance(given, str) or not hmac.compare_digest(given.encode(), token.encode()):
            return JSONResponse({"error": "wrong token"}, 401)
        message = said.get("message_id")
        if isinstance(message, str) and 0 < len(message) <= MAX_ID:
            hear(message)
        return JSONResponse({})

    return Starlette(routes=[Route("/{path:path}", receive, methods=["POST"])])


def _read(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
