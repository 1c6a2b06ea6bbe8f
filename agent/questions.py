"""A question to a person: one call on which the candidates disagree, and what was said to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a call must give: a value, or an error."""

    value: Any = None
    """A JSON value; None where the call must fail."""
    raises: bool = False


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of the competing answers."""

    said: Said
    candidates: tuple[int, ...]
    """The numbers, from 1, of the candidates that give it; none where only a test asks for it."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The question as a person sees it."""

    task: str
    function: str
    arguments: Mapping[str, Any]
    """JSON values by parameter name."""
    choices: tuple[Choice, ...]
    gives: Mapping[str, Any] = field(default_factory=dict)
    """JSON Schema of the function's result: what an answer must fit."""
    id: int | None = None
    """Its number; None while nobody has kept it."""


Ask = Callable[[Asked], Said | None]
"""Puts a question to whoever attends; None where nobody does, or they do not know."""


def nobody(asked: Asked) -> Said | None:
    """For a run that nobody attends: a doubt stays one."""
    del asked
    return None
