"""The service is synchronous: it is called in threads, so many at a time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from anyio import CapacityLimiter, to_thread

MOST: Final = 64
"""Calls of the service at a time; those of functions have a smaller limit of their own there."""


@dataclass(frozen=True, kw_only=True)
class Threads:
    """Where the service is called. Made within the event loop that uses it."""

    limiter: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(MOST))

    async def run[**P, T](self, work: Callable[P, T], *args: P.args, **facts: P.kwargs) -> T:
        """What the call gives. Whoever is cancelled meanwhile goes on at once, and the call ends by itself."""
        return await to_thread.run_sync(partial(work, *args, **facts), abandon_on_cancel=True, limiter=self.limiter)
