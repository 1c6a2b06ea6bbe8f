"""Our own tools: what each is for, what it takes, and which scope it needs."""

from collections.abc import Mapping
from typing import Any, Final

from mcp_types import Tool, ToolAnnotations
from pydantic import BaseModel, ConfigDict, Field

from agent.service.callers import Scope
from agent.service.requests import MOST_CHARS, AnswerRequest, Demands, TaskRequest
from agent.service.views import ErrorView, FunctionPage, QuestionView
from registry.types import Example

LONGEST_WAIT_S: Final = 600.0
USUAL_WAIT_S: Final = 45.0
"""Clients give up after 60 s where nobody told them otherwise."""


class Arguments(BaseModel):
    """What a tool takes."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ExecuteTask(Arguments):
    """Arguments of `execute_task`."""

    task: str = Field(min_length=1, max_length=MOST_CHARS)
    """What should be done, in plain words. Say what is wanted in general; values belong into `arguments`."""
    arguments: dict[str, Any] = {}
    """The values to do it with, by name. They are never shown to a language model."""
    examples: tuple[Example, ...] = Field(default=(), max_length=100)
    """Calls whose results are known: `{"in": {...}, "out": ...}`. No function that breaks one is kept."""
    may_create: bool = True
    """Whether a new function may be made where none fits. That takes minutes, and a language model."""
    local_only: bool = False
    """Whether all of it must stay on the operator's own machines."""
    key: str = Field(default="", max_length=200)
    """What makes it one task, however often it is sent."""
    wait_s: float = Field(default=USUAL_WAIT_S, ge=0, le=LONGEST_WAIT_S)
    """Seconds to wait for the end; the task goes on behind that. `get_status` asks for it again."""
    cancel_on_abort: bool = False
    """Whether the task is cancelled where this call is aborted. Without, it goes on."""

    def as_request(self) -> TaskRequest:
        """The task as the service takes it."""
        return TaskRequest(
            task=self.task,
            arguments=self.arguments,
            examples=self.examples,
            may_create=self.may_create,
            constraints=Demands(local_only=self.local_only),
        )


class GetStatus(Arguments):
    """Arguments of `get_status`."""

    task: str = Field(min_length=1, max_length=64)
    """The task's id, as `execute_task` gave it."""
    wait_s: float = Field(default=0.0, ge=0, le=LONGEST_WAIT_S)
    """Seconds to wait for the end."""


class CancelTask(Arguments):
    """Arguments of `cancel_task`."""

    task: str = Field(min_length=1, max_length=64)
    """The task's id."""


class Answer(Arguments):
    """Arguments of `answer`: beside the task exactly one of `choice`, `value`, `raises`, `function`, `arguments`."""

    task: str = Field(min_length=1, max_length=64)
    """The task's id."""
    choice: int | None = Field(default=None, ge=1)
    """To a question: the number of the right answer."""
    value: Any = None
    """To a question: the right answer itself, where it is none of the choices."""
    raises: bool = False
    """To a question: the call must fail."""
    function: str | None = Field(default=None, max_length=64)
    """Which function is meant: one of `options`, or `none`."""
    arguments: dict[str, Any] | None = None
    """The arguments that are missing, by name."""
    wait_s: float = Field(default=USUAL_WAIT_S, ge=0, le=LONGEST_WAIT_S)
    """Seconds to wait for the end of the task, which goes on by this."""

    def as_request(self) -> AnswerRequest:
        """The answer as the service takes it. Raises `ValidationError` unless exactly one is said."""
        said = self.model_dump(exclude={"task", "wait_s"}, exclude_unset=True)
        return AnswerRequest.model_validate({name: told for name, told in said.items() if name == "value" or told})


class ListFunctions(Arguments):
    """Arguments of `list_functions`."""

    query: str = Field(default="", max_length=1_000)
    """Words of what it should do; the likeliest come first. Without, all functions by name."""
    limit: int = Field(default=20, ge=1, le=100)
    cursor: str = Field(default="", max_length=100)
    """`next` of the page before."""


class Waiting(BaseModel):
    """What a task waits for."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    kind: str
    """`question`, `which`, `arguments`; or `approval`, `budget`: those nobody answers over MCP."""
    question: QuestionView | None = None
    options: tuple[str, ...] = ()
    """The functions that may be meant."""
    missing: tuple[str, ...] = ()
    """The arguments that are missing."""


class Standing(BaseModel):
    """How a task stands."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    task: str
    """Its id."""
    state: str
    """`queued`, `working`, `waiting`, `parked`, `done`, `failed`, `cancelled`, `dead`."""
    reason: str = ""
    """Why it stands there."""
    value: Any = None
    """The answer, once it is done."""
    function: str = ""
    """What gave it."""
    version: str = ""
    origin: str = ""
    """`matched`: it was there; `generated`: it was made for this task."""
    waits_for: Waiting | None = None
    next: str = ""
    """What to do next."""
    error: ErrorView | None = None


TAKES: Final[Mapping[str, type[Arguments]]] = {
    "execute_task": ExecuteTask,
    "list_functions": ListFunctions,
    "get_status": GetStatus,
    "cancel_task": CancelTask,
    "answer": Answer,
}
SCOPES: Final[Mapping[str, Scope]] = dict.fromkeys(TAKES, Scope.TASKS) | {"list_functions": Scope.FUNCTIONS}
GIVES: Final[Mapping[str, type[BaseModel]]] = dict.fromkeys(TAKES, Standing) | {"list_functions": FunctionPage}
SAYS: Final[Mapping[str, tuple[str, str]]] = {
    "execute_task": (
        "Execute a task",
        "Have a task done that is said in plain words. Where a verified function does it, that answers in "
        "milliseconds; where none does, one is written, proven in a sandbox and kept, which takes minutes. Gives the "
        "answer, or where the task stands. A task survives the end of this call.",
    ),
    "list_functions": (
        "Find functions",
        "Find verified functions by what they do, or list all of them. Each one in production is a tool of its own, "
        "under its name.",
    ),
    "get_status": ("Status of a task", "How a task stands: its answer, what it waits for, or why it failed."),
    "cancel_task": ("Cancel a task", "End a task. What was made for it so far is kept."),
    "answer": (
        "Answer a task",
        "Answer what a task waits for: a question on what is right, which function is meant, or missing arguments. "
        "Signatures are not given here: whoever asks must not sign.",
    ),
}
HINTS: Final[Mapping[str, ToolAnnotations]] = {
    "execute_task": ToolAnnotations(
        read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True
    ),
    "list_functions": ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False),
    "get_status": ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False),
    "cancel_task": ToolAnnotations(
        read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
    ),
    "answer": ToolAnnotations(
        read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True
    ),
}


def own_tool(name: str) -> Tool:
    """The tool of that name."""
    title, description = SAYS[name]
    return Tool(
        name=name,
        title=title,
        description=description,
        input_schema=untitled(TAKES[name].model_json_schema()),
        output_schema=untitled(GIVES[name].model_json_schema()),
        annotations=HINTS[name],
    )


def untitled(schema: Any) -> Any:
    """The schema without the titles that only repeat the names."""
    if isinstance(schema, list):
        return [untitled(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: untitled(item) for name, item in schema.items() if name != "title" or not isinstance(item, str)}


OWN: Final[Mapping[str, Tool]] = {name: own_tool(name) for name in TAKES}
