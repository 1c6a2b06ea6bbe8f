"""A task's question as a form that the client shows to its person, and what they fill in as an answer."""

import json
from typing import Any, Final

from mcp_types import ClientCapabilities, ElicitRequest, ElicitRequestFormParams, ElicitResult

from agent.errors import BadTask
from agent.service.requests import AnswerRequest
from agent.service.views import TaskView, WaitView
from integrations.mcp.results import plain
from integrations.mcp.standing import asked, choice_line

OTHER, RAISES = "other", "raises"
"""Beside the numbers of the choices: none of them, and that the call must fail."""
OWN_VALUE: Final = "value"


def shows_forms(client: ClientCapabilities | None) -> bool:
    """Whether the client says that it can put a form to its person."""
    can = client.elicitation if client else None
    return can is not None and (can.form is not None or can.url is None)


def is_askable(view: TaskView) -> bool:
    """Whether the task waits for what a form may answer: everything but a signature."""
    return view.waits_for is not None and view.waits_for.kind in ("question", "which", "arguments")


def subject_of(view: TaskView) -> str:
    """What is asked, as long as it is the same question."""
    return plain(view.waits_for.model_dump_json()) if view.waits_for else ""


def form_of(view: TaskView) -> ElicitRequest:
    """The form for what the task waits for."""
    assert view.waits_for is not None  # noqa: S101
    wait = view.waits_for
    fields = fields_of(wait)
    optional = {OWN_VALUE} if wait.question else set()
    schema = {"type": "object", "properties": fields, "required": [name for name in fields if name not in optional]}
    message = "\n".join([f"Kowal, on the task: {view.text}", *asked(wait)])
    return ElicitRequest(params=ElicitRequestFormParams(message=plain(message), requested_schema=plain(schema)))


def fields_of(wait: WaitView) -> dict[str, Any]:
    """The form's fields."""
    if wait.question:
        numbered = [(str(number), choice_line(choice)) for number, choice in enumerate(wait.question.choices, 1)]
        known = any(choice.raises for choice in wait.question.choices)
        more = [] if known else [(RAISES, "it must fail with an error")]
        options = [*numbered, *more, (OTHER, "something else")]
        return {
            "choice": {"type": "string", "title": "Right answer", "oneOf": titled(options)},
            OWN_VALUE: {"type": "string", "title": "Something else", "description": "As JSON: text in quotes."},
        }
    if wait.options:
        options = [*((name, name) for name in wait.options), ("none", "none of them")]
        return {"function": {"type": "string", "title": "Function", "oneOf": titled(options)}}
    hint = "Text as it is; numbers, lists and objects as JSON."
    return {name: {"type": "string", "title": name, "description": hint} for name in wait.missing}


def titled(options: list[tuple[str, str]]) -> list[dict[str, str]]:
    """The options of a field, each with what is shown for it."""
    return [{"const": value, "title": title} for value, title in options]


def answer_in(view: TaskView, filled: ElicitResult) -> AnswerRequest | None:
    """What the person filled in; None where they would not say.

    Raises `BadTask` where it cannot be read.
    """
    wait, said = view.waits_for, filled.content or {}
    if filled.action != "accept" or wait is None:
        return None
    if wait.question:
        return chosen(str(said.get("choice", "")), str(said.get(OWN_VALUE, "")))
    if wait.options:
        return AnswerRequest(function=str(said.get("function", "")))
    return AnswerRequest(arguments={name: read(str(said[name])) for name in wait.missing if name in said})


def chosen(choice: str, own: str) -> AnswerRequest:
    """The answer to a question."""
    if choice == RAISES:
        return AnswerRequest(raises=True)
    if choice.isascii() and choice.isdigit():
        return AnswerRequest(choice=int(choice))
    try:
        return AnswerRequest(value=json.loads(own))
    except ValueError:
        raise BadTask(
            f"{own[:100]!r} is not JSON", advice='Fill in text in quotes, "North", and numbers without, 1240.5.'
        ) from None


def read(said: str) -> Any:
    """A number, list or object where it is JSON of one; else the text as it is."""
    try:
        value = json.loads(said)
    except ValueError:
        return said
    return said if isinstance(value, str) else value
