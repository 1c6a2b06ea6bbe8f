"""Ends streams of events when the service ends: else each would hold it up for as long as its task takes."""

import asyncio
import contextlib
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Ending:
    """Around an application: once `end` was called, streams of events come to their end, and other answers go on.

    A client comes back with `Last-Event-ID` and misses nothing.
    """

    def __init__(self, application: ASGIApp) -> None:
        self._application = application
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = asyncio.Event()

    def end(self) -> None:
        """End streams. From any thread; idempotent."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and all streams with it
                self._loop.call_soon_threadsafe(self._over.set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        self._loop = asyncio.get_running_loop()
        is_stream = is_open = is_read = False

        async def sent(message: Message) -> None:
            nonlocal is_stream, is_open
            if message["type"] == "http.response.start":
                is_stream = Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream")
            is_open = bool(message.get("more_body", message["type"] == "http.response.start"))
            await send(message)

        async def heard() -> Message:
            nonlocal is_read
            message = await (self._either(receive, lambda: is_stream) if is_read else receive())
            is_read = is_read or not message.get("more_body", False)
            return message

        await self._application(scope, heard, sent)
        if is_stream and is_open and self._over.is_set():
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _either(self, receive: Receive, is_stream: Callable[[], bool]) -> Message:
        """What comes; or that nobody listens any more, once streams are to end."""
        coming = asyncio.ensure_future(receive())
        over = asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait((coming, over), return_when=asyncio.FIRST_COMPLETED)
            if not coming.done() and is_stream():
                return {"type": "http.disconnect"}
            return await coming
        finally:
            for each in (coming, over):
                each.cancel()
