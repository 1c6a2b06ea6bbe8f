"""How a task stands, in values and in words: the answer, what it waits for and how that is said, why it failed."""

from collections.abc import Iterator
from typing import Final

from mcp_types import CallToolResult

from agent.service.views import ChoiceView, QuestionView, TaskView, WaitView
from agent.showing import shown
from integrations.mcp.own import Standing, Waiting
from integrations.mcp.results import plain, text, written

SIGNED_ELSEWHERE: Final = (
    "It waits for a signature. None is given over MCP: whoever asks must not sign. `kowal tasks approve {task}`, the "
    "chat or the code host take one."
)


def told(view: TaskView) -> CallToolResult:
    """The task for programs and for whoever reads text; an error where it ended without an answer."""
    stands = standing_of(view)
    facts = stands.model_dump(mode="json", exclude_none=True)
    if view.outcome and view.outcome.ran:
        facts["value"] = view.outcome.value
    said = "\n".join(lines_of(stands, view))
    has_failed = view.state in ("failed", "dead")
    return CallToolResult(content=[text(said)], structured_content=plain(facts), is_error=has_failed)


def standing_of(view: TaskView) -> Standing:
    """The task as it stands."""
    outcome, wait = view.outcome, view.waits_for
    return Standing(
        task=view.id,
        state=view.state,
        reason=view.reason,
        value=outcome.value if outcome else None,
        function=outcome.function if outcome else "",
        version=outcome.version if outcome else "",
        origin=outcome.origin if outcome else "",
        waits_for=waiting_of(wait) if wait else None,
        next=next_of(view),
        error=view.error if view.is_over else None,
    )


def waiting_of(wait: WaitView) -> Waiting:
    """What it waits for."""
    return Waiting(kind=wait.kind, question=wait.question, options=wait.options, missing=wait.missing)


def next_of(view: TaskView) -> str:
    """What to do about the task; nothing where it is over."""
    wait = view.waits_for
    if view.is_over:
        return ""
    if wait is None or wait.kind == "task":
        return f'It goes on by itself. Ask again: get_status {{"task": "{view.id}", "wait_s": 45}}.'
    match wait.kind:
        case "question":
            how = '"choice": NUMBER, or "value": JSON where none of them is right, or "raises": true'
        case "which":
            how = '"function": one of `options`, or "none"'
        case "arguments":
            how = '"arguments": {' + ", ".join(f'"{name}": ...' for name in wait.missing) + "}"
        case _:
            return SIGNED_ELSEWHERE.format(task=view.id[:8])
    return f'Ask the person, then: answer {{"task": "{view.id}", {how}}}.'


def lines_of(stands: Standing, view: TaskView) -> Iterator[str]:
    """The task in lines."""
    if view.outcome and view.outcome.ran:
        yield written(view.outcome.value)
    if stands.function:
        yield f"({stands.function} {stands.version}, {stands.origin}; task {stands.task})"
    else:
        yield f"Task {stands.task} is {stands.state}{f': {stands.reason}' if stands.reason else ''}"
    if wait := view.waits_for:
        yield from asked(wait)
    if error := stands.error:
        yield error.message
        yield from (f"{word}: {said}" for word, said in (("Kept", error.kept), ("Next", error.advice)) if said)
    if stands.next:
        yield stands.next


def asked(wait: WaitView) -> Iterator[str]:
    """What the task waits for, as a person is asked."""
    if wait.question:
        yield question_line(wait.question)
        yield from (f"{number}. {choice_line(choice)}" for number, choice in enumerate(wait.question.choices, 1))
    elif wait.options:
        yield f"Which function is meant: {', '.join(wait.options)}, or none?"
    elif wait.missing:
        yield f"It needs {', '.join(wait.missing)}."


def question_line(question: QuestionView) -> str:
    """The call that is asked about."""
    call = ", ".join(f"{name}={shown(value)}" for name, value in question.arguments.items())
    return f"What must {question.function}({call}) give?"


def choice_line(choice: ChoiceView) -> str:
    """One of the answers."""
    return "it must fail with an error" if choice.raises else shown(choice.value)
