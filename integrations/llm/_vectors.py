"""Vectors that a server sent: one for each text, all of one length, of finite numbers."""

import math
from collections.abc import Iterable, Sequence

from agent.errors import MalformedReply
from integrations.llm._line import Line


def checked(said: Iterable[Iterable[float]], texts: Sequence[str], line: Line) -> tuple[tuple[float, ...], ...]:
    """The vectors. Raises `MalformedReply` where they are none for these texts."""
    found = tuple(tuple(map(float, vector)) for vector in said)
    lengths = {len(vector) for vector in found}
    sound = len(found) == len(texts) and len(lengths) == 1 and 0 not in lengths
    if not sound or not all(math.isfinite(number) for vector in found for number in vector):
        about = f"{line.host} sent {len(found)} vectors for {len(texts)} texts, or some that are none."
        raise MalformedReply(about, advice=line.start)
    return found
