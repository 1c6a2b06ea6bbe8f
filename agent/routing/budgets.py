"""What may be spent on models: on a task, by a person in a day, by all in a day."""

from dataclasses import dataclass
from typing import Literal

from agent.routing.estimate import LONGEST_REPLY
from registry import Spent

ROUNDING = 1e-9
"""Euros that floats may be off when they are added up."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What may be spent on one thing; None for as much as is wanted."""

    eur: float | None = None
    tokens: int | None = None

    @property
    def is_set(self) -> bool:
        """True where there is one."""
        return self.eur is not None or self.tokens is not None

    def times(self, count: int) -> "Limit":
        """So many of it together."""
        return Limit(
            eur=None if self.eur is None else self.eur * count,
            tokens=None if self.tokens is None else self.tokens * count,
        )

    def is_passed(self, spent: Spent, eur: float, tokens: int) -> bool:
        """Whether so much more would be too much. What costs nothing is never too dear."""
        too_dear = self.eur is not None and eur > 0 and spent.counted_eur + eur > self.eur + ROUNDING
        return too_dear or (self.tokens is not None and spent.tokens + tokens > self.tokens)


NO_LIMIT = Limit()


@dataclass(frozen=True, kw_only=True)
class Budgets:
    """What may be spent on models."""

    task: Limit = NO_LIMIT
    user_day: Limit = NO_LIMIT
    """By whoever asks, in a day of UTC."""
    day: Limit = NO_LIMIT
    """By all together."""
    exceeded: Literal["stop", "ask"] = "stop"
    """Whether a task on the queue ends or waits for a person where one is used up."""
    unpriced: Literal["refuse", "allow"] = "refuse"
    """What is done about a model in the cloud whose price nobody knows, where there is a budget in euros."""
    longest_reply: int = LONGEST_REPLY
    """Tokens that a reply is taken to have at most when it is set aside for."""
