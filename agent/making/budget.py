"""What making one function may cost, and what it has cost so far."""

import time
from dataclasses import dataclass, field

from agent.ports import ModelReply


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Where the making of one function ends, whichever comes first."""

    requests: int = 25
    tokens: int = 200_000
    """In and out together, as the servers count them."""
    cost_eur: float = 1.0
    seconds: float = 1800.0


@dataclass(kw_only=True)
class Spending:
    """What one task has cost. Not shared between threads."""

    budget: Budget
    requests: int = 0
    tokens: int = 0
    cost_eur: float = 0.0
    unpriced: int = 0
    """Requests of which nobody knows what they cost."""
    started: float = field(default_factory=time.monotonic)

    def note(self, reply: ModelReply) -> None:
        """Count a reply."""
        self.requests += 1
        self.tokens += reply.usage.tokens_in + reply.usage.tokens_out
        self.cost_eur += reply.usage.cost_eur or 0.0
        self.unpriced += reply.usage.cost_eur is None

    @property
    def exhausted(self) -> str:
        """Which part of the budget is used up, in words; empty while there is something left."""
        budget, spent_s = self.budget, time.monotonic() - self.started
        parts = (
            (self.requests >= budget.requests, f"{budget.requests} requests"),
            (self.tokens >= budget.tokens, f"{budget.tokens:,} tokens"),
            (self.cost_eur >= budget.cost_eur and self.cost_eur > 0, f"{budget.cost_eur:.2f} €"),
            (spent_s >= budget.seconds, f"{budget.seconds:g} seconds"),
        )
        return next((words for used_up, words in parts if used_up), "")
