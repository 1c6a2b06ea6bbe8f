"""Waits for tasks without holding a thread: woken by the service's feed, and looking now and then besides."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from anyio import to_thread

from agent.service.callers import Caller
from agent.service.service import Service
from agent.service.views import EventView, TaskView

LOOK_S: Final = 2.0
"""Seconds after which one looks without having been woken: the feed is a hint."""


class Woken:
    """Something that another thread may wake, again and again."""

    def __init__(self) -> None:
        self._loop, self._event = asyncio.get_running_loop(), asyncio.Event()

    def wake(self) -> None:
        """Wake whoever waits. From any thread; nothing happens once the loop has ended."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self, longest_s: float) -> None:
        """Wait until woken, or for so long."""
        try:
            async with asyncio.timeout(longest_s):
                await self._event.wait()
        except TimeoutError:
            return
        self._event.clear()


@contextmanager
def woken_by(service: Service, task_id: str) -> Iterator[Woken]:
    """Something that is woken when anything happens to the task."""
    woken = Woken()
    with service.feed.waking(task_id, woken.wake):
        yield woken


async def settled(service: Service, caller: Caller, task_id: str, longest_s: float) -> TaskView:
    """The task once it is over or waits for a person, or after so long; as it stands then."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + longest_s
    with woken_by(service, task_id) as woken:
        while True:
            task = await to_thread.run_sync(service.tasks.task, task_id, caller)
            left_s = ends - loop.time()
            if task.is_over or (task.waits_for and task.waits_for.kind != "task") or left_s <= 0:
                return task
            await woken.wait(min(left_s, LOOK_S))


async def events_of(service: Service, caller: Caller, task_id: str, after: int) -> AsyncIterator[EventView]:
    """What happens to the task after that event, as it comes, until the task is over."""
    with woken_by(service, task_id) as woken:
        while True:
            task = await to_thread.run_sync(service.tasks.task, task_id, caller)  # first: its last event is there then
            for event in await to_thread.run_sync(partial(service.tasks.events, task_id, caller, after=after)):
                after = event.id
                yield event
            if task.is_over:
                return
            await woken.wait(LOOK_S)
