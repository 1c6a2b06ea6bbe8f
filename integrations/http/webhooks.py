"""Hands webhooks of chats and code hosts on to the parts that hear them: so one public address is enough."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import httpx
from fastapi import FastAPI, Path, Request, Response

from agent.config import Settings
from integrations.http.problems import BodyTooLarge, Busy, NotFound
from integrations.receiver import TooLarge, read_body

MOST_BYTES: Final = 8 << 20
MOST_AT_ONCE: Final = 32
MOST_ANSWER: Final = 64 << 10
AWAY_S: Final = 30.0
"""When a server is to try again. Where it does not, the part finds what it missed by itself."""
CHAT_PORT: Final = 8065
"""Where a chat hears webhooks, unless its section says otherwise."""
HANDED_ON: Final = (
    "content-type", "idempotency-key", "webhook-id", "webhook-signature", "webhook-timestamp", "x-gitlab-event",
    "x-gitlab-event-uuid", "x-gitlab-instance", "x-gitlab-token", "x-gitlab-webhook-uuid",
)  # fmt: skip
TIMES: Final = httpx.Timeout(5.0, connect=2.0)
ANY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 (not listened at, asked)


@dataclass(frozen=True, kw_only=True)
class Hook:
    """Where a part hears."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://[{self.host}]:{self.port}/" if ":" in self.host else f"http://{self.host}:{self.port}/"


def hooks_of(settings: Settings) -> Mapping[str, Hook]:
    """By the name of the chat or code host where webhooks are heard; only those that are."""
    listening = {name: each for name, each in settings.chat.items() if each.get("listen") == "webhook"}
    found = {name: hook_in(each, CHAT_PORT) for name, each in listening.items()}
    found |= {name: hook_in(each, 0) for name, each in settings.codehost.items()}
    return {name: hook for name, hook in found.items() if hook is not None}


def hook_in(section: Mapping[str, Any], port: int) -> Hook | None:
    """Where the part with this section hears; None where it does not, or nobody knows where."""
    host = str(section.get("webhook_host", ""))
    with contextlib.suppress(ValueError, TypeError):  # the part itself says what is wrong with its section
        port = int(section.get("webhook_port", port))
        return Hook(host=ANY_ADDRESS.get(host, host), port=port) if 0 < port < 1 << 16 else None
    return None


class Handing:
    """Hands requests on as they are. Who sent them is checked by whoever hears them, and nothing is believed here."""

    def __init__(self, hooks: Mapping[str, Hook]) -> None:
        self._hooks = hooks
        self._client: httpx.AsyncClient | None = None
        self._under_way = 0

    async def hand_on(self, request: Request, name: str) -> Response:
        """What the part answered. Raises `NotFound` where none hears under that name, `Busy` where it is away."""
        hook = self._hooks.get(name)
        if hook is None:
            raise NotFound("No webhook of that name is heard here")
        if self._under_way >= MOST_AT_ONCE:
            raise Busy("Too many webhooks come at once", again_in_s=1)
        self._under_way += 1
        try:
            body = await read_body(request, MOST_BYTES)
            answered = await self._send(hook, body, headers_of(request))
        except TooLarge:
            raise BodyTooLarge(f"A webhook has {MOST_BYTES} bytes at the most") from None
        except (httpx.HTTPError, OSError):
            raise Busy(
                f"The part that serves {name} is away", again_in_s=AWAY_S,
                kept="Nothing is lost: once it is back, it looks for what it missed.",
            ) from None  # fmt: skip
        finally:
            self._under_way -= 1
        return Response(answered.content[:MOST_ANSWER], answered.status_code, media_type="application/json")

    async def close(self) -> None:
        """Close the connections. Idempotent."""
        if self._client is not None:
            await self._client.aclose()

    async def _send(self, hook: Hook, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=TIMES, trust_env=False)
        async with asyncio.timeout(TIMES.read):
            return await self._client.post(hook.url, content=body, headers=headers)


def headers_of(request: Request) -> dict[str, str]:
    """The headers by which a part knows whose webhook it is, and what it is about."""
    return {name: value for name in HANDED_ON if (value := request.headers.get(name)) is not None}


def add_webhooks(app: FastAPI, handing: Handing) -> None:
    """Give the application `POST /hooks/{name}`. It is for servers, and in no document of the API."""

    @app.post("/hooks/{name}", include_in_schema=False)
    async def hook(request: Request, name: Annotated[str, Path(max_length=63)]) -> Response:
        """Hand a webhook on."""
        return await handing.hand_on(request, name)
