"""The routes of functions."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from agent.service.requests import EnhanceRequest, PromoteRequest, RollbackRequest, RunRequest, TaskRequest
from agent.service.views import (
    DiffView,
    EvidenceView,
    FunctionPage,
    FunctionView,
    MoveView,
    RunView,
    SourceView,
    TaskView,
    VersionEntry,
)
from integrations.http.access import KnownCaller, Offered
from integrations.http.reading import StrictRoute
from integrations.http.tasks import OVER, Key, Wait, handed_in
from integrations.http.turns import Turns
from registry import NAME_PATTERN

MOST_LISTED: Final = 500

router = APIRouter(prefix="/v1/functions", tags=["functions"], route_class=StrictRoute)

Name = Annotated[str, Path(pattern=NAME_PATTERN, description="The function.")]
Which = Annotated[
    str | None, Query(max_length=64, description="`X.Y.Z`, or a candidate's digest; the one that serves without.")
]


@router.get("")
def list_functions(
    service: Offered,
    caller: KnownCaller,
    q: Annotated[str, Query(max_length=1_000, description="Words to look for; the likeliest come first.")] = "",
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 100,
    cursor: Annotated[str, Query(max_length=64, description="`next` of the page before.")] = "",
) -> FunctionPage:
    """The functions by name, or those in production that share words with `q`."""
    return service.functions.list(caller, query=q, limit=limit, cursor=cursor)


@router.post("", status_code=202, responses=OVER)
async def create_function(
    wanted: TaskRequest, service: Offered, caller: KnownCaller, response: Response, key: Key = "", wait_s: Wait = 0.0
) -> TaskView:
    """Have a function made, proven and kept, without running it: a task on the queue, answered as `POST /v1/tasks`."""
    return await handed_in(wanted, service, caller, response, key=key, wait_s=wait_s, verb="create")


@router.get("/{name}")
def get_function(name: Name, service: Offered, caller: KnownCaller, version: Which = None) -> FunctionView:
    """What a function takes and gives, its rights, and its success so far."""
    return service.functions.get(name, caller, version=version)


@router.get("/{name}/versions")
def list_versions(name: Name, service: Offered, caller: KnownCaller) -> Sequence[VersionEntry]:
    """What happened to the function, oldest first."""
    return service.functions.versions(name, caller)


@router.get("/{name}/source")
def get_source(name: Name, service: Offered, caller: KnownCaller, version: Which = None) -> SourceView:
    """The source, the tests and the lock of a version."""
    return service.functions.source(name, caller, version=version)


@router.get("/{name}/evidence")
def get_evidence(name: Name, service: Offered, caller: KnownCaller, version: Which = None) -> EvidenceView:
    """What speaks for a version: its verdict, and where it comes from."""
    return service.functions.evidence(name, caller, version=version)


@router.get("/{name}/diff")
def get_diff(
    name: Name,
    service: Offered,
    caller: KnownCaller,
    old: Annotated[str, Query(min_length=1, max_length=64)],
    new: Annotated[str, Query(min_length=1, max_length=64)],
) -> DiffView:
    """What differs between two versions."""
    return service.functions.diff(name, old, new, caller)


@router.post("/{name}/run")
async def run_function(
    name: Name, wanted: RunRequest, service: Offered, caller: KnownCaller, request: Request
) -> RunView:
    """Run a function, in a fresh sandbox; the answer comes at once. No model is asked and nothing is queued."""
    turns: Turns = request.app.state.runs
    return await turns.take(lambda: service.functions.run(name, wanted, caller))


@router.post("/{name}/enhance", status_code=202, responses=OVER)
async def enhance_function(
    name: Name,
    wanted: EnhanceRequest,
    service: Offered,
    caller: KnownCaller,
    response: Response,
    key: Key = "",
    wait_s: Wait = 0.0,
) -> TaskView:
    """Have a new version made that does more; what the old one promised still holds. A task on the queue."""
    task = wanted.as_task()
    return await handed_in(task, service, caller, response, key=key, wait_s=wait_s, verb="enhance", name=name)


@router.post("/{name}/promote")
def promote_function(name: Name, wanted: PromoteRequest, service: Offered, caller: KnownCaller) -> MoveView:
    """Put an approved version into production. What asks for rights needs `grant`, with the digest that was seen."""
    return service.functions.promote(name, wanted, caller)


@router.post("/{name}/rollback")
def roll_back_function(name: Name, wanted: RollbackRequest, service: Offered, caller: KnownCaller) -> MoveView:
    """Put an earlier version back into production; or, where the registry is reviewed, ask for it to be merged."""
    return service.functions.rollback(name, wanted, caller)
