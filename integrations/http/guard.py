"""What a request must be before anybody looks at it: its host, its origin, its size; and what every answer carries."""

import ipaddress
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.types import Listener
from integrations.http.answering import Faults, request_id
from integrations.http.metrics import Measured, Measures
from integrations.http.problems import BadRequest, BodyTooLarge, ForeignOrigin, HttpError, WrongHost, answer

SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")
ALWAYS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of every answer that does not say otherwise."""
ASKED = ("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "X-Request-ID", "Mcp-Session-Id",
         "Mcp-Protocol-Version", "Mcp-Method", "Mcp-Name")  # fmt: skip
TOLD = ("X-Request-ID", "Retry-After", "RateLimit", "RateLimit-Policy", "Location", "Mcp-Session-Id")


@dataclass(frozen=True, kw_only=True)
class House:
    """For whom the service is there."""

    names: tuple[str, ...] = ()
    """Host names by which it may be asked, beside `localhost` and addresses."""
    any_name: bool = False
    """Whether it may be asked by every name: where it is bound wider than this machine, and nobody said the names."""
    origins: tuple[str, ...] = ()
    """Sites whose pages may ask, `https://example.org`."""
    max_body_bytes: int = 8 << 20


def guarded(application: ASGIApp, house: House, tell: Listener, measures: Measures | None = None) -> ASGIApp:
    """The application behind all guards; a fault of its own is answered, told, and not raised. All is measured."""
    inner = allowing(application, house.origins) if house.origins else application
    shielded = Faults(Sized(Checked(inner, house), house.max_body_bytes), tell)
    return Named(Measured(shielded, measures) if measures is not None else shielded)


def allowing(application: ASGIApp, origins: Iterable[str]) -> ASGIApp:
    """The application for pages of these sites, too. No cookies, since it has none."""
    return CORSMiddleware(
        application, allow_origins=[origin.rstrip("/") for origin in origins], allow_methods=["GET", "POST", "DELETE"],
        allow_headers=ASKED, expose_headers=TOLD, allow_credentials=False,
    )  # fmt: skip


class Named:
    """Gives each request an id, the client's own where it is sane, and each answer the id and the headers of all."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        name = given if SANE.fullmatch(given) else secrets.token_hex(8)
        scope["kowal.request_id"] = name

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for key, value in ALWAYS.items():
                    headers.setdefault(key, value)
                headers["X-Request-ID"] = name
            await send(message)

        await self._application(scope, receive, sent)


class Checked:
    """Refuses what was sent to another name, by another site's page, or in a form that two servers read differently."""

    def __init__(self, application: ASGIApp, house: House) -> None:
        self._application = application
        self._house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "http" and (error := objection(Headers(scope=scope), self._house)) is not None:
            await answer(error, request_id(scope))(scope, receive, send)
            return
        await self._application(scope, receive, send)


def objection(headers: Headers, house: House) -> HttpError | None:
    """What is wrong with the request; None where nothing is.

    A name server that answers with our address would let a foreign page ask us as its own (DNS rebinding): so the name
    counts. A request without a name comes from no browser.
    """
    if "transfer-encoding" in headers and "content-length" in headers:
        return BadRequest("The request says twice, and differently, how long its body is")
    host, origin = headers.get("host", ""), headers.get("origin")
    if host and not is_ours(host, house):
        return WrongHost()
    if origin is not None and origin.rstrip("/") not in house.origins and not is_own_page(origin, host):
        return ForeignOrigin()
    return None


def is_ours(host: str, house: House) -> bool:
    """Whether the service may be asked by that name."""
    name = name_in(host)
    return house.any_name or name == "localhost" or is_address(name) or name in map(name_in, house.names)


def is_address(name: str) -> bool:
    """Whether it is an address and no name: no name server can have sent a browser here by it."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def name_in(host: str) -> str:
    """The host without its port, in lower case: `[::1]:80` is `::1`."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name = host.partition(":")[0] if host.count(":") == 1 else host
    return name.rstrip(".")


def is_own_page(origin: str, host: str) -> bool:
    """Whether the page was served by us, under the name that is asked now."""
    return bool(host) and origin.lower() in (f"http://{host.lower()}", f"https://{host.lower()}")


class Sized:
    """Refuses bodies that are too large, by what they say of their length and by what comes.

    The answer is given here: an application that hears of an error while it reads would make another one of it.
    """

    def __init__(self, application: ASGIApp, max_bytes: int) -> None:
        self._application = application
        self._max = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        refusal = answer(self._error(), request_id(scope))
        said = Headers(scope=scope).get("content-length", "")
        if said.isdecimal() and int(said) > self._max:
            await refusal(scope, receive, send)
            return
        taken, begun, refused = 0, False, False

        async def counted() -> Message:
            nonlocal taken, refused
            message = await receive()
            taken += len(message.get("body", b""))
            if taken <= self._max or message["type"] != "http.request":
                return message
            if not (begun or refused):
                refused = True
                await refusal(scope, receive, send)
            return {"type": "http.disconnect"}

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            if not refused:
                await send(message)

        await self._application(scope, counted, sent)

    def _error(self) -> BodyTooLarge:
        return BodyTooLarge(f"The body is larger than {self._max} bytes")
