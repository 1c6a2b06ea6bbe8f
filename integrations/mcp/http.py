"""The MCP server over HTTP: an ASGI application for the HTTP service to mount, and who asks in it."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, cast

from anyio import to_thread
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.context import ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from agent.service.callers import Caller
from agent.service.service import Service
from integrations.http.access import Access, address_of
from integrations.mcp.changes import LOOK_S
from integrations.mcp.server import server_of

CALLER: Final = "kowal.caller"
"""Where the request's scope has who asks."""
MOST_SESSIONS: Final = 1_000
IDLE_S: Final = 1_800.0
"""Seconds after which a session of 2025-11-25 is forgotten by which nothing was asked."""
HERE: Final = TransportSecuritySettings(
    allowed_hosts=["127.0.0.1:*", "localhost:*", "[::1]:*"],
    allowed_origins=["http://127.0.0.1:*", "http://localhost:*", "http://[::1]:*"],
)
GUARDED: Final = TransportSecuritySettings(enable_dns_rebinding_protection=False)

Who = Callable[[Request], Awaitable[Caller]]


class Application:
    """An ASGI application. `lifespan` must be entered before the first request, and once only."""

    def __init__(self, service: Service, who: Who, *, is_guarded: bool, most_bytes: int, look_s: float) -> None:
        self._who = who
        self._sessions = StreamableHTTPSessionManager(
            app=server_of(service, caller_in, look_s=look_s),
            security_settings=GUARDED if is_guarded else HERE,
            session_idle_timeout=IDLE_S,
            max_sessions=MOST_SESSIONS,
            max_request_body_size=most_bytes,
        )

    def lifespan(self) -> AbstractAsyncContextManager[None]:
        """Serve, within the block; all sessions end with it."""
        return self._sessions.run()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request. Raises what `who` raises."""
        caller = await self._who(Request(scope, receive))
        known = AccessToken(token="", client_id=caller.by, scopes=sorted(caller.scopes))  # never read
        inner = {**scope, CALLER: caller, "user": AuthenticatedUser(known)}  # by it a session is its caller's alone
        await self._sessions.handle_request(inner, receive, send)


def application(
    service: Service, who: Who, *, is_guarded: bool = False, most_bytes: int = 8 << 20, look_s: float = LOOK_S
) -> Application:
    """The application, for `/mcp`.

    `who` says who asks, or raises. `is_guarded` says that `Host` and `Origin` were looked at already; without, only
    the names of this machine itself are answered to.
    """
    return Application(service, who, is_guarded=is_guarded, most_bytes=most_bytes, look_s=look_s)


def by_token(access: Access) -> Who:
    """Who asks by the bearer token, or from this machine while there is none; as the HTTP API has it."""

    async def who(request: Request) -> Caller:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        given = token.strip() if scheme.lower() == "bearer" else None
        return await to_thread.run_sync(access.caller, given, address_of(request), "mcp")

    return who


def caller_in(ctx: ServerRequestContext[Any, Any]) -> Caller:
    """Who asks, as the application has put it into the request's scope."""
    caller: Caller = cast("Request", ctx.request).scope[CALLER]
    return caller
