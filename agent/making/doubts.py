"""Turns what the evidence leaves open into a question to a person, and keeps it with all that an answer needs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from agent.arguments import fits, type_name
from agent.brief import Brief
from agent.errors import BadTask, Undecided
from agent.evidence.calls import by_name
from agent.evidence.jury import Question
from agent.making.candidates import Work, function_of
from agent.questions import Asked, Choice, Said
from agent.source.signature import Signature
from agent.specification import Specification
from registry import Example, QuestionRecord


def asked_of(brief: Brief, question: Question) -> Asked:
    """The question in the words of the function's parameters."""
    arguments = by_name(question.arguments, brief.manifest.parameters)
    return Asked(
        task=brief.task.text,
        function=brief.specification.name,
        arguments=arguments,
        choices=question.choices,
        gives=brief.specification.interface.output_schema,
    )


def record_of(work: Work, asked: Asked, places: Sequence[int]) -> QuestionRecord:
    """The question as the operational database keeps it."""
    brief = work.brief
    return QuestionRecord(
        task_id=brief.task_id,
        task=brief.task.text,
        function=asked.function,
        arguments=asked.arguments,
        choices=[asdict(choice) for choice in asked.choices],
        state={
            "brief": brief.as_json(),
            "candidates": [
                {"source": function_of(each).source, "model": each.model, "server": each.server, "prompt": each.prompt}
                for each in (work.slots[place] for place in places)
            ],
        },
        created_at=datetime.now(UTC),
    )


def interface_of(record: QuestionRecord) -> Signature:
    """What the function that a kept question is about takes and gives."""
    return Specification.model_validate(record.state["brief"]["specification"]).interface


def said_of(record: QuestionRecord) -> Said:
    """What was answered to a kept question."""
    answer = record.answer or {}
    return Said(value=answer.get("out"), raises=bool(answer.get("raises")))


def refuse_misfit(said: Said, gives: Mapping[str, Any]) -> None:
    """Raise `BadTask` for an answer that the function could never give: no candidate could be right by it."""
    if not said.raises and not fits(said.value, gives):
        raise BadTask(
            f"The answer must be {type_name(gives)}, for that is what the function gives",
            advice="Say it as JSON: text in quotes, numbers without.",
        )


def undecided(asked: Asked, number: int, task_id: str, findings: Sequence[str]) -> Undecided:
    """The end of a run that nobody attended, with the question's number."""
    return Undecided(
        f"It is open what `{asked.function}` must give, and nobody was there to say",
        advice=f"`kowal answer {number}` shows the question; `kowal answer {number} CHOICE` goes on from there.",
        kept=f"The question with all candidates, as number {number}.",
        question=number,
        task_id=task_id,
        findings=[line_of(asked), *findings],
    )


def line_of(asked: Asked) -> str:
    """The question in a line."""
    given = ", ".join(f"{name}={value!r}" for name, value in asked.arguments.items())
    answers = " or ".join("an error" if choice.said.raises else repr(choice.said.value) for choice in asked.choices)
    return f"{asked.function}({given}): {answers}?"


def example_of(arguments: dict[str, Any], said: Said) -> Example:
    """The answer as an example that is pinned from now on."""
    return Example.model_validate({"in": arguments, **({"raises": True} if said.raises else {"out": said.value})})


def as_asked(record: QuestionRecord) -> Asked:
    """A kept question as a person sees it."""
    choices = tuple(
        Choice(said=Said(**choice["said"]), candidates=tuple(choice["candidates"])) for choice in record.choices
    )
    return Asked(id=record.id, task=record.task, function=record.function, arguments=record.arguments, choices=choices)
