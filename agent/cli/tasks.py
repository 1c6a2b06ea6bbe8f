"""The commands that do tasks: run, enhance, attempts."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.asking import attendant
from agent.cli.demands import demanding
from agent.cli.matching import chooser, print_match
from agent.cli.opening import (
    Arguments,
    ArgumentsFile,
    Examples,
    Files,
    Json,
    Out,
    keep_artefacts,
    opened_agent,
    opened_settings,
    read_arguments,
    read_cli_examples,
    read_files,
)
from agent.cli.render import err, out, outcome_json, print_json, print_table, print_text, print_value
from agent.loop import Agent
from agent.matching.decision import Decision
from agent.ports import NO_CONSTRAINTS, Constraints
from agent.showing import milliseconds
from agent.types import Outcome, Task
from agent.wiring import open_operations
from registry import AttemptRecord, Status


@demanding
def run(
    task: Annotated[str, typer.Argument(help="What should be done, in plain words.")],
    arg: Arguments = None,
    args_file: ArgumentsFile = None,
    file: Files = None,
    out_folder: Out = None,
    example: Examples = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would run, and with which rights.")] = False,
    json_output: Json = False,
    demands: Constraints = NO_CONSTRAINTS,
) -> None:
    """Do a task with a function that is there, or with one that is made and proven for it."""
    given, files = read_arguments(arg, args_file), read_files(file)
    wish = Task(text=task, arguments=given, examples=read_cli_examples(example), files=files, constraints=demands)
    ask, which = attendant(json_output=json_output), chooser(json_output=json_output)
    with opened_agent(json_output=json_output, ask=ask, which=which) as agent:
        if dry_run:
            preview(agent, wish, json_output=json_output)
            return
        outcome = agent.execute(wish)
    tell_artefacts(outcome, out_folder)
    if json_output:
        print_json(outcome_json(outcome))
    else:
        report_done(outcome)


def report_done(outcome: Outcome) -> None:
    """Print the answer, and what it took where a function was made for it."""
    print_value(outcome.value)
    if outcome.requests:
        err.print(costs(outcome))


def tell_artefacts(outcome: Outcome, folder: Path | None) -> None:
    """Write the files that the function left into the folder, and say where they are; or that they need one."""
    for path in keep_artefacts(outcome.artefacts, folder):
        err.print(f"  wrote {path}", markup=False)
    if outcome.artefacts and folder is None:
        names = ", ".join(outcome.artefacts)
        err.print(f"  left {names}: name a folder with --out DIR to keep what it leaves", markup=False)


def costs(outcome: Outcome) -> str:
    """What it took to make a function, and that it was for good."""
    total = milliseconds(sum(outcome.seconds.values()))
    asked = f"{outcome.requests} request{'s' if outcome.requests != 1 else ''}"
    again = "" if outcome.status in (Status.APPROVED, Status.TESTING) else " · next time: no model is asked"
    unknown = f" and {outcome.unpriced} of unknown price" if outcome.unpriced else ""
    return f"  {total} · {asked} · {outcome.tokens} tokens · {outcome.cost_eur:.2f} €{unknown}{again}"


def preview(agent: Agent, task: Task, *, json_output: bool) -> None:
    """Say which function would run with which rights, or that one would be made."""
    found = agent.preview(task)
    rights = list(found.chosen.function.manifest.grants) if found.chosen else []
    if json_output:
        print_json({**found.as_json(), "version": found.chosen.version if found.chosen else None, "grants": rights})
        return
    print_match(found)
    if found.chosen:
        out.print(f"It would run with {', '.join(rights) or 'no rights'}.", markup=False)
    elif found.decision is Decision.NONE:
        out.print("A function would be made.")


@demanding
def enhance(
    name: Annotated[str, typer.Argument(help="The function.")],
    improvement: Annotated[str, typer.Argument(help="What it should do beyond what it does.")],
    example: Examples = None,
    json_output: Json = False,
    demands: Constraints = NO_CONSTRAINTS,
) -> None:
    """Make a new version of a function; what the old one promised still holds."""
    with opened_agent(json_output=json_output, ask=attendant(json_output=json_output)) as agent:
        wish = Task(text=improvement, examples=read_cli_examples(example), constraints=demands)
        outcome = agent.enhance(name, wish)
    report_made(outcome, json_output=json_output)


def report_made(outcome: Outcome, *, json_output: bool) -> None:
    """Say which version was made."""
    if json_output:
        print_json(outcome_json(outcome))
    else:
        out.print(f"{outcome.function} {outcome.version} is {outcome.status}, commit {outcome.commit[:7]}")


def attempts(
    task_id: Annotated[
        str | None, typer.Argument(help="The task whose attempts to show; all recent ones without.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Show candidates that were tried, those that were refused included: nothing is thrown away."""
    rows = open_operations(opened_settings()).attempts(task_id)
    if json_output:
        print_json([asdict(row) for row in rows])
    elif task_id is None:
        headings = ["task", "number", "model", "function", "verdict"]
        print_table(
            headings, [[row.task_id, str(row.number), model_of(row), row.name, verdict_of(row)] for row in rows]
        )
    else:
        for row in rows:
            print_attempt(row)


def print_attempt(row: AttemptRecord) -> None:
    """One attempt whole: the verdict, the findings, and what the model wrote."""
    out.rule(f"{row.number} {row.name or 'unreadable'} · {model_of(row)} · {verdict_of(row)}")
    for result in row.verdict.get("results", ()):
        for finding in result["findings"]:
            out.print(f"  {finding}", markup=False)
    print_text(f"{row.source}\n{row.tests}" if row.source else row.reply)


def model_of(row: AttemptRecord) -> str:
    """Who wrote it."""
    return f"{row.provider}/{row.model}"


def verdict_of(row: AttemptRecord) -> str:
    """The verdict in a line."""
    if row.verdict.get("passed"):
        return "passed"
    failed = next((result for result in row.verdict.get("results", ()) if not result["passed"]), None)
    return f"{failed['check']}: {failed['summary']}" if failed else "none"
