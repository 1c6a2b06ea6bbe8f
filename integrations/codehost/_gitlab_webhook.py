"""Hears GitLab's webhooks: an ASGI application, which a larger service can mount. What they say is never believed.

A webhook only says where to look: what happened there is asked of the API.
"""

import base64
import binascii
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from integrations.codehost._gitlab_reading import ISSUES, KINDS, REVIEWS, number_in
from integrations.kept import Remembered
from integrations.reading import text_in
from integrations.receiver import TooLarge, read_body

MAX_BYTES = 8 << 20
MAX_ID = 200
TOLERANCE_S = 300.0
"""By which a signed webhook's time may differ from ours (Standard Webhooks)."""
MOST_NUMBER = 1 << 53


@dataclass(frozen=True, kw_only=True)
class Hint:
    """Where to look."""

    room: str = ""
    """Empty: everywhere."""
    kind: str = ""
    """`issues` or `merge_requests`; empty for a branch."""
    iid: int = 0
    note: int = 0
    """A comment; 0 for the thing itself."""


def application(secret: str, signing: str, hear: Callable[[Hint], object]) -> Starlette:
    """What takes the server's POST to any path: where to look is handed on, and the answer is given at once.

    `secret` must come as `X-Gitlab-Token`, and with `signing` the signature must hold, whichever is not empty. What
    comes twice is told once.
    """
    seen, lock = Remembered(), threading.Lock()

    def is_new(key: str) -> bool:
        with lock:
            return not key or seen.is_new(key)

    async def receive(request: Request) -> JSONResponse:
        given = request.headers.get("X-Gitlab-Token", "")
        if not (secret or signing) or (secret and not hmac.compare_digest(given.encode(), secret.encode())):
            return JSONResponse({"error": "wrong token"}, 401)
        try:
            body = await read_body(request, MAX_BYTES)
        except TooLarge:
            return JSONResponse({"error": "too large"}, 413)
        if signing and not is_signed(body, request.headers, signing, time.time()):
            return JSONResponse({"error": "wrong signature"}, 401)
        hint = read_hint(_read(body))
        if hint is not None and is_new(delivery(request.headers)):
            hear(hint)
        return JSONResponse({})

    return Starlette(routes=[Route("/{path:path}", receive, methods=["POST"])])


def delivery(headers: Mapping[str, str]) -> str:
    """What a webhook is called however often it comes; empty where it is not."""
    names = ("Idempotency-Key", "webhook-id", "X-Gitlab-Event-UUID")
    return next((found for name in names if (found := headers.get(name, ""))), "")[:MAX_ID]


def is_signed(body: bytes, headers: Mapping[str, str], signing: str, now: float) -> bool:
    """Whether one of the signatures is made with this key, of this body, not long ago: Standard Webhooks, `v1`."""
    identity, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (at.isascii() and at.isdecimal() and len(at) < 16) or abs(now - int(at)) > TOLERANCE_S:
        return False
    made = hmac.new(key_of(signing), f"{identity}.{at}.".encode() + body, hashlib.sha256).digest()
    wanted = f"v1,{base64.b64encode(made).decode()}".encode()
    signatures = headers.get("webhook-signature", "").split()[:20]
    return any(hmac.compare_digest(each.encode(), wanted) for each in signatures)


def key_of(signing: str) -> bytes:
    """The key: base64, behind `whsec_` where it is written as others write it; what is no base64 is the key itself."""
    try:
        return base64.b64decode(signing.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return signing.encode()


def read_hint(said: Mapping[str, object]) -> Hint | None:
    """Where to look; None where nothing of what we look at has happened."""
    kind, about = text_in(said, "object_kind"), said.get("object_attributes")
    room = _number(said.get("project"), "id") or _number(said, "project_id")
    if not room:
        return None
    match kind:
        case "issue" | "work_item":
            return _at(room, ISSUES, _number(about, "iid"))
        case "merge_request":
            return _at(room, REVIEWS, _number(about, "iid"))
        case "note" | "emoji":
            return _at_note(said, room, _number(about, "id") if kind == "note" else _number(said.get("note"), "id"))
        case "push" | "tag_push":
            return Hint(room=str(room))
        case "pipeline" | "build":
            return Hint()
    return None


def _at_note(said: Mapping[str, object], room: int, note: int) -> Hint | None:
    noteable = text_in(said.get("note") or said.get("object_attributes"), "noteable_type")
    kind = KINDS.get(noteable, "")
    thing = said.get("issue" if kind == ISSUES else "merge_request")
    return _at(room, kind, _number(thing or said.get("work_item"), "iid"), note) if kind else None


def _at(room: int, kind: str, iid: int, note: int = 0) -> Hint | None:
    return Hint(room=str(room), kind=kind, iid=iid, note=note) if iid else None


def _number(value: object, name: str) -> int:
    found = number_in(value, name)
    return found if 0 < found < MOST_NUMBER else 0


def _read(body: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
