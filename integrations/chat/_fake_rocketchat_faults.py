"""What goes wrong at a fake Rocket.Chat server when a test wants it to, and the limits that a real one has, too."""

import random
import time
from dataclasses import dataclass, field

from integrations._fake_server import Faults

USUAL = (10, 60.0)
"""API_Enable_Rate_Limiter_Limit_Calls_Default in …Limit_Time_Default, seconds: for each route by itself."""
OWN = {
    "chat.getThreadMessages": (20, 10.0),
    "chat.getThreadsList": (20, 10.0),
    "chat.syncThreadMessages": (20, 10.0),
    "video-conference.start": (3, 60.0),
    "video-conference.cancel": (3, 60.0),
    "video-conference.join": (2, 5.0),
    "video-conference.info": (15, 3.0),
    "video-conference.list": (3, 1.0),
}
"""Routes with a limit of their own: calls, seconds (api/server/v1/videoConference.ts; threads since 8.8)."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """What a limit leaves of a route for somebody."""

    limit: int
    left: int
    reset_s: float
    """Seconds from now."""
    allowed: bool


@dataclass
class Limits:
    """Calls of each route and caller, in windows as Meteor counts them: one begins with the first call."""

    usual: tuple[int, float] | None = USUAL
    own: dict[str, tuple[int, float]] = field(default_factory=lambda: dict(OWN))
    _windows: dict[tuple[str, str], tuple[float, int]] = field(default_factory=dict)

    def take(self, route: str, caller: str) -> Room | None:
        """Count a call; None where there is no limit."""
        if self.usual is None:
            return None
        most, window_s = self.own.get(route, self.usual)
        moment = time.monotonic()
        began, calls = self._windows.get((route, caller), (moment, 0))
        if moment - began > window_s:
            began, calls = moment, 0
        self._windows[route, caller] = (began, calls + 1)
        return Room(limit=most, left=max(0, most - calls - 1), reset_s=began + window_s - moment, allowed=calls < most)


@dataclass
class Unruly:
    """How frames of the stream go astray, by chance."""

    duplicate: float
    reorder: float
    lose: float
    chance: random.Random


@dataclass
class RocketChatFaults(Faults):
    """All of it, at one server."""

    limits: Limits = field(default_factory=Limits)
    unruly: Unruly | None = None
    tokens_resume: bool = True
    """Whether the realtime line lets somebody in by a personal access token."""
