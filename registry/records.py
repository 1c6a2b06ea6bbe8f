"""The rows of the operational database, as others see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Run:
    """One execution of a function. Argument values are not kept in this table: they are other people's data."""

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
    """`ok`, or a sandbox's failure kind."""
    message: str = ""
    origin: Literal["matched", "generated", "named"] = "matched"
    score: float | None = None
    """How well the function fitted the task; None for a call by name."""
    right: bool | None = None
    """Whether a person said that the answer was right."""
    call: str = ""
    """SHA-256 of the arguments' canonical JSON, hexadecimal: equal calls have equal ones. Empty: not known."""
    fault: Literal["", "caller", "function", "host"] = ""
    """Whose fault a failure was; empty for a value."""
    id: int | None = None
    """Given by the database."""


@dataclass(frozen=True, kw_only=True)
class RunCounts:
    """How often a function ran, and how often it gave a value."""

    total: int
    ok: int


@dataclass(frozen=True, kw_only=True)
class CallCounts:
    """How many different calls of a version gave a value, and how many failed by its own fault."""

    ok: int
    """Calls that gave a value and never failed by the function's fault."""
    failed: int
    """Calls that failed by the function's fault at least once."""


@dataclass(frozen=True, kw_only=True)
class RecordedCall:
    """A call that gave a value, kept to be made again on a later version."""

    function: str
    call: str
    """As in `Run`."""
    arguments: Any
    """JSON."""
    value: Any
    """JSON."""
    version: str
    """The version that gave the value."""
    recorded_at: datetime
    """With a time zone; comes back in UTC."""
    id: int | None = None
    """Given by the database."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A recorded call that a new version answers in another way than the one before it."""

    function: str
    old: str
    new: str
    """A version or a digest, like `old`."""
    arguments: Any
    """JSON, as are the answers."""
    before: Any
    after: Any
    id: int | None = None
    """Given by the database."""


@dataclass(frozen=True, kw_only=True)
class QuestionRecord:
    """A doubt put to a person: the call on which the candidates disagree, and what was said to it."""

    task_id: str
    task: str
    """The task's text."""
    function: str
    arguments: Mapping[str, Any]
    choices: Sequence[Any]
    """The competing answers, JSON."""
    state: Mapping[str, Any]
    """What the work is taken up from once the answer is there, JSON."""
    created_at: datetime
    """With a time zone; comes back in UTC."""
    answer: Mapping[str, Any] | None = None
    answered_by: str = ""
    answered_at: datetime | None = None
    outcome: str = ""
    """What became of the task by the answer; empty until it is known."""
    id: int | None = None
    """Given by the database."""


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


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One thing that a function asked of its host, or what came of it. No secret and no data is in it."""

    at: datetime
    """With a time zone; comes back in UTC."""
    actor: str
    """Who had the function run."""
    action: str
    """What kind of ask: `http`, `llm`, `function`, `files`; with `.done` at the end for what came of it."""
    function: str
    version: str
    digest: str
    run: str
    """The same for all that one run did, the functions that it called included."""
    subject: str
    """What was asked for: `GET https://api.example.org/v1/forecast`, without the query."""
    outcome: Literal["allowed", "refused", "failed"]
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Counts: bytes, seconds, status, tokens; or why not."""
    id: int | None = None
    """Given by the database."""


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """Somebody's word on what a text means, or does not."""

    text: str
    """As `normalised` gives it."""
    function: str
    meant: bool
    """Whether the text means the function."""
    taught_by: str
    """A person, or the model whose choice ran well."""
    created_at: datetime
    """UTC."""
