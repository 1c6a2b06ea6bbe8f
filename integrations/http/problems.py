"""Every error as a problem of RFC 9457: what HTTP status it has, and what of it is told.

An error says what happened, what was kept and what to do; a problem has the same three parts, a type that programs can
tell apart, and the request's id, under which the log has the rest.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from agent import errors
from agent.errors import ChannelError, KowalError, ModelError, ServiceError
from registry import errors as kept
from registry.errors import RegistryError
from sandbox import errors as boxed
from sandbox.errors import SandboxError

MEDIA_TYPE = "application/problem+json"
NAMESPACE = "urn:kowal:problem:"
Known = KowalError | RegistryError | SandboxError


class Problem(BaseModel):
    """What every error is answered with."""

    model_config = ConfigDict(frozen=True)

    type: str
    """The kind of problem, for programs: `urn:kowal:problem:unknown-task`."""
    title: str
    """What is said of every problem of this kind."""
    status: int
    """The HTTP status."""
    detail: str
    """What happened this time."""
    instance: str = ""
    """The request's id: the log has more under it."""
    kept: str = ""
    """What was kept."""
    advice: str = ""
    """What to do next."""
    retryable: bool = False
    """Whether the same request may succeed later."""
    facts: dict[str, Any] = {}
    """What a program wants to know beyond that, for example `findings`."""


class HttpError(KowalError):
    """The request cannot be answered."""

    status = 400
    advice = "docs/http.md says what may be asked, and how."

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers that the answer must have."""
        return {}


class BadRequest(HttpError):
    """The request cannot be read."""


class Invalid(HttpError):
    """The request lacks something, or has what is not known."""

    status = 422
    advice = "`facts.findings` names what is wrong. /openapi.json says what each request may have."


class ForeignOrigin(HttpError):
    """A page of another site made a browser send this request."""

    status = 403
    advice = "Where that site may ask, have it added to the setting `http.origins`."


class WrongHost(HttpError):
    """The service is not called that."""

    status = 421
    advice = "Use a name by which the service is known, or have this one added to the setting `http.names`."


class NotFound(HttpError):
    """Nothing is at that address."""

    status = 404
    advice = "/openapi.json lists the addresses."


class WrongMethod(HttpError):
    """What is at that address does not take this method."""

    status = 405
    advice = "The header `Allow` names the methods."


class TooSlow(HttpError):
    """The request took too long to arrive."""

    status = 408
    retryable = True
    advice = "Send it again, in one go."


class BodyTooLarge(HttpError):
    """The request is larger than the service takes."""

    status = 413
    advice = "Send less, or have the setting `http.max_body_mib` raised."


class HeadTooLarge(HttpError):
    """The request's address or headers are larger than the service takes."""

    status = 431
    advice = "Send data in the body."


class TooManyRequests(HttpError):
    """More requests came than are allowed in this time."""

    status = 429
    retryable = True
    advice = "Ask again after the seconds that `Retry-After` says; the setting `http.a_minute` says how often one may."

    @property
    def headers(self) -> Mapping[str, str]:
        """When to come again."""
        return {"Retry-After": whole_seconds(self.facts.get("again_in_s", 1))}


class Busy(HttpError):
    """The service is at its limits, or a part of it is away for now."""

    status = 503
    retryable = True
    advice = "Ask again after the seconds that `Retry-After` says."

    @property
    def headers(self) -> Mapping[str, str]:
        """When to come again."""
        return {"Retry-After": whole_seconds(self.facts.get("again_in_s", 5))}


class Fault(HttpError):
    """Something in Kowal itself went wrong."""

    status = 500
    advice = "Tell the operator the request's id: the log has more under it."


STATUS: Mapping[type[Exception], int] = {
    KowalError: 500,
    errors.BadTask: 422, errors.BadArguments: 422, errors.BadGrant: 422,
    errors.NotGranted: 409, errors.NotPermitted: 403, errors.NotKnown: 401, errors.TaskNotDone: 409,
    errors.NoFunctionFits: 422, errors.Unclear: 422, errors.NotPromoted: 422, errors.Undecided: 409,
    errors.RunFailed: 422, errors.BadSettings: 500,
    ChannelError: 502, errors.ChannelUnavailable: 503, errors.TooFast: 503, errors.ChannelRefused: 502,
    ModelError: 502, errors.ProviderUnavailable: 503, errors.ModelMissing: 502, errors.ModelTimedOut: 504,
    errors.RateLimited: 503, errors.ContextTooLong: 422, errors.MalformedReply: 502, errors.NoRoute: 422,
    errors.BudgetExceeded: 403, errors.NotScripted: 502,
    errors.ServiceError: 502, errors.ServiceUnavailable: 503, errors.TooBusy: 503,
    RegistryError: 500, kept.NotARegistry: 500, kept.RegistryNotWritable: 500,
    kept.UnknownFunction: 404, kept.UnknownVersion: 404, kept.UnknownQuestion: 404, kept.UnknownTask: 404,
    kept.UnknownRun: 404,
    kept.Conflict: 409, kept.NameTaken: 409, kept.Superseded: 409, kept.InvalidTransition: 409,
    kept.AlreadyAnswered: 409, kept.BranchProtected: 409,
    kept.RemoteUnavailable: 503, kept.RemoteRefused: 502, kept.NotACopy: 500, kept.InvalidFunction: 422,
    kept.OperationsUnavailable: 503, kept.BackupFailed: 500, kept.BadBackup: 422,
    SandboxError: 503, boxed.SandboxUnavailable: 503, boxed.SnapshotFailed: 503,
}  # fmt: skip
"""The status of each error of ours; a class that is not in it has its parent's. `HttpError` says its own."""

PLAIN: Mapping[int, type[HttpError]] = {
    kind.status: kind
    for kind in (BadRequest, NotFound, WrongMethod, TooSlow, BodyTooLarge, Invalid, HeadTooLarge, Fault)
}
"""What a bare status means, where a library said no more."""


def status_of(error: Exception) -> int:
    """The HTTP status of an error; 500 for what is none of ours."""
    if isinstance(error, HttpError):
        return error.status
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def problem_of(error: Exception, instance: str = "") -> Problem:
    """The error as it is told. Of what is our own fault no more than its kind: its text may name files and hosts."""
    if not isinstance(error, Known):
        error = Fault()
    kind, title = type(error), title_of(type(error))
    problem = Problem(
        type=NAMESPACE + name_of(kind), title=title, status=status_of(error), detail=title, instance=instance,
        advice=kind.advice, retryable=error.retryable,
    )  # fmt: skip
    if not is_told(error):
        return problem
    told = {"detail": str(error), "kept": error.kept, "advice": error.advice, "facts": getattr(error, "facts", {})}
    return problem.model_copy(update=told)


def is_told(error: Known) -> bool:
    """Whether the error's own words are for whoever asked: theirs to mend, or a word about a neighbour."""
    return status_of(error) < 500 or isinstance(error, HttpError | ModelError | ChannelError | ServiceError)


def name_of(kind: type[Exception]) -> str:
    """The class's name as a type has it: `unknown-task`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.__name__.lstrip("_")).lower()


def title_of(kind: type[Exception]) -> str:
    """The first line of what the class says of itself."""
    return (kind.__doc__ or kind.__name__).partition("\n")[0]


def headers_of(error: Exception) -> dict[str, str]:
    """Headers that go with the error: how to log in, when to come again."""
    match error:
        case HttpError():
            return dict(error.headers)
        case errors.NotKnown():
            return {"WWW-Authenticate": 'Bearer realm="kowal"'}
        case errors.TooBusy():
            return {"Retry-After": "1"}
        case errors.TooFast():
            return {"Retry-After": whole_seconds(error.again_in_s)}
        case errors.RateLimited() if error.retry_after_s is not None:
            return {"Retry-After": whole_seconds(error.retry_after_s)}
    return {}


def whole_seconds(seconds: float) -> str:
    """The seconds as `Retry-After` has them: whole, at least one."""
    return str(max(1, int(-(-seconds // 1))))


def answer(error: Exception, instance: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """The error as a response."""
    told = problem_of(error, instance)
    return Response(
        body_of(told), status_code=told.status, media_type=MEDIA_TYPE, headers={**headers_of(error), **(headers or {})}
    )


def body_of(problem: Problem) -> bytes:
    """The problem as JSON: ASCII, so that what somebody sent cannot break it; members that say nothing are left out."""
    facts = {name: value for name, value in problem.model_dump().items() if value not in ("", {})}
    return json.dumps(facts, ensure_ascii=True, default=str).encode()


REFERENCE = {"$ref": "#/components/schemas/Problem"}
RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request was refused.", "content": {MEDIA_TYPE: {"schema": REFERENCE}}},
    "5XX": {"description": "The service failed.", "content": {MEDIA_TYPE: {"schema": REFERENCE}}},
}
"""What every operation may answer instead: `FastAPI(responses=RESPONSES)`. `described` adds the schema."""


def described(document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document with the schema that `RESPONSES` refers to, and without what OpenAPI 3.1 does not know."""
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = schema
    for operation in (each for path in document["paths"].values() for each in path.values()):
        for answer in operation["responses"].values():
            for media in answer.get("content", {}).values():
                if item := media.pop("itemSchema", None):  # OpenAPI 3.2 says so of a stream's events
                    media["schema"] = item
    return document
