"""One method for each operation of the OpenAPI document, named as it is there; and no other."""

import uuid
from collections.abc import Collection, Iterator, Sequence
from typing import cast
from urllib.parse import quote

from agent.client.line import Ask, Line, read
from agent.errors import ServiceUnavailable, TooBusy
from agent.service.requests import (
    AnswerRequest,
    ApproveRequest,
    EnhanceRequest,
    ModelAsk,
    PromoteRequest,
    RejectRequest,
    Request,
    RollbackRequest,
    RunRequest,
    TaskRequest,
)
from agent.service.views import (
    DiffView,
    EventView,
    EvidenceView,
    FunctionPage,
    FunctionView,
    ModelAnswer,
    ModelView,
    MoveView,
    RunView,
    SourceView,
    TaskPage,
    TaskView,
    VersionEntry,
)
from registry import TaskState

NO_RUN, NO_REJECT, NO_APPROVE, NO_PROMOTE = RunRequest(), RejectRequest(), ApproveRequest(), PromoteRequest()


class Operations:
    """Each raises the errors that the service's own verbs raise, `ServiceUnavailable` and `TooBusy`.

    What changes nothing, or has a key, is sent again where no answer came.
    """

    _line: Line

    def submit_task(self, wanted: TaskRequest, *, key: str = "", wait_s: float = 0.0) -> TaskView:
        """A task on the queue, kept when this returns. `key` makes it one task however often it is sent.

        With `wait_s` it returns as soon as the task is over or waits for a person, or after so many seconds.
        """
        return self._handed_in("/v1/tasks", wanted, key, wait_s)

    def list_tasks(self, *, state: Collection[TaskState] = (), limit: int = 50, cursor: str = "") -> Iterator[TaskPage]:
        """Your tasks, newest first, page by page: `limit` on each, from the one on that `cursor` names."""
        wanted = [TaskState(each).value for each in state]
        while True:
            query = {"state": wanted, "limit": limit, "cursor": cursor}
            page: TaskPage = self._line.get(TaskPage, Ask(method="GET", path="/v1/tasks", query=query))
            yield page
            if not (cursor := page.next):
                return

    def get_task(self, task_id: str, *, wait_s: float = 0.0) -> TaskView:
        """The task as it stands; with `wait_s` once it has settled, or after so many seconds."""
        ask = Ask(method="GET", path=task_path(task_id), query={"wait": wait_s}, waits_s=wait_s)
        return cast(TaskView, self._line.get(TaskView, ask))

    def follow_task(self, task_id: str, *, after: int = 0) -> Iterator[EventView]:
        """What happens to the task after that event, as it happens, until it is over; cuts are mended."""
        patience = self._line.patience()
        while True:
            ask = Ask(method="GET", path=task_path(task_id, "events"), headers={"Last-Event-ID": str(after)})
            try:
                with self._line.streaming(ask) as events:
                    for event in events:
                        patience = self._line.patience()
                        if event.type == "end":
                            return
                        seen: EventView = read(EventView, event.data, self._line.url)
                        after = seen.id
                        yield seen
                error: Exception = ServiceUnavailable(f"The events of {task_id} were cut off after number {after}")
            except (ServiceUnavailable, TooBusy) as failed:
                error = failed
            if not patience.wait():
                raise error

    def get_file(self, task_id: str, name: str) -> bytes:
        """A file that the function left."""
        return self._line.answered(Ask(method="GET", path=task_path(task_id, "files", name))).content

    def cancel_task(self, task_id: str) -> TaskView:
        """The task, which ends within a second. Nothing happens to one that is over."""
        return self._said(task_id, "cancel")

    def retry_task(self, task_id: str) -> TaskView:
        """The task, queued once more."""
        return self._said(task_id, "retry")

    def answer_task(self, task_id: str, said: AnswerRequest) -> TaskView:
        """The task, which goes on with the answer to what it waits for."""
        return self._said(task_id, "answer", said)

    def approve_task(self, task_id: str, signed: ApproveRequest = NO_APPROVE) -> TaskView:
        """The task, which goes on with your signature."""
        return self._said(task_id, "approve", signed)

    def reject_task(self, task_id: str, said: RejectRequest = NO_REJECT) -> TaskView:
        """The task, which ends."""
        return self._said(task_id, "reject", said)

    def list_functions(self, *, query: str = "", limit: int = 100, cursor: str = "") -> Iterator[FunctionPage]:
        """The functions by name, page by page; with a query those in production that share words with it."""
        while True:
            sent = {"q": query, "limit": limit, "cursor": cursor}
            page: FunctionPage = self._line.get(FunctionPage, Ask(method="GET", path="/v1/functions", query=sent))
            yield page
            if not (cursor := page.next):
                return

    def create_function(self, wanted: TaskRequest, *, key: str = "", wait_s: float = 0.0) -> TaskView:
        """The task of having a function made, proven and kept, without running it."""
        return self._handed_in("/v1/functions", wanted, key, wait_s)

    def get_function(self, name: str, *, version: str | None = None) -> FunctionView:
        """What the function takes and gives, its rights, and its success so far."""
        ask = Ask(method="GET", path=function_path(name), query={"version": version})
        return cast(FunctionView, self._line.get(FunctionView, ask))

    def list_versions(self, name: str) -> Sequence[VersionEntry]:
        """What happened to the function, oldest first."""
        ask = Ask(method="GET", path=function_path(name, "versions"))
        return cast(Sequence[VersionEntry], self._line.get(Sequence[VersionEntry], ask))

    def get_source(self, name: str, *, version: str | None = None) -> SourceView:
        """The source, the tests and the lock of a version."""
        ask = Ask(method="GET", path=function_path(name, "source"), query={"version": version})
        return cast(SourceView, self._line.get(SourceView, ask))

    def get_evidence(self, name: str, *, version: str | None = None) -> EvidenceView:
        """What speaks for a version."""
        ask = Ask(method="GET", path=function_path(name, "evidence"), query={"version": version})
        return cast(EvidenceView, self._line.get(EvidenceView, ask))

    def get_diff(self, name: str, old: str, new: str) -> DiffView:
        """What differs between two versions."""
        ask = Ask(method="GET", path=function_path(name, "diff"), query={"old": old, "new": new})
        return cast(DiffView, self._line.get(DiffView, ask))

    def run_function(self, name: str, wanted: RunRequest = NO_RUN) -> RunView:
        """What the function gives for these arguments. It is not sent twice: it may have run though no answer came."""
        ask = Ask(method="POST", path=function_path(name, "run"), body=wanted)
        return cast(RunView, self._line.get(RunView, ask))

    def enhance_function(self, name: str, wanted: EnhanceRequest, *, key: str = "", wait_s: float = 0.0) -> TaskView:
        """The task of having a new version made that does more."""
        return self._handed_in(function_path(name, "enhance"), wanted, key, wait_s)

    def promote_function(self, name: str, wanted: PromoteRequest = NO_PROMOTE) -> MoveView:
        """The version, in production."""
        ask = Ask(method="POST", path=function_path(name, "promote"), body=wanted)
        return cast(MoveView, self._line.get(MoveView, ask))

    def roll_back_function(self, name: str, wanted: RollbackRequest) -> MoveView:
        """The earlier version, in production again, or where it waits to be merged."""
        ask = Ask(method="POST", path=function_path(name, "rollback"), body=wanted)
        return cast(MoveView, self._line.get(MoveView, ask))

    def ask_model(self, asked: ModelAsk) -> ModelAnswer:
        """The reply of the model that the router chose. It is not asked twice: the first time may have cost money."""
        ask = Ask(method="POST", path="/v1/llm/request", body=asked)
        return cast(ModelAnswer, self._line.get(ModelAnswer, ask))

    def list_models(self) -> Sequence[ModelView]:
        """The models of all servers, and why each is used or not."""
        return cast(Sequence[ModelView], self._line.get(Sequence[ModelView], Ask(method="GET", path="/v1/models")))

    def _handed_in(self, path: str, wanted: Request, key: str, wait_s: float) -> TaskView:
        """The task; one without a key gets one, so that it is one task though it be sent again."""
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        ask = Ask(method="POST", path=path, query={"wait": wait_s}, headers=headers, body=wanted, waits_s=wait_s)
        return cast(TaskView, self._line.get(TaskView, ask))

    def _said(self, task_id: str, deed: str, body: Request | None = None) -> TaskView:
        ask = Ask(method="POST", path=task_path(task_id, deed), body=body)
        return cast(TaskView, self._line.get(TaskView, ask))


def task_path(task_id: str, *more: str) -> str:
    """Where the task is, or something of it."""
    return "/".join(("/v1/tasks", *(quote(part, safe="") for part in (task_id, *more))))


def function_path(name: str, *more: str) -> str:
    """Where the function is, or something of it."""
    return "/".join(("/v1/functions", *(quote(part, safe="") for part in (name, *more))))
