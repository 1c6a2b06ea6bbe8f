"""What may take long takes turns: whoever waits for theirs holds no thread, so that no other route waits."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from anyio import CapacityLimiter, to_thread

from agent.errors import TooBusy


@dataclass(frozen=True, kw_only=True)
class Turns:
    """Turns of one kind."""

    limiter: CapacityLimiter
    longest_s: float
    """Seconds that one waits for a turn."""

    async def take[T](self, work: Callable[[], T]) -> T:
        """What the work gives, done in a thread once its turn has come. Raises `TooBusy` where none comes."""
        try:
            async with asyncio.timeout(self.longest_s):
                await self.limiter.acquire()
        except TimeoutError:
            raise TooBusy(
                f"No turn came for {self.longest_s:g} s: too much is asked", kept="Nothing was run."
            ) from None
        try:
            return await to_thread.run_sync(work, limiter=CapacityLimiter(1))
        finally:
            self.limiter.release()


def turns(at_a_time: int, longest_s: float) -> Turns:
    """So many turns at a time."""
    return Turns(limiter=CapacityLimiter(at_a_time), longest_s=longest_s)
