"""The REST side of a fake Rocket.Chat server: who asks, limits, schemas, faults; what is done is in the routes."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from integrations._fake_server import Door, Received
from integrations.chat._fake_rocketchat_entities import for_rest
from integrations.chat._fake_rocketchat_faults import RocketChatFaults
from integrations.chat._fake_rocketchat_logins import TwoFactor
from integrations.chat._fake_rocketchat_schemas import Judge
from integrations.chat._fake_rocketchat_state import Account, Document, Refused, State

LOGIN_FIRST = "You must be logged in to do this."


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a route gets."""

    state: State
    user: Account | None
    token: str
    query: dict[str, str]
    body: dict[str, Any]
    place: dict[str, str]
    """What stands in the path, such as `rid`."""
    headers: dict[str, str]
    file: tuple[str, bytes, str] | None = None
    """The name, bytes and content type of a form's file."""

    @property
    def me(self) -> Account:
        """Who asks. Raises `Refused` for who is not logged in."""
        if self.user is None:
            raise Refused(LOGIN_FIRST, status=401)
        return self.user


@dataclass(frozen=True, kw_only=True)
class Route:
    """What is done, and whether one must be logged in for it."""

    run: Callable[[Call], Document]
    open: bool = False


class Rest:
    """Takes every request to `/api/v1`."""

    def __init__(
        self,
        state: State,
        faults: RocketChatFaults,
        routes: dict[tuple[str, str], Route],
        judge: Judge,
        door: Door,
    ) -> None:
        self.state = state
        self.faults = faults
        self.judge = judge
        self._routes = routes
        self._door = door

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        path = request.path_params["path"]
        name, place = self._route(request.method, path)
        received = Received(method=request.method, path=f"/api/v1/{path}", route=name, query=dict(request.query_params))
        return await self._door.through(
            request, received, lambda: self._answer(request, received, name, place), _broken
        )

    def _route(self, method: str, path: str) -> tuple[str, dict[str, str]]:
        """The name of the route, and what stands in the path."""
        parts = path.split("/")
        for at, name in self._routes:
            pattern = name.split("/")
            if at == method and len(pattern) == len(parts) and pattern[0] == parts[0]:
                return name, {key[1:]: part for key, part in zip(pattern[1:], parts[1:], strict=True)}
        return "", {}

    async def _answer(self, request: Request, received: Received, name: str, place: dict[str, str]) -> Response:
        headers: dict[str, str] = {}
        if (route := self._routes.get((request.method, name))) is None:
            return JSONResponse({"success": False, "error": "Endpoint not found"}, 404)
        try:
            body, file = await _body(request)
            received.body = body | ({"file": file[0]} if file else {})
            with self.state.lock:
                user = self._who(request)
                received.user = user.username if user else ""
                if user is None and not route.open:
                    raise Refused(LOGIN_FIRST, status=401)
                self._limit(request, name, user, headers)
                query = self.judge.check(request.method, name, received.query, received.body)
                call = Call(
                    state=self.state,
                    user=user,
                    token=request.headers.get("x-auth-token", ""),
                    query=query,
                    body=body,
                    place=place,
                    headers=dict(request.headers),
                    file=file,
                )
                result = for_rest({**route.run(call), "success": True})
        except KeyError as error:
            return JSONResponse(
                {"success": False, "error": f"missing: {error}", "errorType": "invalid-params"}, 400, headers
            )
        except Refused as refused:
            status, answer = _refusal(refused, self.state.version)
            return JSONResponse(answer, status, headers)
        return JSONResponse(result, 200, headers)

    def _who(self, request: Request) -> Account | None:
        """Who has such an id and such a token."""
        user = self.state.users.get(request.headers.get("x-user-id", ""))
        return user if user and request.headers.get("x-auth-token", "") in user.tokens else None

    def _limit(self, request: Request, name: str, user: Account | None, headers: dict[str, str]) -> None:
        """Raise `Refused` for who asks too often. A real one counts addresses, not users."""
        if user and self.state.may(user, "api-bypass-rate-limit"):
            return
        caller = user.id if user else request.client.host if request.client else ""
        if (left := self.faults.limits.take(name, caller)) is None:
            return
        headers |= {
            "X-RateLimit-Limit": str(left.limit),
            "X-RateLimit-Remaining": str(left.left),
            "X-RateLimit-Reset": str(round((time.time() + left.reset_s) * 1000)),
        }
        if not left.allowed:
            wait = f"You must wait {int(left.reset_s) + 1} seconds before trying this endpoint again."
            raise Refused("error-too-many-requests", f"Error, too many requests. Please slow down. {wait}", status=429)


def _broken(status: int) -> Response:
    return JSONResponse({"success": False, "error": "Internal server error"}, status)


def _refusal(refused: Refused, version: str) -> tuple[int, Document]:
    """The error as that version words it (`applyBreakingChanges` in ApiClass.ts)."""
    body: Document = {"success": False} | ({"error": str(refused)} if str(refused) else {})
    if version.startswith("7."):
        if refused.status == 401:
            body = refused.before_8 or {"status": "error", "message": str(refused)}
        elif str(refused) == "forbidden":
            body["error"] = "unauthorized"
    if refused.status == 400 and refused.reason:
        body["errorType"] = refused.kind
    if isinstance(refused, TwoFactor):
        body["details"] = refused.details
    return refused.status, body


async def _body(request: Request) -> tuple[dict[str, Any], tuple[str, bytes, str] | None]:
    """The JSON of a request, or a form's fields and its file. Raises `Refused`."""
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        fields: dict[str, Any] = {}
        file = None
        async with request.form() as form:
            for name, value in form.multi_items():
                if not isinstance(value, UploadFile):
                    fields[name] = value
                elif name == "file":
                    file = (value.filename or "", await value.read(), value.content_type or "")
        return fields, file
    raw = await request.body()
    try:
        body = json.loads(raw) if raw else {}
    except ValueError as error:
        raise Refused("error-invalid-json", "Invalid JSON") from error
    if not isinstance(body, dict):
        raise Refused("error-invalid-params", "The body must be an object")
    return body, None
