"""The MCP server: one object for stdio and HTTP, for the revisions 2025-11-25 and 2026-07-28."""

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

from mcp.server.caching import CacheableMethod, CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.models import InitializationOptions
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    EmptyResult,
    InputRequiredResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    NotificationParams,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    SetLevelRequestParams,
)

from agent.service.callers import Caller, Scope
from agent.service.service import Service
from integrations.mcp.calling import Calling
from integrations.mcp.catalogue import Catalogue
from integrations.mcp.changes import LOOK_S, Changes
from integrations.mcp.cursors import cursor_of, name_behind
from integrations.mcp.own import OWN, SCOPES
from integrations.mcp.resources import Resources, templates
from integrations.mcp.threads import Threads

Context = ServerRequestContext[Any, Any]
CallerOf = Callable[[Context], Caller]

NAME: Final = "kowal"
INSTRUCTIONS: Final = (
    "Kowal has tasks done by functions that were verified before they were kept. Each function in production is a tool "
    "of its own; list_functions finds one among many by what it does. For everything else call execute_task: it finds "
    "the function that fits, or has one written and proven, which takes minutes. Where a task waits for an answer, ask "
    "the person and pass it on by answer. Source, tests and evidence of each version are resources."
)
STATE_S: Final = 3_600.0
"""Seconds that a form may lie with a person. Their task waits longer: `answer` is always there."""
KEY_BYTES: Final = 32
LIST_TTL_MS: Final = 1_000
HINTS: Final[Mapping[CacheableMethod, CacheHint]] = {
    "tools/list": CacheHint(ttl_ms=LIST_TTL_MS),
    "resources/list": CacheHint(ttl_ms=LIST_TTL_MS),
}


class KowalServer(Server[Any]):
    """A server that says in sessions of 2025-11-25, too, that it tells of changes."""

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        """What a session is told at its beginning."""
        tells = notification_options or NotificationOptions(tools_changed=True, resources_changed=True)
        return super().create_initialization_options(tells, experimental_capabilities, extensions)


@dataclass(frozen=True, kw_only=True)
class Handlers:
    """What is asked of the server, handed to who does it."""

    caller_of: CallerOf
    catalogue: Catalogue
    calling: Calling
    resources: Resources

    async def list_tools(self, ctx: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        """A page of the tools that the caller may use: our own, then the functions."""
        caller, cursor = self.caller_of(ctx), params.cursor if params else None
        after = name_behind(cursor)
        own = [] if after else [tool for name, tool in OWN.items() if SCOPES[name] in caller.scopes]
        if Scope.FUNCTIONS_RUN not in caller.scopes:
            return ListToolsResult(tools=own)
        found, last = (await self.catalogue.now()).page(after)
        return ListToolsResult(tools=[*own, *found], next_cursor=cursor_of(last))

    async def call_tool(self, ctx: Context, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
        """What the tool gives."""
        return await self.calling.call(ctx, self.caller_of(ctx), params)

    async def list_resources(self, ctx: Context, params: PaginatedRequestParams | None) -> ListResourcesResult:
        """A page of the resources."""
        return await self.resources.list(self.caller_of(ctx), params.cursor if params else None)

    async def list_templates(self, ctx: Context, params: PaginatedRequestParams | None) -> ListResourceTemplatesResult:
        """The addresses of all resources."""
        del ctx, params
        return templates()

    async def read_resource(self, ctx: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        """A resource."""
        return await self.resources.read(self.caller_of(ctx), str(params.uri), ctx.protocol_version)

    async def list_prompts(self, ctx: Context, params: PaginatedRequestParams | None) -> ListPromptsResult:
        """None: what is wanted is said in plain words."""
        del ctx, params
        return ListPromptsResult(prompts=[])


def server_of(service: Service, caller_of: CallerOf, *, look_s: float = LOOK_S) -> Server[Any]:
    """The server. `caller_of` says for whom a request is served."""
    threads = Threads()
    catalogue = Catalogue(service.functions, threads)
    handlers = Handlers(
        caller_of=caller_of,
        catalogue=catalogue,
        calling=Calling.of(service, catalogue, threads),
        resources=Resources(service=service, threads=threads),
    )
    changes = Changes(functions=service.functions, threads=threads, look_s=look_s)

    @asynccontextmanager
    async def lifespan(server: Server[Any]) -> AsyncIterator[dict[str, Any]]:
        del server
        async with changes.watched():
            yield {}

    server = KowalServer(
        NAME,
        version=version("kowal"),
        title="Kowal",
        instructions=INSTRUCTIONS,
        cache_hints=HINTS,
        lifespan=lifespan,
        get_tool_input_schema=no_headers,
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
        on_list_resources=handlers.list_resources,
        on_list_resource_templates=handlers.list_templates,
        on_read_resource=handlers.read_resource,
        on_list_prompts=handlers.list_prompts,
        on_subscriptions_listen=changes.listen,
    )
    server.add_notification_handler("notifications/initialized", NotificationParams, changes.joined)
    server.add_request_handler("logging/setLevel", SetLevelRequestParams, any_level)
    key = os.urandom(
        KEY_BYTES
    )  # a form that was put before a restart is void: its task waits on, and `answer` is there
    security = RequestStateSecurity(keys=[key], ttl=STATE_S, bind_principal=lambda ctx: caller_of(ctx).by)
    server.middleware.append(RequestStateBoundary(security, default_audience=NAME))
    return server


async def any_level(ctx: Context, params: SetLevelRequestParams) -> EmptyResult:
    """Any level will do: what happens to a task is told as progress, and nothing is logged to clients."""
    del ctx, params
    return EmptyResult()


def no_headers(name: str) -> None:
    """No tool has arguments that are repeated in headers. Without this the SDK reads the whole list at each call."""
    del name
