"""The commands by which people speak to queued tasks that wait for them: answer, approve, reject."""

from contextlib import closing
from typing import Annotated

import typer

from agent.cli.asking import attendant
from agent.cli.moves import is_signed, tell_promoted
from agent.cli.opening import Arguments, ArgumentsFile, Json, read_arguments
from agent.cli.questions import AsError, AsValue, Number, given, show_question
from agent.cli.queued import Id, tell_standing
from agent.cli.render import err
from agent.config import current_user, load_settings
from agent.errors import BadTask
from agent.making.doubts import as_asked
from agent.questions import Said
from agent.wiring import open_people
from agent.workflow.standing import short_id, wait_of
from registry import QuestionRecord

Grant = Annotated[bool, typer.Option("--grant", help="I have seen what it may reach, and grant it.")]


def answer(
    task_id: Id,
    choice: Number = None,
    value: AsValue = None,
    error: AsError = False,
    arg: Arguments = None,
    args_file: ArgumentsFile = None,
    json_output: Json = False,
) -> None:
    """Answer what a task waits for; it goes on then. Without an answer it is shown what is asked.

    A question: CHOICE, --value or --error, as `kowal answer`. Which function is meant: its NAME, or `none`. Arguments
    that are missing: -a NAME=VALUE.
    """
    arguments = read_arguments(arg, args_file)
    if arguments and (choice is not None or value is not None or error):
        raise BadTask("Only one answer can be right", advice="Say what the task waits for: `kowal tasks show ID`.")
    with closing(open_people(load_settings())) as people:
        task = people.desk.tasks.task(task_id)
        if arguments:
            task = people.give(task, arguments, by=current_user())
        elif wait_of(task).kind == "question" or value is not None or error:
            said = decision(people.question(task), choice, value, error=error, json_output=json_output)
            if said is None:
                return
            task = people.decide(task, said, by=current_user())
        elif choice is not None:
            task = people.choose(task, choice, by=current_user())
    tell_standing(task, json_output=json_output)


def decision(
    record: QuestionRecord, choice: str | None, value: str | None, *, error: bool, json_output: bool
) -> Said | None:
    """What is said to a question, on the command line or at the terminal; None where it is shown instead."""
    asked = as_asked(record)
    said = given(asked, choice, value, error=error) or attendant(json_output=json_output)(asked)
    if said is None:
        show_question(record, json_output=json_output)
    return said


def approve(task_id: Id, grant: Grant = False, json_output: Json = False) -> None:
    """Sign for what a task waits for; it goes on then. A version goes into production, a budget is had once more.

    It is that version with that digest, or nothing. What it asks for is shown, and needs --grant or a yes at the
    terminal.
    """
    settings = load_settings()
    with closing(open_people(settings)) as people:
        task = people.desk.tasks.task(task_id)
        if wait_of(task).kind == "budget":
            tell_standing(people.allow(task, by=current_user()), json_output=json_output)
            return
        wanted = people.awaited(task)
        signed = is_signed(people.signing, wanted, grant=grant, json_output=json_output)
        promoted = people.approve(task, by=current_user(), signed=signed)
    err.print(f"task {short_id(task)} goes on")
    tell_promoted(settings, promoted, json_output=json_output)


def reject(
    task_id: Id,
    reason: Annotated[str, typer.Option(help="Why, for whoever asked.")] = "",
    json_output: Json = False,
) -> None:
    """Say no to what a task waits for: it ends. What was made for it stays as it is."""
    with closing(open_people(load_settings())) as people:
        task = people.reject(people.desk.tasks.task(task_id), by=current_user(), reason=reason)
    tell_standing(task, json_output=json_output)
