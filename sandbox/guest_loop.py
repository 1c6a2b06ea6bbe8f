"""Runs inside the sandbox before `guest.py`: event loops for code that stands in one already, and may have no other.

The WebAssembly guest has no sockets and no signals, so that the loops of the standard library do not start there.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import Coroutine, Iterator
from typing import Any


class QuietLoop(asyncio.BaseEventLoop):
    """An event loop that waits for time and nothing else: nobody outside wakes a guest without threads."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = self

    def select(self, timeout: float | None) -> list[Any]:
        """No event, after that time. Raises `RuntimeError` where it would wait for ever."""
        if timeout is None:
            raise RuntimeError("it waits for something that never comes")
        if timeout > 0:
            time.sleep(timeout)
        return []

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nothing sleeps while something else runs."""


if sys.platform == "wasi":
    asyncio.new_event_loop = asyncio.events.new_event_loop = QuietLoop


@contextlib.contextmanager
def no_loop() -> Iterator[None]:
    """Code inside sees no running event loop, as in a plain script, and may run one of its own."""
    loop = asyncio._get_running_loop()
    task = asyncio.tasks._swap_current_task(loop, None) if loop else None  # type: ignore[attr-defined]
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)
        if loop:
            asyncio.tasks._swap_current_task(loop, task)  # type: ignore[attr-defined]


def driven[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """What the coroutine returns, run to its end on a loop of its own."""
    with no_loop():
        return asyncio.run(coroutine)
