"""The REST side of a fake GitLab server: who asks, limits, schemas, faults, pages; what is done is in the routes."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from integrations._fake_server import Door, Received
from integrations.codehost._fake_gitlab_faults import GitLabFaults
from integrations.codehost._fake_gitlab_records import (
    Account,
    Document,
    Issue,
    MergeRequest,
    Place,
    Refused,
    Token,
    Work,
    forbidden,
    missing,
)
from integrations.codehost._fake_gitlab_schemas import Judge
from integrations.codehost._fake_gitlab_state import State

MOST_PER_PAGE = 100
REVOKED = "Token was revoked. You have to re-authorize from the user."
EXPIRED = "Token is expired. You can either do re-authorization or token refresh."


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a route gets."""

    state: State
    user: Account | None
    token: Token | None
    query: Document
    """Names without `[]`; of a parameter that is there several times, a list."""
    body: Document
    place: dict[str, str]
    """What stands in the path, such as `iid`."""
    file: tuple[str, bytes] | None = None
    """The name and bytes of a form's file."""

    @property
    def me(self) -> Account:
        """Who asks. Raises `Refused` for nobody."""
        if self.user is None:
            raise Refused(401, "401 Unauthorized")
        return self.user

    def project(self, least: int = 0) -> Place:
        """The project of the path, for a member of at least this level. Raises `Refused`: 404 where it is not seen."""
        found = self.state.place(self.place["id"])
        if found is None or not self.state.sees(self.user, found):
            raise missing("Project")
        if self.state.level(self.user, found) < least:
            raise forbidden() if self.user else Refused(401, "401 Unauthorized")
        return found

    def issue(self) -> Issue:
        """The issue of the path. Raises `Refused`: 404 where it is not seen, too."""
        found = self.project().issues.get(self.number("iid"))
        if found is None or not self.state.sees_work(self.user, found):
            raise missing("Issue")
        return found

    def merge_request(self) -> MergeRequest:
        """The merge request of the path, likewise."""
        found = self.project().merge_requests.get(self.number("iid"))
        if found is None or not self.state.sees_work(self.user, found):
            raise missing("Merge Request")
        return found

    def work(self) -> Work:
        """The one or the other."""
        return self.issue() if self.place["kind"] == "issues" else self.merge_request()

    def number(self, name: str) -> int:
        """A number of the path. Raises `Refused`."""
        try:
            return int(self.place[name])
        except ValueError:
            raise Refused(400, {"error": f"{name} is invalid"}) from None

    def need(self, name: str) -> Any:
        """A field of the body. Raises `Refused` where it is missing."""
        if name not in self.body:
            raise Refused(400, {"error": f"{name} is missing"})
        return self.body[name]

    def names(self, name: str, source: Document | None = None) -> list[str]:
        """Names out of a list or a text with commas, of the body or of another source."""
        given = (self.body if source is None else source).get(name) or []
        items = given if isinstance(given, list) else str(given).split(",")
        return [str(item).strip() for item in items if str(item).strip()]

    def says(self, name: str) -> bool:
        """Whether a field of the body or the query is true, as forms and JSON have it."""
        return str(self.body.get(name, self.query.get(name, ""))).lower() in ("true", "1", "yes", "on")


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What is given page by page."""

    items: Sequence[Any]
    show: Callable[[Any], Any]
    by_id: bool = False
    """Whether GitLab lets it be read by keyset, too; then the items have an `id`, or are documents with one."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """What is done, the status of success, and whether nobody in particular may ask."""

    run: Callable[[Call], Any]
    status: int = 200
    open: bool = False


class Rest:
    """Takes every request to `/api/v4`."""

    def __init__(
        self,
        state: State,
        faults: GitLabFaults,
        routes: dict[tuple[str, str], Route],
        judge: Judge,
        door: Door,
    ) -> None:
        self.state = state
        self.faults = faults
        self.judge = judge
        self._routes = [(method, path.split("/"), path, route) for (method, path), route in routes.items()]
        self._door = door

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        parts = request.scope["raw_path"].decode().partition("/api/v4/")[2].split("/")
        path, route, place = self._route("GET" if request.method == "HEAD" else request.method, parts)
        name = f"{request.method} {path}"
        query = _query(request)
        plain = "/api/v4/" + "/".join(parts)
        received = Received(method=request.method, path=plain, route=name, query=query)

        async def answered() -> Response:
            body, file = await _body(request)
            received.body = body | ({"file": file[0]} if file else {})
            answer = await asyncio.to_thread(self._answer, request, received, route, place, file)
            return self._torn(request, answer) if self.faults.tears(name) else answer

        return await self._door.through(request, received, answered, _broken)

    def _torn(self, request: Request, answer: Response) -> Response:
        """The answer's headers and half of it; then nobody is there."""

        async def half() -> AsyncIterator[bytes]:
            yield bytes(answer.body)[: len(answer.body) // 2]
            await asyncio.sleep(0.05)
            self._door.hang_up(request)

        return StreamingResponse(half(), answer.status_code, dict(answer.headers))

    def _route(self, method: str, parts: list[str]) -> tuple[str, Route | None, dict[str, str]]:
        """The name of the route, what it does, and what stands in the path."""
        for at, pattern, name, route in self._routes:
            if at == method and len(pattern) == len(parts):
                pairs = list(zip(pattern, parts, strict=True))
                if all(key == part or key[0] == ":" for key, part in pairs):
                    place = {key[1:]: unquote(part) for key, part in pairs if key[0] == ":"}
                    kinds = [key for key in pattern if key in ("issues", "merge_requests")]
                    return name, route, place | {"kind": kinds[0] if kinds else ""}
        return "", None, {}

    def _answer(
        self, request: Request, received: Received, route: Route | None, place: dict[str, str], file: Any
    ) -> Response:
        headers: dict[str, str] = {}
        try:
            with self.state.lock:
                user, token = self._who(request)
                received.user = user.username if user else ""
                self._limit(request, received, headers)
                if route is None:
                    raise Refused(404, {"error": "404 Not Found"})
                if user is None and not route.open:
                    raise Refused(401, "401 Unauthorized")
                body: Document = {key: value for key, value in received.body.items() if key != "file"}
                self.judge.check(request.method, received.path, received.route, received.query, body)
                call = Call(
                    state=self.state,
                    user=user,
                    token=token,
                    query=received.query,
                    body=body if request.method == "GET" else received.query | body,  # it takes both for one
                    place=place,
                    file=file,
                )
                return self._told(request, received, route, route.run(call), headers)
        except TooMany:
            return PlainTextResponse("Retry later\n", 429, headers)
        except Refused as refused:
            return JSONResponse(refused.body, refused.status, headers)

    def _told(
        self, request: Request, received: Received, route: Route, result: Any, headers: dict[str, str]
    ) -> Response:
        if isinstance(result, Response):
            result.headers.update(headers)
            return result
        if isinstance(result, Listing):
            result = _page(result, received.query, f"{self.state.url}{received.path}", headers)
            if self.faults.no_totals:
                headers["Link"] = ", ".join(
                    one for one in headers.get("Link", "").split(", ") if 'rel="last"' not in one
                )
                for name in ("X-Total", "X-Total-Pages"):
                    headers.pop(name, None)
        if route.status == 204:
            return Response(status_code=204, headers=headers)
        if request.method != "HEAD":
            self.judge.check_reply(request.method, received.path, route.status, result)
        return JSONResponse(result, route.status, headers)

    def _who(self, request: Request) -> tuple[Account | None, Token | None]:
        """Who asks. Raises `Refused` for a token that is good for nothing."""
        given = request.headers.get("private-token") or request.query_params.get("private_token") or ""
        given = given or request.headers.get("authorization", "").removeprefix("Bearer ")
        if not given:
            return None, None
        if (found := self.state.by_token(given)) is None:
            raise Refused(401, "401 Unauthorized")
        user, token = found
        if token.is_good:
            return user, token
        raise Refused(401, {"error": "invalid_token", "error_description": REVOKED if token.revoked else EXPIRED})

    def _limit(self, request: Request, received: Received, headers: dict[str, str]) -> None:
        """Raise `Refused` for who asks too often; the answer's headers say how it stands."""
        client = request.client.host if request.client else ""
        allowed, told = self.faults.take(received.route, received.user or client)
        headers |= told
        if not allowed and received.route.endswith("/notes"):
            raise Refused(
                429, {"message": {"error": "This endpoint has been requested too many times. Try again later."}}
            )
        if not allowed:
            raise TooMany


class TooMany(Refused):
    """What Rack::Attack refuses: its answer is no JSON."""

    def __init__(self) -> None:
        super().__init__(429, "Retry later")


def _broken(status: int) -> Response:
    """What a server, or the proxy in front of it, says when it cannot answer."""
    if status == 500:
        return JSONResponse({"message": "500 Internal Server Error"}, 500)
    return Response(f"<html><title>{status}</title></html>", status, media_type="text/html")


def _query(request: Request) -> Document:
    """The parameters, without `[]`; several of one name as a list."""
    found: Document = {}
    for name, value in request.query_params.multi_items():
        key = name.removesuffix("[]")
        if name.endswith("[]"):
            found.setdefault(key, []).append(value)
        else:
            found[key] = value
    found.pop("private_token", None)
    return found


async def _body(request: Request) -> tuple[Document, tuple[str, bytes] | None]:
    """The JSON of a request, or a form's fields and its file; of what is neither, nothing."""
    kind = request.headers.get("content-type", "")
    if kind.startswith(("multipart/form-data", "application/x-www-form-urlencoded")):
        fields: Document = {}
        file = None
        async with request.form() as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    file = (value.filename or "", await value.read())
                elif name.endswith("[]"):
                    fields.setdefault(name[:-2], []).append(value)
                else:
                    fields[name] = value
        return fields, file
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        body = {}
    return body if isinstance(body, dict) else {}, None


def _page(listing: Listing, query: Document, address: str, headers: dict[str, str]) -> list[Any]:
    """One page, with the headers that lead to the others. Raises `Refused`."""
    try:
        size = min(int(query.get("per_page", 20)), MOST_PER_PAGE)
        number = int(query.get("page", 1))
    except ValueError:
        raise Refused(400, {"error": "page is invalid"}) from None
    if size < 1 or number < 1:
        raise Refused(400, {"error": f"{'per_page' if size < 1 else 'page'} does not have a valid value"})
    if query.get("pagination") == "keyset" and listing.by_id:
        return _by_keyset(listing, query, address, size, headers)
    pages = max(1, -(-len(listing.items) // size))
    shown = listing.items[(number - 1) * size : number * size]
    rest = {key: value for key, value in query.items() if key not in ("page", "per_page")}
    near = {"prev": number - 1, "next": number + 1, "first": 1, "last": pages}
    links = [
        f'<{address}?{urlencode(rest | {"page": page, "per_page": size}, doseq=True)}>; rel="{name}"'
        for name, page in near.items()
        if 1 <= page <= pages
    ]
    headers |= {
        "Link": ", ".join(links),
        "X-Page": str(number),
        "X-Per-Page": str(size),
        "X-Prev-Page": str(number - 1) if number > 1 else "",
        "X-Next-Page": str(number + 1) if number < pages else "",
        "X-Total": str(len(listing.items)),
        "X-Total-Pages": str(pages),
    }
    return [listing.show(item) for item in shown]


def _by_keyset(listing: Listing, query: Document, address: str, size: int, headers: dict[str, str]) -> list[Any]:
    """The next items after the cursor, in the order of their ids. Raises `Refused` for another order."""
    if query.get("order_by", "id") not in ("id", "created_at"):  # ids are given out in the order of creation
        raise Refused(405, {"error": "Keyset pagination is not yet available for this type of request"})
    backward = query.get("sort", "desc") == "desc"

    def key(item: Any) -> int:
        return int(item["id"] if isinstance(item, dict) else item.id)

    items = sorted(listing.items, key=key, reverse=backward)
    if cursor := query.get("cursor"):
        after = int(base64.urlsafe_b64decode(str(cursor)))
        items = [item for item in items if (key(item) < after) == backward and key(item) != after]
    if len(items) > size:
        last = base64.urlsafe_b64encode(str(key(items[size - 1])).encode()).decode()
        onward = urlencode(query | {"per_page": size, "cursor": last}, doseq=True)
        headers["Link"] = f'<{address}?{onward}>; rel="next"'
    return [listing.show(item) for item in items[:size]]


def plain(text: str) -> Response:
    """An answer that is no JSON."""
    return PlainTextResponse(text)
