"""What goes to and fro once a guest has its request: it asks its host, is answered, and in the end answers itself."""

import itertools
import json
import queue
import threading
import time
from collections.abc import Mapping
from typing import Any, Protocol

from sandbox.children import ChildSilent
from sandbox.errors import SandboxError
from sandbox.frames import ANSWER, ASK, MAX_ASK_BYTES, MAX_REPLY_BYTES
from sandbox.surroundings import HostCalls

MAX_ASKS = 1_000
"""So many asks of one call reach the host; what is asked after that is refused."""
TOO_MANY = {"error": f"more than {MAX_ASKS:,} asks in one call", "refused": True}


class BadAsk(Exception):
    """The guest sent what is no ask, or asked though it has no host."""


class Line(Protocol):
    """Whole messages to and from a guest. Both raise `ChildDied`, and `ChildSilent` at the deadline."""

    def send(self, data: bytes, deadline: float) -> None:
        """Send one message."""
        ...

    def receive(self, deadline: float) -> bytes:
        """The next message."""
        ...


def converse(line: Line, host: HostCalls | None, seconds: float, grace_s: float = 0.0) -> bytes:
    """The guest's answer, within that time, which goes on while the host answers what the guest asks.

    The grace is for a guest that is stopped at the limit by an engine of its own, and says so. Raises `ChildDied`,
    `ChildSilent`, `BadAsk`; the guest is of no use any more then.
    """
    deadline = time.monotonic() + seconds
    for number in itertools.count():
        message = line.receive(deadline + grace_s)
        if message[:1] == ANSWER:
            return message[1:]
        if message[:1] != ASK or host is None:
            raise BadAsk("it asked, and has no host")
        ask = read_ask(message[1:])
        reply = answered(host, ask, deadline) if number < MAX_ASKS else TOO_MANY
        line.send(written(reply), deadline + grace_s)
    raise AssertionError("it counts for ever")


def read_ask(data: bytes) -> dict[str, Any]:
    """The ask in the guest's bytes, which may be anything. Raises `BadAsk`."""
    if len(data) > MAX_ASK_BYTES:
        raise BadAsk(f"an ask of {len(data):,} bytes")
    try:
        ask = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadAsk("an ask that is not JSON") from error
    if not isinstance(ask, dict) or not isinstance(ask.get("kind"), str):
        raise BadAsk("an ask of no kind")
    return ask


def answered(host: HostCalls, ask: Mapping[str, Any], deadline: float) -> Mapping[str, Any]:
    """The host's reply, in a thread of its own that ends when the host does. Raises `ChildSilent` at the deadline."""
    replies = queue.SimpleQueue[Mapping[str, Any] | None]()

    def work() -> None:
        try:
            replies.put(host(ask))
        finally:
            replies.put(None)

    threading.Thread(target=work, name="host", daemon=True).start()
    try:
        reply = replies.get(timeout=max(0.0, deadline - time.monotonic()))
    except queue.Empty:
        raise ChildSilent from None
    if reply is None:
        raise SandboxError("The host of the sandbox raised instead of answering")
    return reply


def written(reply: Mapping[str, Any]) -> bytes:
    """The reply as it goes to the guest; one that is too large, or no JSON, as an error."""
    try:
        data = json.dumps(reply, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError):
        return json.dumps({"error": "the host's answer cannot be written as JSON"}).encode()
    if len(data) > MAX_REPLY_BYTES:
        return json.dumps({"error": f"the host's answer is larger than {MAX_REPLY_BYTES:,} bytes"}).encode()
    return data
