"""The routes of tasks."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Path, Query, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from agent.service.requests import AnswerRequest, ApproveRequest, RejectRequest, TaskRequest
from agent.service.tasks import MOST_KEY, Verb
from agent.service.views import TaskPage, TaskView
from integrations.http.access import KnownCaller, Offered
from integrations.http.reading import StrictRoute
from integrations.http.waiting import events_of, settled
from registry import TaskState

LONGEST_WAIT_S: Final = 60.0
MOST_LISTED: Final = 200
LARGEST_EVENT: Final = 2**31 - 1
"""What the database numbers events with."""

router = APIRouter(prefix="/v1/tasks", tags=["tasks"], route_class=StrictRoute)

OVER: Final[dict[int | str, dict[str, Any]]] = {200: {"model": TaskView, "description": "The task is over already."}}
BYTES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}

Id = Annotated[str, Path(alias="id", pattern="^[0-9a-f]{32}$", description="The task's id.")]
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key", max_length=MOST_KEY, description="What makes it one task, however often it is sent."
    ),
]
Wait = Annotated[
    float, Query(alias="wait", ge=0, le=LONGEST_WAIT_S, description="Seconds to wait for the task to settle.")
]


@router.post("", status_code=202, responses=OVER)
async def submit_task(
    wanted: TaskRequest, service: Offered, caller: KnownCaller, response: Response, key: Key = "", wait_s: Wait = 0.0
) -> TaskView:
    """Put a task on the queue, where workers do it. It is kept when this returns, whatever dies afterwards.

    With `wait`, the answer comes as soon as the task is over or waits for a person, or after so many seconds.
    """
    return await handed_in(wanted, service, caller, response, key=key, wait_s=wait_s)


@router.get("")
def list_tasks(
    service: Offered,
    caller: KnownCaller,
    state: Annotated[list[TaskState], Query(description="Only those in one of these states.")] = [],  # noqa: B006 (FastAPI copies it)
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 50,
    cursor: Annotated[str, Query(pattern="^([0-9a-f]{32})?$", description="`next` of the page before.")] = "",
) -> TaskPage:
    """Your tasks, newest first; everybody's with the scope `tasks.all`."""
    return service.tasks.list(caller, states=state, limit=limit, cursor=cursor)


@router.get("/{id}")
async def get_task(task_id: Id, service: Offered, caller: KnownCaller, wait_s: Wait = 0.0) -> TaskView:
    """A task: where it stands, what it waits for and how that is answered, what came of it."""
    return await settled(service, caller, task_id, wait_s)


def last_event(
    header: Annotated[str, Header(alias="Last-Event-ID", max_length=20)] = "",
    after: Annotated[int, Query(ge=0, le=LARGEST_EVENT, description="The event to go on from.")] = 0,
) -> int:
    """The event that the client has seen last."""
    return min(int(header), LARGEST_EVENT) if header.isascii() and header.isdecimal() else after


async def seen_task(task_id: Id, service: Offered, caller: KnownCaller) -> str:
    """The task's id, where the caller may see it: a stream that has begun has no status to refuse with."""
    return (await to_thread.run_sync(service.tasks.task, task_id, caller)).id


@router.get("/{id}/events", response_class=EventSourceResponse)
async def follow_task(
    task_id: Annotated[str, Depends(seen_task)],
    service: Offered,
    caller: KnownCaller,
    after: Annotated[int, Depends(last_event)],
) -> AsyncIterator[ServerSentEvent]:
    """What happens to a task, as it happens, until it is over: server-sent events.

    Each has the event's action as its type, its number as its id, and an `EventView` as its data. A client that was cut
    off goes on with `Last-Event-ID`. The last one is of the type `end`, with the whole `TaskView`.
    """
    async for event in events_of(service, caller, task_id, after):
        yield ServerSentEvent(data=event, event=event.action, id=str(event.id))
    yield ServerSentEvent(data=await to_thread.run_sync(service.tasks.task, task_id, caller), event="end")


@router.get("/{id}/files/{name}", response_class=Response, responses=BYTES)
def get_file(
    task_id: Id,
    name: Annotated[str, Path(max_length=255)],
    service: Offered,
    caller: KnownCaller,
) -> Response:
    """A file that the function left, as it is. No browser shows it as a page."""
    data = service.tasks.file(task_id, name, caller)
    return Response(data, media_type="application/octet-stream", headers={"Content-Disposition": "attachment"})


@router.post("/{id}/cancel")
def cancel_task(task_id: Id, service: Offered, caller: KnownCaller) -> TaskView:
    """End a task; one that is worked on ends within a second. Nothing happens to one that is over."""
    return service.tasks.cancel(task_id, caller)


@router.post("/{id}/retry")
def retry_task(task_id: Id, service: Offered, caller: KnownCaller) -> TaskView:
    """Queue a task once more that failed, was cancelled, or was given up."""
    return service.tasks.retry(task_id, caller)


@router.post("/{id}/answer")
def answer_task(task_id: Id, said: AnswerRequest, service: Offered, caller: KnownCaller) -> TaskView:
    """Answer what a task waits for; it goes on then."""
    return service.tasks.answer(task_id, said, caller)


@router.post("/{id}/approve")
def approve_task(task_id: Id, signed: ApproveRequest, service: Offered, caller: KnownCaller) -> TaskView:
    """Sign for what a task waits for: a version goes into production, a budget is had once more."""
    return service.tasks.approve(task_id, signed, caller)


@router.post("/{id}/reject")
def reject_task(task_id: Id, said: RejectRequest, service: Offered, caller: KnownCaller) -> TaskView:
    """Say no to what a task waits for: it ends. What was made for it stays as it is."""
    return service.tasks.reject(task_id, said, caller)


async def handed_in(
    wanted: TaskRequest,
    service: Offered,
    caller: KnownCaller,
    response: Response,
    *,
    key: str,
    wait_s: float,
    verb: Verb = "execute",
    name: str = "",
) -> TaskView:
    """The task, kept, and waited for as long as is wanted; 200 where it is over by then, else 202."""
    task = await to_thread.run_sync(lambda: service.tasks.submit(wanted, caller, key=key, verb=verb, name=name))
    response.headers["Location"] = f"/v1/tasks/{task.id}"
    if wait_s:
        task = await settled(service, caller, task.id, wait_s)
    response.status_code = 200 if task.is_over else 202
    return task
