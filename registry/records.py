"""The rows of the operational database, as others see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
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
class GateCount:
    """How often what a model wrote for a purpose passed the gate, and how often not."""

    provider: str
    model: str
    purpose: str
    passed: int
    failed: int


@dataclass(frozen=True, kw_only=True)
class ModelCall:
    """One request to a model server, and what it took. Nothing of what was said is in it."""

    at: datetime
    """With a time zone; comes back in UTC."""
    server: str
    provider: str
    model: str
    purpose: str
    is_local: bool
    task: str = ""
    """The task's id; empty where it has none."""
    asked_by: str = ""
    state: Literal["open", "done", "failed"] = "open"
    """`open` while it is under way, and for good where its process was killed meanwhile."""
    outcome: str = ""
    """`ok`, or the name of the error."""
    tokens_in: int = 0
    """As the server counted them; while it is open, the most that there can be."""
    tokens_out: int = 0
    seconds: float = 0.0
    first_token_s: float | None = None
    """Seconds until the first piece of the reply; None where it came as a whole."""
    reserved_eur: float = 0.0
    """What was set aside for it."""
    cost_eur: float | None = None
    """None where it is not known, or not yet: what was set aside counts then."""
    id: int | None = None
    """Given by the database."""


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What requests took together."""

    calls: int = 0
    failed: int = 0
    tokens: int = 0
    """In and out."""
    eur: float = 0.0
    """What is known to have been spent."""
    set_aside_eur: float = 0.0
    """For requests of which it is not known what they cost; counts as spent."""
    open: int = 0
    """Under way, or never ended because their process was killed."""
    unpriced: int = 0
    """Requests of which nobody knows what they cost, and for which nothing was set aside."""
    seconds: float = 0.0

    @property
    def counted_eur(self) -> float:
        """What counts against a budget."""
        return self.eur + self.set_aside_eur


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """What a function asked of its host, or what a person did about a task. No secret and no data is in it."""

    at: datetime
    """With a time zone; comes back in UTC."""
    actor: str
    """Who had the function run, or who the person is."""
    action: str
    """What kind of ask: `http`, `llm`, `function`, `files`; with `.done` at the end for what came of it. `run` for the
    end of a run with its rights; `task.asked`, `task.answered`, `task.approved`, ... for what a person did."""
    function: str
    """Empty where it is about no function, like `version` and `digest`."""
    version: str
    digest: str
    run: str
    """The same for all that one run did, the functions that it called included; the task's id where a person spoke."""
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


class TaskState(StrEnum):
    """How far a task on the queue has come."""

    QUEUED = "queued"
    """It waits for a worker."""
    WORKING = "working"
    WAITING = "waiting"
    """For a person's word, or for another task. No worker is held by it."""
    PARKED = "parked"
    """Something around it is broken, which `reason` names; it is tried again by itself."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DEAD = "dead"
    """It was tried as often as it may be. All evidence is kept, and `kowal tasks retry` goes on."""

    @property
    def is_over(self) -> bool:
        """True where nothing more is done by itself."""
        return self in (TaskState.DONE, TaskState.FAILED, TaskState.CANCELLED, TaskState.DEAD)


@dataclass(frozen=True, kw_only=True)
class TaskRecord:
    """A task on the queue."""

    id: str
    text: str
    request: Mapping[str, Any]
    """All that was asked, JSON."""
    asked_by: str
    via: str
    """Where it was asked: `cli`, `api`, ..."""
    created_at: datetime
    """With a time zone, like all moments here; comes back in UTC."""
    priority: int = 0
    """Lower ones are worked first."""
    deadline: datetime | None = None
    """It is given up where nothing came of it by then."""
    state: TaskState = TaskState.QUEUED
    reason: str = ""
    """Why it stands where it stands, in a sentence."""
    turn: int = 1
    """The number of its workflow: waiting ends one, and what is waited for begins the next."""
    tries: int = 0
    """How often it was put off because something did not answer."""
    losses: int = 0
    """How many workers were lost while they worked on it."""
    known: Mapping[str, Any] = field(default_factory=dict)
    """What was said to what it waited for, JSON."""
    waits_for: str = ""
    """`question:7`, `which`, `approval:NAME:VERSION:DIGEST`, `budget:KIND` or `task:ID`."""
    expires_at: datetime | None = None
    """When waiting ends."""
    stop_by: str = ""
    """Who asked to cancel it while it is worked on."""
    worker: str = ""
    """Who works on it, or did so last."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Mapping[str, Any] | None = None
    """The answer and how it came about, JSON."""
    error: Mapping[str, Any] | None = None
    """What went wrong, JSON."""


@dataclass(frozen=True, kw_only=True)
class TaskEvent:
    """Something that happened on the way of a task."""

    task_id: str
    key: str
    """Once a task: what happens again under the same key is not kept again."""
    at: datetime
    action: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    id: int | None = None
    """Given by the database; later ones are larger."""
