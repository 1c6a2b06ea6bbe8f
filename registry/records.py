"""The rows of the operational database, as others see them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Run:
    """One execution of a function. Argument values are not kept: they are other people's data."""

    task: str
    """The task's text; empty for a call by name."""
    function: str
    version: str
    digest: str
    commit: str
    started_at: datetime
    """With a time zone; comes back in UTC."""
    seconds: float
    outcome: str
    """`ok`, a sandbox's failure kind, or `caller` where the arguments were at fault."""
    message: str = ""
    origin: Literal["matched", "generated", "named"] = "matched"
    score: float | None = None
    """How well the function fitted the task; None for a call by name."""
    right: bool | None = None
    """Whether a person said that the answer was right."""
    id: int | None = None
    """Given by the database."""


@dataclass(frozen=True, kw_only=True)
class RunCounts:
    """How often a function ran, and how often it gave a value."""

    total: int
    ok: int


@dataclass(frozen=True, kw_only=True)
class AttemptRecord:
    """One reply of a model, and what the gate said of the candidate in it."""

    task_id: str
    number: int
    """From 1 on, within the task."""
    model: str
    provider: str
    purpose: str
    created_at: datetime
    """With a time zone; comes back in UTC."""
    name: str = ""
    """The candidate's name; empty where the reply held none."""
    source: str = ""
    tests: str = ""
    reply: str = ""
    """The reply's text, as it came."""
    verdict: Mapping[str, Any] = field(default_factory=dict)
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    id: int | None = None
    """Given by the database."""
