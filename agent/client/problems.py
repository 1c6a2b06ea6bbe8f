"""A response that is no success, as the error that the same would raise here; never of a class that is not ours."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import httpx

from agent.errors import BadTask, KowalError, NotKnown, NotPermitted, ServiceError, ServiceUnavailable, TooBusy
from agent.service.views import ErrorView
from agent.workflow.kept import error_read, named_errors

NAMESPACE: Final = "urn:kowal:problem:"
OURS: Final = frozenset({"agent", "registry", "sandbox"})
"""The packages whose errors are raised here as well; what the HTTP face alone knows is told by its status."""
RESERVED: Final = frozenset({"message", "advice", "kept", "self"})
"""What an error is made of besides its facts."""
MOST_CHARS: Final = 300

BY_STATUS: Final[Mapping[int, type[KowalError]]] = {
    400: BadTask, 413: BadTask, 422: BadTask, 431: BadTask,
    401: NotKnown, 403: NotPermitted, 421: NotPermitted,
    408: TooBusy, 429: TooBusy,
    502: ServiceUnavailable, 503: ServiceUnavailable, 504: ServiceUnavailable,
}  # fmt: skip
"""What is raised for a problem that only HTTP knows, and for the words of a proxy in between."""


def error_of(response: httpx.Response) -> Exception:
    """The error that the response stands for; its body must have been read."""
    said = problem_in(response)
    named = known_types().get(str(said.get("type", "")).removeprefix(NAMESPACE))
    kind = named or BY_STATUS.get(response.status_code, ServiceError)
    where = f"{response.request.url.copy_with(query=None)} answered {response.status_code}"
    facts = said.get("facts") if isinstance(said.get("facts"), dict) else {}
    view = ErrorView(
        type=kind.__name__,
        message=str(said.get("detail") or said.get("title") or where)[: 100 * MOST_CHARS],
        kept=str(said.get("kept", "")),
        advice=str(said.get("advice") or kind.advice),
        retryable=said.get("retryable", kind.retryable) is True,
        facts={**(facts or {}), "request": said.get("instance", "")},
    )
    return raised(view)


def raised(view: ErrorView) -> Exception:
    """The error as one of ours; `KowalError` for a class that nobody knows here."""
    facts = {name: value for name, value in view.facts.items() if name not in RESERVED}
    return error_read({**view.model_dump(), "facts": facts, "came_of": view.type})


def problem_in(response: httpx.Response) -> Mapping[str, Any]:
    """The members of the problem; none where something else stands between us and the service."""
    if response.headers.get("content-type", "").partition(";")[0].strip() != "application/problem+json":
        return {}
    try:
        found = json.loads(response.content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def known_types() -> dict[str, type[Any]]:
    """Our errors by the names that problems have: `unknown-task`."""
    ours = (kind for kind in named_errors().values() if kind.__module__.partition(".")[0] in OURS)
    return {re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.__name__.lstrip("_")).lower(): kind for kind in ours}
