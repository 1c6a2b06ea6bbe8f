"""The limits of a fake GitLab server, and what goes wrong at it when a test wants it to."""

import time
from dataclasses import dataclass, field

from integrations._fake_server import Faults

NOTES = "POST projects/:id/issues/:iid/notes"


@dataclass(kw_only=True)
class Limit:
    """So many calls in so many seconds, of each user; in windows, as Rack::Attack counts them."""

    calls: int
    seconds: float
    name: str = "throttle_authenticated_api"
    windows: dict[str, tuple[float, int]] = field(default_factory=dict)
    """Of each caller: when it began, on the monotonic clock, and how many calls there were."""

    def take(self, caller: str) -> tuple[bool, dict[str, str]]:
        """Count a call: whether it is let through, and the headers that say how it stands."""
        moment = time.monotonic()
        began, calls = self.windows.get(caller, (moment, 0))
        if moment - began >= self.seconds:
            began, calls = moment, 0
        self.windows[caller] = (began, calls + 1)
        left_s = began + self.seconds - moment
        return calls < self.calls, {
            "RateLimit-Limit": str(self.calls),
            "RateLimit-Name": self.name,
            "RateLimit-Observed": str(calls + 1),
            "RateLimit-Remaining": str(max(0, self.calls - calls - 1)),
            "RateLimit-Reset": str(int(time.time() + left_s) + 1),
            "Retry-After": str(int(left_s) + 1),
        }


@dataclass
class GitLabFaults(Faults):
    """All of it, at one server."""

    limits: dict[str, Limit] = field(default_factory=dict)
    """By route; `*` is every route. A fresh self-managed server has none."""
    silent: bool = False
    """Whether a refusal by a limit comes without its headers, as some do."""

    no_totals: bool = False
    """Whether lists leave out how many there are, as they do of more than 10,000."""
    torn: dict[str, int] = field(default_factory=dict)
    """How many answers of a route still break off in the middle."""

    def tears(self, route: str) -> bool:
        """Whether this answer breaks off."""
        left = self.torn.get(route, 0)
        self.torn[route] = max(0, left - 1)
        return left > 0

    def take(self, route: str, caller: str) -> tuple[bool, dict[str, str]]:
        """Count a call of somebody: whether no limit is in its way, and the headers of the answer."""
        allowed = True
        headers: dict[str, str] = {}
        for name in ("*", route):
            if limit := self.limits.get(name):
                let, told = limit.take(caller)
                allowed, headers = allowed and let, told if not let or not headers else headers
        if allowed or self.silent:
            headers.pop("Retry-After", None)
        return allowed, {} if self.silent else headers
