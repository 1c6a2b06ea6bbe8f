"""What programs send to the service: the same over HTTP, over MCP and in the client.

What is not known is refused, so that a misspelt field is told.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Base64Bytes, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, model_validator

from agent.ports import Constraints
from registry.types import Example

Number = Annotated[float, Field(strict=True)]
"""No truth and no text is taken for a number, nor the other way round: `"grant": 1` is no signature."""

MOST_CHARS = 10_000
"""Of a task's text: `agent.loop.MOST_TASK_CHARS`."""


def plainly_raising(example: Any) -> Any:
    """The example. Raises `ValueError` where it says neither true nor false of `raises`."""
    if isinstance(example, Mapping) and not isinstance(example.get("raises", False), bool):
        raise ValueError("`raises` is true or false")
    return example


Said = Annotated[Example, BeforeValidator(plainly_raising)]


class Request(BaseModel):
    """What is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Demands(Request):
    """What is demanded of the models that are asked; nothing of it is ever overruled."""

    provider: str = Field(default="", max_length=200)
    """The provider, or one of its servers; empty leaves the choice."""
    model: str = Field(default="", max_length=200)
    """`model` or `provider/model`; empty leaves the choice."""
    local_only: StrictBool = False
    """What is asked never leaves the operator's own machines."""
    prefer_local: StrictBool = True
    """The operator's own servers first."""
    force_cloud: StrictBool = False
    """Only services in the cloud."""
    max_latency_ms: Number | None = Field(default=None, gt=0)
    """For the whole reply, in milliseconds."""
    max_cost_eur: Number | None = Field(default=None, ge=0)
    """For one request, in euros."""
    complexity: Literal["low", "normal", "high"] = "normal"
    """`high` asks for the largest model that may serve, `low` for the fastest."""

    def as_constraints(self) -> Constraints:
        """The demands as the agent takes them."""
        return Constraints(**self.model_dump())


class TaskRequest(Request):
    """A task for the queue."""

    task: str = Field(min_length=1, max_length=MOST_CHARS)
    """What should be done, in plain words."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Values by parameter name."""
    examples: tuple[Said, ...] = Field(default=(), max_length=100)
    """Calls whose results are stated: they outrank every test that a model writes."""
    files: dict[str, Base64Bytes] = Field(default_factory=dict, max_length=20)
    """Input files by plain name, in base64, for a function that was granted `files in`."""
    constraints: Demands = Demands()
    """What is demanded of the models."""
    may_create: StrictBool = True
    """Whether a function may be made for it."""
    priority: StrictInt = Field(default=0, ge=-999, le=999)
    """Lower ones are worked first, among those of one person."""
    deadline_s: Number | None = Field(default=None, gt=0, le=31_536_000)
    """After so many seconds it is given up."""
    queue: str = Field(default="", max_length=63)
    """One of the setting `tasks.queues`; empty: the first."""


class EnhanceRequest(Request):
    """A wish for a new version of a function."""

    improvement: str = Field(min_length=1, max_length=MOST_CHARS)
    """What it should do beyond what it does."""
    examples: tuple[Said, ...] = Field(default=(), max_length=100)
    """Calls whose results are stated."""
    constraints: Demands = Demands()
    """What is demanded of the models."""

    def as_task(self) -> TaskRequest:
        """The task that the queue gets."""
        return TaskRequest(task=self.improvement, examples=self.examples, constraints=self.constraints)


class AnswerRequest(Request):
    """A person's word on what a task waits for: exactly one of `choice`, `value`, `raises`, `function`, `arguments`."""

    choice: StrictInt | None = Field(default=None, ge=1)
    """To a question: the number of the right answer, from 1."""
    value: Any = None
    """To a question: the right answer, where it is none of the choices."""
    raises: StrictBool = False
    """To a question: the call must fail."""
    function: str | None = Field(default=None, max_length=64)
    """Which function is meant: one of `options`, or `none`."""
    arguments: dict[str, Any] | None = None
    """Arguments that are missing."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        said = (self.choice is not None, "value" in self.model_fields_set, self.raises, self.function is not None)
        if sum((*said, self.arguments is not None)) != 1:
            raise ValueError("say exactly one of `choice`, `value`, `raises`, `function` and `arguments`")
        return self


class ApproveRequest(Request):
    """A signature. What it is for is bound by the digest."""

    grant: StrictBool = False
    """I have seen what it may reach, and grant it."""
    digest: str = Field(default="", max_length=64)
    """Of the version that was looked at: with `grant` it must be said, and nothing else is signed."""

    @model_validator(mode="after")
    def _bound(self) -> Self:
        if self.grant and not self.digest:
            raise ValueError("`grant` needs the `digest` of the version that was looked at")
        return self


class PromoteRequest(ApproveRequest):
    """A version to be put into production."""

    version: str | None = Field(default=None, max_length=64)
    """`X.Y.Z`; the newest approved one without."""


class RejectRequest(Request):
    """A no to what a task waits for."""

    reason: str = Field(default="", max_length=MOST_CHARS)
    """Why, for whoever asked."""


class RollbackRequest(Request):
    """An earlier version to be put back into production."""

    version: str = Field(min_length=1, max_length=64)
    """`X.Y.Z` to go back to."""
    now: StrictBool = False
    """Where the registry is reviewed at a code host: do not wait until somebody merges it."""


class RunRequest(Request):
    """A call of a function."""

    arguments: dict[str, Any] = Field(default_factory=dict)
    """Values by parameter name."""
    version: str | None = Field(default=None, max_length=64)
    """`X.Y.Z`; without, the one that serves."""
    files: dict[str, Base64Bytes] = Field(default_factory=dict, max_length=20)
    """Input files by plain name, in base64, for a function that was granted `files in`."""


class ModelAsk(Request):
    """A request to a language model, which the router gives to one that may answer it."""

    task: str = Field(min_length=1, max_length=1_000_000)
    """What the model is asked."""
    system: str = Field(default="", max_length=100_000)
    """What it is told beforehand."""
    provider: str = Field(default="", max_length=200)
    """As in `constraints`, which it overrules where both are given."""
    model: str = Field(default="", max_length=200)
    """Likewise."""
    constraints: Demands = Demands()
    """What is demanded of whoever answers."""
    output_schema: dict[str, Any] | None = None
    """JSON Schema that the reply should obey. Never believed: validate what comes."""
    temperature: Number | None = Field(default=None, ge=0, le=2)
    seed: StrictInt | None = None

    def demands(self) -> Constraints:
        """All that is demanded."""
        named = {name: text for name in ("provider", "model") if (text := getattr(self, name))}
        return self.constraints.model_copy(update=named).as_constraints()
