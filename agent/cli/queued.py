"""The commands on queued tasks: submit, list, show, follow, cancel, retry."""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from agent.cli.demands import demanding
from agent.cli.opening import (
    Arguments,
    ArgumentsFile,
    Examples,
    Files,
    Json,
    Out,
    read_arguments,
    read_cli_examples,
    read_files,
)
from agent.cli.progress import show as show_event
from agent.cli.render import err, out, outcome_json, print_columns, print_json, print_table
from agent.cli.tasks import report_done, report_made, tell_artefacts
from agent.config import current_user, load_settings
from agent.errors import BadTask
from agent.ports import NO_CONSTRAINTS, Constraints
from agent.showing import cut
from agent.types import Event, Outcome, Task
from agent.wiring import open_desk, open_operations
from agent.workflow.kept import read
from agent.workflow.standing import how_to_answer, not_done, outcome_of, short_id, standing
from registry import AttemptRecord, TaskRecord, Tasks, TaskState

app = typer.Typer(
    help="Put tasks on the queue, which workers work off, and see what becomes of them.", no_args_is_help=True
)

Id = Annotated[str, typer.Argument(metavar="ID", help="The task's id, or how it begins: `kowal tasks list`.")]
MOST_CHARS = 60
"""Of a task's text in a table."""
CANCELLED_WITHIN_S = 3.0
"""So long `cancel` waits for a task that is being worked on to end."""
LOOK_S = 0.1


@app.command()
@demanding
def submit(
    task: Annotated[str, typer.Argument(help="What should be done, in plain words.")],
    arg: Arguments = None,
    args_file: ArgumentsFile = None,
    file: Files = None,
    example: Examples = None,
    priority: Annotated[int, typer.Option(help="Lower ones are worked first, among yours; -999 to 999.")] = 0,
    deadline: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="After so long it is given up.", min=0)
    ] = None,
    queue: Annotated[str, typer.Option(help="The queue; the first of tasks.queues without.")] = "",
    key: Annotated[str, typer.Option(help="What makes it one task, however often it is submitted.")] = "",
    create: Annotated[bool, typer.Option("--create", help="Make the function, without running it.")] = False,
    enhance: Annotated[str, typer.Option(metavar="NAME", help="Make a new version of that function.")] = "",
    json_output: Json = False,
    demands: Constraints = NO_CONSTRAINTS,
) -> None:
    """Put a task on the queue and print its id. A worker does it: `kowal worker`."""
    from agent.workflow.desk import Asked
    from agent.workflow.turns import Wanted

    if create and enhance:
        raise BadTask("A task makes a function or a new version, not both", advice="Say --create or --enhance NAME.")
    given, files = read_arguments(arg, args_file), read_files(file)
    wish = Task(text=task, arguments=given, examples=read_cli_examples(example), files=files, constraints=demands)
    verb = "create" if create else "enhance" if enhance else "execute"
    longest = timedelta(seconds=deadline) if deadline is not None else None
    asked = Asked(by=current_user(), via="cli", key=key, priority=priority, deadline=longest, queue=queue)
    with closing(open_desk(load_settings())) as desk:
        record = desk.submit(Wanted(task=wish, verb=verb, name=enhance), asked)
    if json_output:
        print_json(record_json(record))
    else:
        out.print(record.id)


@app.command("list")
def list_tasks(
    state: Annotated[list[TaskState] | None, typer.Option(help="Only those in this state; may be repeated.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest.")] = 50,
    json_output: Json = False,
) -> None:
    """Show the newest tasks, newest first."""
    rows = queued_tasks().tasks(state or (), limit=limit)
    if json_output:
        print_json([record_json(row) for row in rows])
        return
    cells = [
        [short_id(row), moment(row.created_at), row.asked_by, row.state.value, cut(row.text, MOST_CHARS),
         cut(row.reason, MOST_CHARS)] for row in rows
    ]  # fmt: skip
    print_table(["id", "when", "asked by", "state", "task", "why"], cells)


@app.command()
def show(task_id: Id, json_output: Json = False) -> None:
    """Show all that is known of a task: where it stands and why, how to answer what it waits for, what came of it."""
    operations = open_operations(load_settings())
    task = operations.tasks.task(task_id)
    attempts = operations.attempts(task.id)
    if json_output:
        print_json(whole_json(task, attempts))
        return
    print_columns([(name, text) for name, text in rows_of(task, len(attempts)) if text])


@app.command()
def follow(
    task_id: Id,
    out_folder: Out = None,
    timeout: Annotated[float | None, typer.Option(metavar="SECONDS", min=0, help="Look no longer than this.")] = None,
    json_output: Json = False,
) -> None:
    """Show a task's way as it goes, until it is over; then its answer, or its error with that error's exit code.

    Ctrl-C ends the looking; the task goes on.
    """
    task = followed(queued_tasks(), task_id, timeout, loud=not json_output)
    outcome = outcome_of(task)
    tell_artefacts(outcome, out_folder)
    if json_output:
        print_json(outcome_json(outcome))
    elif verb_of(task) == "execute":
        report_done(outcome)
    else:
        report_made(outcome, json_output=False)


def followed(tasks: Tasks, task_id: str, timeout_s: float | None, *, loud: bool) -> TaskRecord:
    """The task once it is over; `loud` shows its events meanwhile. Raises `TaskNotDone` after the time."""
    deadline = time.monotonic() + timeout_s if timeout_s is not None else math.inf
    task, after, said = tasks.task(task_id), 0, ""
    while True:
        for event in tasks.events(task.id, after=after):
            after = event.id or after
            if loud:
                show_event(Event(action=event.action, facts=event.facts))
        if task.state.is_over:
            return task
        how = how_to_answer(task)
        if loud and how and how != said:
            err.print(f"  next: {how}", markup=False)
        said = how
        if time.monotonic() >= deadline:
            raise not_done(task)
        time.sleep(LOOK_S)
        task = tasks.task(task.id)  # before its events are read: once it is over, the last one is among them


@app.command()
def cancel(task_id: Id, json_output: Json = False) -> None:
    """End a task. One that is worked on is stopped within a second or so, its sandbox with it."""
    with closing(open_desk(load_settings())) as desk:
        task = desk.cancel(desk.tasks.task(task_id), by=current_user())
        deadline = time.monotonic() + CANCELLED_WITHIN_S
        while task.state is TaskState.WORKING and time.monotonic() < deadline:
            time.sleep(LOOK_S)
            task = desk.tasks.task(task.id)
    tell_standing(task, json_output=json_output)


@app.command()
def retry(task_id: Id, json_output: Json = False) -> None:
    """Queue a task once more that failed, was cancelled, or was given up; what is known of it is kept."""
    with closing(open_desk(load_settings())) as desk:
        task = desk.retry(desk.tasks.task(task_id), by=current_user())
    tell_standing(task, json_output=json_output)


def queued_tasks() -> Tasks:
    """The tasks, to look at."""
    return open_operations(load_settings()).tasks


def tell_standing(task: TaskRecord, *, json_output: bool) -> None:
    """Say where a task stands now, and what it needs."""
    if json_output:
        print_json(record_json(task))
        return
    out.print(standing(task), markup=False)
    if how := how_to_answer(task):
        out.print(f"  next: {how}", markup=False)


def record_json(task: TaskRecord) -> dict[str, Any]:
    """A task for programs; its arguments, files and answer are other people's data, which `show` and `follow` give."""
    hidden = ("request", "known", "outcome", "error", "losses")
    facts = {name: value for name, value in asdict(task).items() if name not in hidden}
    return facts | {"verb": verb_of(task), "next": how_to_answer(task)}


def whole_json(task: TaskRecord, attempts: Sequence[AttemptRecord]) -> dict[str, Any]:
    """All that is known of a task, for programs."""
    told = {"verb": verb_of(task), "name": task.request.get("name", ""), "error": task.error, "losses": task.losses}
    told |= {"outcome": outcome_json(read(Outcome, task.outcome)) if task.outcome else None}
    tried = [{"number": row.number, "model": row.model, "passed": row.verdict.get("passed")} for row in attempts]
    return record_json(task) | told | {"arguments": sorted(task.request["task"]["arguments"]), "attempts": tried}


def verb_of(task: TaskRecord) -> str:
    """What is asked for: `execute`, `create` or `enhance`."""
    return str(task.request.get("verb", "execute"))


def rows_of(task: TaskRecord, attempts: int) -> Iterator[tuple[str, str]]:
    """What people see of a task, line by line; those without a text are left out."""
    yield "task", cut(task.text, 500)
    yield "id", task.id
    yield "asked", f"by {task.asked_by}, {moment(task.created_at)}, via {task.via}"
    yield "wants", f"{verb_of(task)} {task.request.get('name', '')}".strip()
    yield "state", task.state.value
    yield "why", cut(task.reason, 500)
    yield "next", how_to_answer(task)
    yield "until", moment(task.expires_at)
    yield "deadline", moment(task.deadline)
    yield "priority", str(task.priority or "")
    yield "turns", f"{task.turn}, put off {task.tries} times, {task.losses} workers lost"
    yield "worker", task.worker
    yield "started", moment(task.started_at)
    yield "ended", moment(task.ended_at)
    yield "attempts", f"{attempts}: kowal attempts {task.id}" if attempts else ""
    yield from error_rows(task.error or {})
    yield from outcome_rows(task.outcome or {})


def error_rows(error: Any) -> Iterator[tuple[str, str]]:
    """The error of the last turn in its three parts, and where its evidence is."""
    facts = error.get("facts", {})
    yield "error", f"{error['type']}: {cut(error['message'], 500)}" if error else ""
    yield "kept", cut(error.get("kept", ""), 500)
    yield "advice", cut(error.get("advice", ""), 500)
    yield "run", str(facts.get("run_id") or "")


def outcome_rows(outcome: Any) -> Iterator[tuple[str, str]]:
    """What came of it; the value itself is shown by `follow`."""
    if not outcome:
        return
    yield "function", f"{outcome['function']} {outcome['version']} ({outcome['origin']}, {outcome['status']})"
    yield "run", str(outcome["run_id"] or "")
    yield "reached", ", ".join(outcome["reached"])


def moment(when: datetime | None) -> str:
    """A moment as people read it, UTC."""
    return f"{when:%Y-%m-%d %H:%M:%S}" if when else ""
