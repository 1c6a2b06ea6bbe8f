"""Hears webhooks: a server for an ASGI application, and the body of a request as far as it may be read."""

import contextlib

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp

from agent.errors import ChannelUnavailable
from integrations.http.server import Server, listening


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


def open_receiver(application: ASGIApp, host: str, port: int) -> Server:
    """What serves the application there. Raises `ChannelUnavailable` where the port cannot be had."""
    try:
        heard = listening(host, port)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ChannelUnavailable(
            f"The webhook cannot be heard at {host} port {port}: {reason}", advice="Set another `webhook_port`."
        ) from None
    return Server(application, heard, grace_s=1.0)
