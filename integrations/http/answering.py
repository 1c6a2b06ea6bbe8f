"""Has an application answer every error as a problem: ours, those of its framework, and faults that nobody foresaw."""

from collections.abc import Mapping
from typing import Any, cast

from anyio import BrokenResourceError
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.errors import KowalError
from agent.types import Event, Listener
from integrations.http.problems import (
    PLAIN,
    BadRequest,
    Fault,
    HttpError,
    Invalid,
    answer,
    described,
    is_told,
)
from registry.errors import RegistryError
from sandbox.errors import SandboxError

MOST_FINDINGS, MOST_CHARS = 20, 200
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def answer_problems(app: FastAPI, tell: Listener) -> None:
    """Have the application answer every error as a problem, and describe them so in its OpenAPI document.

    Put `Faults` around it, too: its framework raises what nobody foresaw once more after the answer.
    """

    def known(request: Request, error: Exception) -> Response:
        if isinstance(error, KowalError | RegistryError | SandboxError) and not is_told(error):
            tell_failure(tell, request.scope, error)
        return answer(error, request_id(request.scope))

    def invalid(request: Request, error: Exception) -> Response:
        return answer(unreadable(cast(RequestValidationError, error)), request_id(request.scope))

    def plain(request: Request, error: Exception) -> Response:
        found = cast(HTTPException, error)
        headers = {"Allow": allowed_at(app, request.scope)} if found.status_code == 405 else found.headers
        return answer(of_status(found), request_id(request.scope), headers)

    def unforeseen(request: Request, error: Exception) -> Response:
        del error  # `Faults` tells of it
        return answer(Fault(), request_id(request.scope))

    app.add_exception_handler(Exception, unforeseen)
    for kind in (KowalError, RegistryError, SandboxError):
        app.add_exception_handler(kind, known)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, plain)

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = described(
                get_openapi(
                    title=app.title, version=app.version, description=app.description, routes=app.routes,
                    tags=app.openapi_tags, servers=app.servers,
                )
            )  # fmt: skip
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def unreadable(error: RequestValidationError) -> HttpError:
    """Which fields are wrong, and how; never what they hold."""
    found = error.errors()
    findings = [finding(each) for each in found[:MOST_FINDINGS]]
    if any(each["type"] == "json_invalid" for each in found):
        reason = str(found[0].get("ctx", {}).get("error", ""))[:MOST_CHARS]
        return BadRequest(f"The body is no JSON that can be read: {reason}", findings=findings)
    return Invalid(f"The request is wrong: {findings[0]}" if findings else None, findings=findings)


def finding(each: Mapping[str, Any]) -> str:
    """One field and what is wrong with it: `body.task: Field required`."""
    place = ".".join(str(part) for part in each["loc"])[:MOST_CHARS]
    return f"{place}: {str(each['msg'])[:MOST_CHARS]}"


def of_status(error: HTTPException) -> HttpError:
    """The framework's word as an error of ours."""
    kind = PLAIN.get(error.status_code, BadRequest if error.status_code < 500 else Fault)
    made = kind(str(error.detail)[:MOST_CHARS] if kind is BadRequest else None)
    made.status = error.status_code
    return made


def allowed_at(app: FastAPI, scope: Scope) -> str:
    """The methods that the address takes. The framework names those of the first route there, and not of all."""
    return ", ".join(
        method
        for method in METHODS
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in app.router.routes)
    )


def request_id(scope: Scope) -> str:
    """The id under which this request is known; empty where none was given to it."""
    return str(scope.get("kowal.request_id", ""))


def tell_failure(tell: Listener, scope: Scope, error: BaseException) -> None:
    """Tell of a request that failed by our own fault: the route and the kind of error, nothing that was sent."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    where = faulty_line(error)
    facts = {"id": request_id(scope), "error": f"{type(error).__name__}{where}", "name": route_of(scope)}
    tell(Event(action="http.failed", facts=facts))


def has_left(error: Exception) -> bool:
    """True where it says no more than that nobody listens any more: a stream of events may raise that in a group."""
    if isinstance(error, ExceptionGroup):
        return error.split((ClientDisconnect, BrokenResourceError))[1] is None
    return isinstance(error, ClientDisconnect)


def faulty_line(error: BaseException) -> str:
    """Where it was raised: ` at tasks.py:17`."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f" at {trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"


def route_of(scope: Scope) -> str:
    """Method and template of the route, `GET /v1/tasks/{id}`; never the path itself, which may name anything."""
    path = getattr(scope.get("route"), "path", "")
    return f"{scope.get('method', '')} {scope.get('root_path', '')}{path}" if path else "-"


class Faults:
    """Around an application: a fault that nobody foresaw is a problem, told as `http.failed`, and nothing is raised."""

    def __init__(self, app: ASGIApp, tell: Listener) -> None:
        self._app = app
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except Exception as error:  # noqa: BLE001 - the service goes on, and whoever asked gets an answer
            if has_left(error):
                return  # nobody is there to be answered
            tell_failure(self._tell, scope, error)
            if not begun:  # else what was begun is broken off
                await answer(Fault(), request_id(scope))(scope, receive, send)
