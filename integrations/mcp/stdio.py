"""The MCP server over standard input and output, for the client that has started it."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, cast

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server.stdio import stdio_server

from agent.service.callers import Caller
from agent.service.service import Service
from integrations.mcp.changes import LOOK_S
from integrations.mcp.server import server_of

AHEAD: Final = 16
"""Lines that are read before the ones before them were taken."""
ENDINGS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def serve(service: Service, caller: Caller, *, look_s: float = LOOK_S) -> None:
    """Serve the client until standard input ends, or until a signal; for the caller, whoever started it.

    Nothing but the protocol is written to standard output.
    """
    anyio.run(serving, service, caller, look_s)


async def serving(service: Service, caller: Caller, look_s: float) -> None:
    """As `serve`, in an event loop."""
    server = server_of(service, lambda _: caller, look_s=look_s)
    async with standard_input() as (lines, end), anyio.create_task_group() as tasks:
        tasks.start_soon(ended_by_signal, end)
        async with stdio_server(stdin=cast("anyio.AsyncFile[str]", lines)) as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())
        tasks.cancel_scope.cancel()


async def ended_by_signal(end: MemoryObjectSendStream[str]) -> None:
    """Let the input end at a signal."""
    with anyio.open_signal_receiver(*ENDINGS) as signals:
        async for _ in signals:
            end.close()


@asynccontextmanager
async def standard_input() -> AsyncIterator[tuple[MemoryObjectReceiveStream[str], MemoryObjectSendStream[str]]]:
    """The lines of standard input, and what ends them from here: nothing ends a read of the real one.

    What is started meanwhile finds an empty standard input, and takes nothing of ours.
    """
    real, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sending, receiving = anyio.create_memory_object_stream[str](AHEAD)
    loop = asyncio.get_running_loop()

    def pass_on() -> None:
        try:
            with open(real, encoding="utf-8", errors="replace", closefd=False) as lines:  # a descriptor
                for line in lines:
                    asyncio.run_coroutine_threadsafe(sending.send(line), loop).result()
            loop.call_soon_threadsafe(sending.close)
        except (anyio.ClosedResourceError, anyio.BrokenResourceError, RuntimeError):  # it was ended from here
            return

    threading.Thread(target=pass_on, name="stdin", daemon=True).start()
    with sending, receiving:
        yield receiving, sending
