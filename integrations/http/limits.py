"""How often somebody may ask: so many requests a minute, counted by a key."""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextvars import ContextVar

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations.http.problems import TooManyRequests, whole_seconds

WINDOW_S = 60
MOST_KEYS = 65_536
Headers = dict[str, str]
_said: ContextVar[Headers | None] = ContextVar("rate_limit", default=None)
"""Headers of the request that is answered now. A thread that works for it has the context as a copy, but not these."""


class Limiter:
    """Counts requests by keys. Safe to use from several threads; what it remembers is bounded.

    The generic cell rate algorithm: of each key one time is kept, until when its requests are spread if each takes its
    share of the minute. All of a minute's requests may come at once; after them one may come as each share passes.
    """

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic, most_keys: int = MOST_KEYS) -> None:
        self._a_minute = a_minute
        self._share_s = WINDOW_S / a_minute
        self._clock = clock
        self._most_keys = most_keys
        self._spread: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def policy(self) -> str:
        """The limit as `RateLimit-Policy` has it."""
        return f'"minute";q={self._a_minute};w={WINDOW_S}'

    def take(self, key: str) -> None:
        """Count a request. Raises `TooManyRequests` where there were too many."""
        key = grouped(key)
        with self._lock:
            now = self._clock()
            until = max(self._spread.get(key, now), now) + self._share_s
            again_in_s = until - now - WINDOW_S
            if is_taken := again_in_s <= 1e-9:
                self._spread[key] = until
                self._spread.move_to_end(key)
                if len(self._spread) > self._most_keys:
                    self._spread.popitem(last=False)
        left = max(0, int((WINDOW_S - (until - now)) / self._share_s + 1e-9)) if is_taken else 0
        resets_in_s = until - now if is_taken else until - self._share_s - now
        if (said := _said.get()) is not None:
            said["RateLimit"] = f'"minute";r={left};t={whole_seconds(resets_in_s)}'
            said["RateLimit-Policy"] = self.policy
        if not is_taken:
            raise TooManyRequests(f"More than {self._a_minute} requests came in a minute", again_in_s=again_in_s)


def grouped(key: str) -> str:
    """The key; of an IPv6 address the network of 64 bits, since who has one address of it has them all."""
    kind, _, address = key.partition(" ")
    if kind != "address" or ":" not in address:
        return key
    try:
        found = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return key
    if found.ipv4_mapped is not None:
        return f"{kind} {found.ipv4_mapped}"
    return f"{kind} {ipaddress.IPv6Network((found, 64), strict=False)}"


class Counted:
    """Says in each answer how many requests are left, where they were counted."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        said: Headers = {}

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(said)
            await send(message)

        before = _said.set(said)
        try:
            await self._application(scope, receive, sent)
        finally:
            _said.reset(before)
