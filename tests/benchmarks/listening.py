"""What tests take of a channel that listens."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from agent.talking.channel import CaughtUp, Channel, Happening


@contextmanager
def listening(channel: Channel, since: datetime | None = None) -> Iterator[Callable[[type[Any], int], list[Any]]]:
    """Listens, and gives what takes so many happenings of a kind; at the end nobody may have been told of others."""
    moment = since or datetime.now(UTC)
    channel.listen(lambda: moment)
    happened: list[Happening] = []

    def take(kind: type[Any], count: int) -> list[Any]:
        ends = time.monotonic() + 15
        while len(found := [each for each in happened if isinstance(each, kind)]) < count:
            assert time.monotonic() < ends, happened
            if (happening := channel.next(0.05)) is not None:
                happened.append(happening)
        return found

    take(CaughtUp, 1)
    yield take
