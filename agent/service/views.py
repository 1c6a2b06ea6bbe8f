"""What programs get from the service: the same over HTTP, over MCP and in the client. It may grow by fields."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from registry.types import Example


class View(BaseModel):
    """What comes back."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class ErrorView(View):
    """What went wrong."""

    type: str
    message: str
    kept: str = ""
    """What was kept."""
    advice: str = ""
    """What to do next."""
    retryable: bool = False
    """Whether trying again may help."""
    facts: dict[str, Any] = {}
    """What a program wants to know beyond the message."""


class ChoiceView(View):
    """One of the competing answers to a question."""

    value: Any = None
    raises: bool = False
    """The call must fail; then there is no value."""


class QuestionView(View):
    """A call on which the candidates disagree."""

    number: int
    function: str
    arguments: dict[str, Any]
    choices: tuple[ChoiceView, ...]
    """Chosen by their numbers, from 1."""


class SignatureView(View):
    """What somebody is to sign."""

    function: str
    version: str
    """`X.Y.Z`; empty for a candidate."""
    digest: str
    asks: tuple[str, ...] = ()
    """What needs a person's word: grants beyond the policy's, and packages."""


class WaitView(View):
    """What a task waits for, and how that is answered."""

    kind: Literal["question", "which", "arguments", "approval", "budget", "task"]
    next: str = ""
    """How to answer, at a terminal."""
    question: QuestionView | None = None
    options: tuple[str, ...] = ()
    """The functions that may be meant."""
    missing: tuple[str, ...] = ()
    """The arguments that are missing."""
    signature: SignatureView | None = None
    budget: str = ""
    """Which budget holds it up."""


class OutcomeView(View):
    """The answer to a task, and how it came about."""

    value: Any = None
    ran: bool = False
    """Whether a function ran: without, there is no value."""
    function: str
    version: str
    commit: str
    origin: Literal["matched", "generated", "named"]
    status: str
    """Where the version stands in the registry."""
    output: str = ""
    """What the function printed."""
    chance: float | None = None
    """That the function that ran is the one that was meant, 0 to 1; null where nothing was matched."""
    match: dict[str, Any] = {}
    """What matching decided, from what, and why."""
    verdict: dict[str, Any] = {}
    model: str = ""
    requests: int = 0
    tokens: int = 0
    cost_eur: float = 0.0
    """As far as it is known."""
    unpriced: int = 0
    """Requests of which nobody knows what they cost."""
    seconds: dict[str, float] = {}
    """Of each step, on the wall clock."""
    run_id: int | None = None
    reached: tuple[str, ...] = ()
    """What the function asked of its host and got."""
    artefacts: dict[str, int] = {}
    """Bytes of each file that the function left."""


class TaskSummary(View):
    """A task in a list: without arguments and answer, which are data of whoever asked."""

    id: str
    text: str
    verb: Literal["execute", "create", "enhance", "follow"]
    name: str = ""
    """The function that is to be enhanced."""
    state: Literal["queued", "working", "waiting", "parked", "done", "failed", "cancelled", "dead"]
    reason: str = ""
    """Why it stands where it stands."""
    asked_by: str
    via: str
    queue: str
    priority: int
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    deadline: datetime | None = None


class TaskView(TaskSummary):
    """A task, whole."""

    waits_for: WaitView | None = None
    expires_at: datetime | None = None
    """When the waiting ends."""
    outcome: OutcomeView | None = None
    error: ErrorView | None = None

    @property
    def is_over(self) -> bool:
        """True where nothing more is done by itself."""
        return self.state in ("done", "failed", "cancelled", "dead")


class TaskPage(View):
    """Tasks, newest first."""

    tasks: tuple[TaskSummary, ...]
    next: str = ""
    """The `cursor` of the next page; empty at the end."""


class EventView(View):
    """Something that happened on the way of a task."""

    id: int
    """Later ones are larger: the `Last-Event-ID` to go on from."""
    action: str
    """A dotted key: docs/operate.md lists them."""
    at: datetime
    facts: dict[str, Any]


class FunctionSummary(View):
    """A function in a list, at its best status."""

    name: str
    version: str
    """`X.Y.Z`; empty for a candidate."""
    status: str
    description: str
    commit: str


class FunctionPage(View):
    """Functions: by name, or for a search the likeliest first."""

    functions: tuple[FunctionSummary, ...]
    next: str = ""
    """The `cursor` of the next page; empty at the end."""


class FunctionView(FunctionSummary):
    """What a function takes and gives, its rights, and its success so far."""

    digest: str
    aliases: tuple[str, ...]
    input_schema: dict[str, Any]
    """JSON Schema (2020-12) of the keyword arguments."""
    output_schema: dict[str, Any]
    """JSON Schema of the value."""
    requirements: tuple[str, ...]
    grants: tuple[str, ...]
    """What it may reach."""
    asks: tuple[str, ...]
    """What of it needs a person's word."""
    examples: tuple[Example, ...]
    runs: int
    runs_ok: int
    """How many of them gave a value."""


class VersionEntry(View):
    """Something that happened to a version."""

    version: str
    status: str
    """What it became by it."""
    commit: str
    when: datetime
    by: str
    note: str


class SourceView(View):
    """The files of a version."""

    name: str
    version: str
    digest: str
    source: str
    tests: str
    lock: str = ""
    """The exact packages; empty where it needs none."""


class EvidenceView(View):
    """What speaks for a version: the verdict and where it comes from, as git keeps them."""

    name: str
    version: str
    digest: str
    evidence: dict[str, Any]


class DiffView(View):
    """What differs between two versions."""

    name: str
    old: str
    new: str
    diff: str
    """Unified; empty where they are equal."""


class MoveView(View):
    """Where a function stands once it was promoted or rolled back."""

    name: str
    version: str
    status: str
    commit: str
    branch: str = ""
    """Where it waits until somebody merges it; empty where it has moved."""


class RunView(View):
    """What a call gave."""

    value: Any = None
    function: str
    version: str
    commit: str
    status: str
    output: str = ""
    run_id: int | None = None
    seconds: dict[str, float] = {}
    reached: tuple[str, ...] = ()
    artefacts: dict[str, str] = {}
    """The files that it left, in base64."""


class ModelAnswer(View):
    """A model's reply, exactly as it came."""

    text: str
    provider: str
    model: str
    server: str
    tokens_in: int
    tokens_out: int
    cost_eur: float | None
    """Null where nobody knows the price."""
    seconds: float
    truncated: bool
    """The model stopped at its length limit."""
    kept: bool
    """It was replied to the same request before: nothing was asked and nothing spent."""


class ModelView(View):
    """A model of a server, or a server that has none."""

    server: str
    provider: str
    local: bool
    state: Literal["up", "full", "resting", "away"]
    why: str = ""
    model: str | None = None
    params_b: float | None = None
    size_gb: float | None = None
    context: int | None = None
    tokens_per_s: float | None = None
    latency_ms: float | None = None
    input_eur: float | None = None
    """Euros a million tokens; null where nobody knows."""
    output_eur: float | None = None
    left_out: str = ""
    """Why it is not used; empty where it may be."""
