"""Server-sent events out of a stream of bytes.

After https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream. httpx-sse 0.4 splits lines
by `str.splitlines`, which cuts an event in two at U+2028 or U+0085; both may stand in JSON.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LINE_END = re.compile(rb"\r\n|\n|\r(?!\Z)")  # a carriage return at the end may be half of one


@dataclass(frozen=True, kw_only=True)
class ServerEvent:
    """One event."""

    type: str
    data: str
    id: str
    """The last id that was said, in this event or before."""


def events_in(stream: Iterable[bytes]) -> Iterator[ServerEvent]:
    """The events, each as soon as it is whole. One that the stream's end cuts off is dropped."""
    kind, data, last = "", list[str](), ""
    for line in lines_in(stream):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield ServerEvent(type=kind or "message", data="\n".join(data), id=last)
            kind, data = "", []
        elif name == "data":
            data.append(value)
        elif name == "event":
            kind = value
        elif name == "id" and "\0" not in value:
            last = value


def lines_in(stream: Iterable[bytes]) -> Iterator[str]:
    """The lines, without their ends: CR LF, LF or CR."""
    rest = b""
    for piece in stream:
        *whole, rest = LINE_END.split(rest + piece)
        for line in whole:
            yield line.decode(errors="replace")
