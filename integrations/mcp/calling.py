"""A call of a tool: ours, or a function's."""

from dataclasses import dataclass
from typing import Any, Final

from mcp.server.context import ServerRequestContext
from mcp_types import CallToolRequestParams, CallToolResult, InputRequiredResult
from pydantic import ValidationError

from agent.errors import BadArguments, NotPermitted
from agent.service.callers import Caller, Scope
from agent.service.requests import RunRequest
from agent.service.service import Service
from integrations.mcp.catalogue import Catalogue
from integrations.mcp.own import (
    OWN,
    SCOPES,
    TAKES,
    Answer,
    Arguments,
    CancelTask,
    ExecuteTask,
    GetStatus,
    ListFunctions,
)
from integrations.mcp.results import OURS, failure, plain, refused, text, value_result
from integrations.mcp.tasks import TaskTools
from integrations.mcp.threads import Threads
from integrations.mcp.typed import function_name
from registry import UnknownFunction

LOOK_FOR: Final = (
    'list_functions {"query": "what it should do"} finds functions; execute_task makes one where none fits.'
)
SHOWS: Final = "The tool's input schema says what it takes."

Context = ServerRequestContext[Any, Any]
Result = CallToolResult | InputRequiredResult


@dataclass(frozen=True, kw_only=True)
class Calling:
    """Calls tools. What goes wrong is a result in words, so that a model can mend it."""

    service: Service
    catalogue: Catalogue
    tasks: TaskTools
    threads: Threads

    @classmethod
    def of(cls, service: Service, catalogue: Catalogue, threads: Threads) -> "Calling":
        """What calls the tools of the service."""
        return cls(
            service=service, catalogue=catalogue, tasks=TaskTools(service=service, threads=threads), threads=threads
        )

    async def call(self, ctx: Context, caller: Caller, params: CallToolRequestParams) -> Result:
        """What the tool gives the caller."""
        try:
            if params.name in OWN:
                caller.refuse(SCOPES[params.name])
                return await self._own(ctx, caller, params)
            caller.refuse(Scope.FUNCTIONS_RUN)
            return await self._function(caller, params)
        except ValidationError as error:
            return failure(f"The arguments of {params.name} cannot be read:\n{faults(error)}\nNext: {SHOWS}")
        except BadArguments as error:
            return refused(error, advice=SHOWS)
        except OURS as error:
            return refused(error)

    async def _own(self, ctx: Context, caller: Caller, params: CallToolRequestParams) -> Result:
        match read(params):
            case ExecuteTask() as asked:
                return await self.tasks.execute(ctx, caller, params, asked)
            case GetStatus() as asked:
                return await self.tasks.status(ctx, caller, params, asked)
            case Answer() as asked:
                return await self.tasks.answer(ctx, caller, params, asked)
            case CancelTask() as asked:
                return await self.tasks.cancel(caller, asked)
            case ListFunctions() as asked:
                return await self._list(caller, asked)
        raise NotPermitted(f"{params.name} is no tool of ours")

    async def _list(self, caller: Caller, asked: ListFunctions) -> CallToolResult:
        page = await self.threads.run(
            self.service.functions.list, caller, query=asked.query, limit=asked.limit, cursor=asked.cursor
        )
        lines = [f"{each.name} {each.version} ({each.status}): {each.description}" for each in page.functions]
        more = [f'More: list_functions {{"cursor": "{page.next}"}}'] if page.next else []
        said = "\n".join([*lines, *more]) or "No function has these words. execute_task has one made."
        return CallToolResult(content=[text(said)], structured_content=plain(page.model_dump(mode="json")))

    async def _function(self, caller: Caller, params: CallToolRequestParams) -> CallToolResult:
        name = function_name(params.name)
        if params.name not in await self.catalogue.now():
            raise UnknownFunction(f"There is no tool {params.name[:100]!r}", advice=LOOK_FOR)
        run = await self.threads.run(
            self.service.functions.run, name, RunRequest(arguments=params.arguments or {}), caller
        )
        return value_result(run)


def read(params: CallToolRequestParams) -> Arguments:
    """The arguments. Raises `ValidationError`."""
    return TAKES[params.name].model_validate(params.arguments or {})


def faults(error: ValidationError) -> str:
    """What is wrong with each argument, without what was sent."""
    lines = [(".".join(map(str, each["loc"])), each["msg"]) for each in error.errors(include_input=False)]
    return "\n".join(f"- {where}: {what}" if where else f"- {what}" for where, what in lines[:10])
