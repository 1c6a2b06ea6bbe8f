"""What matching decided, from what, and why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from registry import Version


class Decision(StrEnum):
    """What is done with a task."""

    RUN = "run"
    """One function is meant, within the accepted error."""
    ASK = "ask"
    """One of these may be meant: somebody says which."""
    NONE = "none"
    """None is."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """A function that may be the one that is meant."""

    name: str
    version: str
    description: str
    chance: float
    """That it is the one that is meant, 0 to 1."""
    why: str
    """What speaks for it and against it, in words."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """The decision, with what it was taken from."""

    decision: Decision
    chosen: Version | None = None
    """What runs; None unless the decision is `RUN`."""
    chance: float = 0.0
    """Of the chosen one, else of the best."""
    options: tuple[Option, ...] = ()
    """Likeliest first."""
    asked: tuple[Option, ...] = ()
    """Those to choose from, where the decision is `ASK`."""
    reason: str = ""
    """For people: why this one, or why none."""
    model: str = ""
    """`provider/model`, where a model chose."""
    taught_by: str = ""
    """Whose word it is, where it is worth remembering once the run was good; empty where the words said it."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """What that model read out of the words; checked when they are bound."""

    def as_json(self) -> dict[str, Any]:
        """The decision for programs."""
        options = [
            {"name": each.name, "version": each.version, "chance": round(each.chance, 4), "why": each.why}
            for each in self.options
        ]
        return {
            "decision": self.decision.value,
            "function": self.chosen.name if self.chosen else None,
            "chance": round(self.chance, 4),
            "reason": self.reason,
            "model": self.model,
            "options": options,
        }


Which = Callable[[Match], str | None]
"""Puts the question which function is meant to whoever attends: its name, or "" for none of them. None where nobody
attends, or they do not know."""


def nobody_knows(match: Match) -> str | None:
    """For a task that nobody attends."""
    del match
    return None
