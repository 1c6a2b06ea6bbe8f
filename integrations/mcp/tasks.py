"""What the tools about tasks do: hand one in, wait for it, have the client ask its person, answer, cancel."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

import anyio
from mcp.server.context import ServerRequestContext
from mcp_types import CallToolRequestParams, CallToolResult, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from agent.service.callers import Caller
from agent.service.service import Service
from agent.service.views import TaskView
from integrations.http.waiting import LOOK_S, woken_by
from integrations.mcp.asking import answer_in, form_of, is_askable, shows_forms, subject_of
from integrations.mcp.own import Answer, CancelTask, ExecuteTask, GetStatus
from integrations.mcp.progress import Progress
from integrations.mcp.standing import told
from integrations.mcp.threads import Threads

MOST_ASKED: Final = 5
"""Forms that one request puts to the person."""
FORM: Final = "answer"
"""The name of the form in an input request."""

Context = ServerRequestContext[Any, Any]
Result = CallToolResult | InputRequiredResult


@dataclass(frozen=True, kw_only=True)
class TaskTools:
    """Each gives the task as it stands at the end. Raises what the service raises."""

    service: Service
    threads: Threads

    async def execute(self, ctx: Context, caller: Caller, params: CallToolRequestParams, asked: ExecuteTask) -> Result:
        """Hand the task in and wait for it; where the client comes back with a form, go on with that task."""
        back = state_of(params)
        if back:
            async with self._cancelled_with_this(asked, back["task"], caller):
                return await self._back(ctx, caller, params, asked.wait_s)
        submit = self.service.tasks.submit
        with anyio.CancelScope(shield=True):  # else nobody would know its id
            view = await self.threads.run(submit, asked.as_request(), caller, key=asked.key)
        async with self._cancelled_with_this(asked, view.id, caller):
            return await self._waited(ctx, caller, view, asked.wait_s)

    async def status(self, ctx: Context, caller: Caller, params: CallToolRequestParams, asked: GetStatus) -> Result:
        """How the task stands, waited for as long as was said."""
        if state_of(params):
            return await self._back(ctx, caller, params, asked.wait_s)
        view = await self.threads.run(self.service.tasks.task, asked.task, caller)
        if not asked.wait_s:
            return told(view)
        return await self._waited(ctx, caller, view, asked.wait_s)

    async def answer(self, ctx: Context, caller: Caller, params: CallToolRequestParams, asked: Answer) -> Result:
        """The task, which goes on with the answer, waited for."""
        if state_of(params):
            return await self._back(ctx, caller, params, asked.wait_s)
        view = await self.threads.run(self.service.tasks.answer, asked.task, asked.as_request(), caller)
        return await self._waited(ctx, caller, view, asked.wait_s)

    async def cancel(self, caller: Caller, asked: CancelTask) -> Result:
        """The task, which ends within a second."""
        return told(await self.threads.run(self.service.tasks.cancel, asked.task, caller))

    @asynccontextmanager
    async def _cancelled_with_this(self, asked: ExecuteTask, task_id: str, caller: Caller) -> AsyncIterator[None]:
        """Cancel the task where the call is aborted within the block, if that was said."""
        try:
            yield
        except anyio.get_cancelled_exc_class():
            if asked.cancel_on_abort:
                with anyio.CancelScope(shield=True):
                    await self.threads.run(self.service.tasks.cancel, task_id, caller)
            raise

    async def _back(self, ctx: Context, caller: Caller, params: CallToolRequestParams, wait_s: float) -> Result:
        """Go on where the client was asked to put a form to its person."""
        state = state_of(params)
        view = await self.threads.run(self.service.tasks.task, state["task"], caller)
        filled = (params.input_responses or {}).get(FORM)
        if not isinstance(filled, ElicitResult):
            return required(view) if is_askable(view) else told(view)
        if is_askable(view) and subject_of(view) == state["subject"]:  # else somebody else was first
            answer = answer_in(view, filled)
            if answer is None:
                return told(view)
            view = await self.threads.run(self.service.tasks.answer, view.id, answer, caller)
        return await self._waited(ctx, caller, view, wait_s)

    async def _waited(self, ctx: Context, caller: Caller, view: TaskView, wait_s: float) -> Result:
        """The task as it stands at the end, or after that time, or where only a person's word helps."""
        progress, deadline = Progress(ctx=ctx, task_id=view.id), monotonic() + wait_s
        await progress.begin()
        for _ in range(MOST_ASKED):
            view = await self._followed(progress, caller, view, deadline)
            if not is_askable(view) or not shows_forms(ctx.session.client_capabilities):
                break
            if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS:
                return required(view)
            filled = await elicited(ctx, view)
            answer = answer_in(view, filled)
            if answer is None:
                break
            view = await self.threads.run(self.service.tasks.answer, view.id, answer, caller)
        return told(view)

    async def _followed(self, progress: Progress, caller: Caller, view: TaskView, deadline: float) -> TaskView:
        """The task once it is over, waits for a person, or the time has come."""
        with woken_by(self.service, view.id) as woken:
            while True:
                view = await self.threads.run(self.service.tasks.task, view.id, caller)
                await progress.tell(await self.threads.run(self._news, view.id, caller, progress.after))
                waits = view.waits_for is not None and view.waits_for.kind != "task"
                left = deadline - monotonic()
                if view.is_over or waits or left <= 0:
                    return view
                await woken.wait(min(LOOK_S, left))

    def _news(self, task_id: str, caller: Caller, after: int) -> Any:
        return self.service.tasks.events(task_id, caller, after=after)


def state_of(params: CallToolRequestParams) -> Any:
    """What the client carries back of a form that it was to show; the SDK has seen that we wrote it, for this call."""
    return json.loads(params.request_state) if params.request_state else None


def required(view: TaskView) -> InputRequiredResult:
    """Have the client put the form to its person, and come back with what they say."""
    state = json.dumps({"task": view.id, "subject": subject_of(view)})
    return InputRequiredResult(input_requests={FORM: form_of(view)}, request_state=state)


async def elicited(ctx: Context, view: TaskView) -> ElicitResult:
    """What the person filled in, asked over the request's own line."""
    form = form_of(view).params
    assert isinstance(form, ElicitRequestFormParams)  # noqa: S101
    return await ctx.session.elicit_form(form.message, form.requested_schema, related_request_id=ctx.request_id)
