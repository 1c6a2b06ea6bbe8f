"""Tells clients that the functions in production have changed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
from mcp.server.connection import Connection
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourcesListChanged, ToolsListChanged

from agent.service.functions import FunctionVerbs
from integrations.mcp.threads import Threads
from registry import RegistryError

LOOK_S: Final = 1.0
"""Seconds between two looks at the registry."""


@dataclass(kw_only=True)
class Changes:
    """Sessions of 2025-11-25 are told, and those who listen by `subscriptions/listen`."""

    functions: FunctionVerbs
    threads: Threads
    look_s: float = LOOK_S
    bus: InMemorySubscriptionBus = field(default_factory=InMemorySubscriptionBus)
    _sessions: dict[int, Connection] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.listen = ListenHandler(self.bus)

    async def joined(self, ctx: ServerRequestContext[Any, Any], params: object) -> None:
        """Tell this session from now on, until it ends."""
        del params
        connection = ctx.session._connection  # the SDK has no list of its sessions, nor tells of their end
        self._sessions[id(connection)] = connection
        connection.exit_stack.callback(self._sessions.pop, id(connection), None)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Look and tell, within the block."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch)
            try:
                yield
            finally:
                self.listen.close()
                tasks.cancel_scope.cancel()

    async def _watch(self) -> None:
        seen = await self._fingerprint("")
        while True:
            await anyio.sleep(self.look_s)
            now = await self._fingerprint(seen)
            if now != seen:
                seen = now
                await self._tell()

    async def _fingerprint(self, otherwise: str) -> str:
        try:
            return await self.threads.run(self.functions.fingerprint)
        except (RegistryError, OSError):  # it is looked at again in a second, and whoever calls a tool is told
            return otherwise

    async def _tell(self) -> None:
        await self.bus.publish(ToolsListChanged())
        await self.bus.publish(ResourcesListChanged())
        async with anyio.create_task_group() as tasks:
            for connection in list(self._sessions.values()):
                tasks.start_soon(tell_one, connection)


async def tell_one(connection: Connection) -> None:
    """Tell one session; one that does not read holds nobody up."""
    with anyio.move_on_after(5.0):
        await connection.send_tool_list_changed()
        await connection.send_resource_list_changed()
