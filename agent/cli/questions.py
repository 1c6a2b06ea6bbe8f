"""The commands for what the candidates left in doubt: questions, answer."""

from collections.abc import Mapping
from contextlib import closing
from typing import Annotated, Any

import typer

from agent.cli.asking import attendant, call_text, picked, question_lines, read_result, said_text
from agent.cli.opening import Json, opened_agent, opened_settings
from agent.cli.queued import tell_standing
from agent.cli.render import out, print_json, print_table
from agent.cli.tasks import report_made
from agent.config import current_user
from agent.errors import BadTask
from agent.making.doubts import as_asked
from agent.questions import Asked, Said, nobody
from agent.showing import cut
from agent.wiring import open_operations, open_people
from agent.workflow.standing import waiting_for
from registry import QuestionRecord

CELL = 40
"""Characters of a cell in the list; `kowal answer ID` shows a question in full."""


Number = Annotated[str | None, typer.Argument(metavar="[CHOICE]", help="The number of the right answer.")]
AsValue = Annotated[str | None, typer.Option(metavar="JSON", help="The right answer, where it is none of the choices.")]
AsError = Annotated[bool, typer.Option("--error", help="The call must fail.")]


def questions(
    everything: Annotated[bool, typer.Option("--all", help="The answered ones, too.")] = False,
    json_output: Json = False,
) -> None:
    """Show the questions that candidates left open, newest first: only a person can say which of them is right."""
    rows = open_operations(opened_settings()).questions(open_only=not everything)
    if json_output:
        print_json([record_json(row) for row in rows])
        return
    headings = ["id", "function", "task", "call", "answers", "asked", *(["answered"] if everything else [])]
    print_table(headings, [row_of(row)[: len(headings)] for row in rows])


def answer(
    question_id: Annotated[int, typer.Argument(metavar="ID", help="The question's number.")],
    choice: Number = None,
    value: AsValue = None,
    error: AsError = False,
    json_output: Json = False,
) -> None:
    """Answer a question: what was in doubt is decided by it and promoted. Shows the question where nothing is said."""
    settings = opened_settings()
    operations = open_operations(settings)
    record = operations.question(question_id)
    asked = as_asked(record)
    said = given(asked, choice, value, error=error)
    ask = attendant(json_output=json_output)
    if said is None and (record.answered_at is not None or ask is nobody):
        show_question(record, json_output=json_output)
        return
    said = said or ask(asked)
    if said is None:
        out.print(f"Question {question_id} stays open.")
        return
    if waiting := waiting_for(operations.tasks, f"question:{question_id}"):
        with closing(open_people(settings)) as people:  # a worker makes what is decided by it
            tell_standing(people.decide(waiting[0], said, by=current_user()), json_output=json_output)
        return
    with opened_agent(json_output=json_output, ask=ask) as agent:
        outcome = agent.answer(question_id, said, by=current_user())
    report_made(outcome, json_output=json_output)


def given(asked: Asked, choice: str | None, value: str | None, *, error: bool) -> Said | None:
    """What the command line says; None where it says nothing. Raises `BadTask` where it says two things."""
    if (choice is not None) + (value is not None) + error > 1:
        raise BadTask("Only one answer can be right", advice="Say one of CHOICE, --value JSON and --error.")
    if choice is not None:
        return picked(asked, choice)
    if value is not None:
        return Said(value=read_result(value, "--value"))
    return Said(raises=True) if error else None


def show_question(record: QuestionRecord, *, json_output: bool) -> None:
    """A question in full, and how to answer it or how it was answered."""
    if json_output:
        print_json(record_json(record))
        return
    how = f"kowal answer {record.id} CHOICE, or --value JSON, or --error"
    last = answer_text(record) if record.answered_at else how
    lines = [f"  {cut(record.task, 500)}", *question_lines(as_asked(record)), f"  {last}"]
    out.print("\n".join(lines), markup=False)


def record_json(record: QuestionRecord) -> dict[str, Any]:
    """A question for programs: all but the candidates that wait for its answer."""
    return {
        "id": record.id,
        "task_id": record.task_id,
        "task": record.task,
        "function": record.function,
        "arguments": record.arguments,
        "choices": list(record.choices),
        "created_at": record.created_at,
        "answer": record.answer,
        "answered_by": record.answered_by,
        "answered_at": record.answered_at,
        "outcome": record.outcome,
    }


def row_of(record: QuestionRecord) -> list[str]:
    """One line of the list."""
    asked = as_asked(record)
    answers = "  ".join(f"[{at}] {cut(said_text(item.said), 20)}" for at, item in enumerate(asked.choices, 1))
    cells = [record.function, cut(record.task, CELL), cut(call_text(asked), CELL), answers]
    return [str(record.id), *cells, f"{record.created_at:%Y-%m-%d %H:%M}", cut(answer_text(record), CELL)]


def answer_text(record: QuestionRecord) -> str:
    """What was said, by whom, and what came of it."""
    if record.answer is None:
        return "open"
    outcome = f": {record.outcome}" if record.outcome else ""
    return f"{said_text(read_answer(record.answer))}, said {record.answered_by}{outcome}"


def read_answer(answer: Mapping[str, Any]) -> Said:
    """What was said, as it is kept."""
    return Said(value=answer.get("out"), raises=answer.get("raises", False))
