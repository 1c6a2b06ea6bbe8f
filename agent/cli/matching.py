"""The commands about which function is meant: what matching would decide, and what people say of what it decided."""

from dataclasses import asdict
from typing import Annotated

import typer

from agent.cli.asking import attended, read_line
from agent.cli.opening import (
    Arguments,
    ArgumentsFile,
    Json,
    opened_agent,
    opened_registry,
    opened_settings,
    read_arguments,
)
from agent.cli.render import err, out, print_json, print_table
from agent.config import current_user
from agent.matching.decision import Decision, Match, Which, nobody_knows
from agent.matching.learning import new_words, said_right, said_wrong, with_words
from agent.showing import cut, milliseconds
from agent.types import Task
from agent.wiring import open_operations
from registry import Run

runs = typer.Typer(help="What ran, and whether it was what was meant.", no_args_is_help=True)
MOST_CHARS = 60
"""Of a task in a table."""

RunId = Annotated[int, typer.Argument(metavar="ID", help="The run's number: `kowal runs list`.")]


def match(
    task: Annotated[str, typer.Argument(help="What should be done, in plain words.")],
    arg: Arguments = None,
    args_file: ArgumentsFile = None,
    json_output: Json = False,
) -> None:
    """Say which function a task means, or which may be meant, and why. Nothing runs and no model is asked to choose."""
    wish = Task(text=task, arguments=read_arguments(arg, args_file))
    with opened_agent(json_output=json_output) as agent:
        found = agent.preview(wish)
    if json_output:
        print_json(found.as_json())
    else:
        print_match(found)


def print_match(found: Match) -> None:
    """The decision in a line, and what it was taken from."""
    if found.chosen is not None:
        head = f"run {found.chosen.name} {found.chosen.version}"
    elif found.decision is Decision.ASK:
        head = f"ask: did you mean {' or '.join(option.name for option in found.asked)}?"
    else:
        head = "none"
    out.print(f"{head} ({found.reason})", markup=False)
    if found.options:
        rows = [[option.name, option.version, f"{option.chance:.2f}", option.why] for option in found.options]
        print_table(["function", "version", "chance", "why"], rows)


def chooser(*, json_output: bool) -> Which:
    """Whoever can be asked which function is meant: the person at the terminal, or nobody."""
    return ask_which if attended() and not json_output else nobody_knows


def ask_which(found: Match) -> str | None:
    """What the person says: a name, "" for none of them, None where they do not know."""
    lines = [f"  [{number}] {each.name}   {each.description}" for number, each in enumerate(found.asked, 1)]
    none = len(lines) + 1
    err.print("\n".join(["? Which do you mean?", *lines, f"  [{none}] none of these"]), markup=False)
    answers = {str(number): each.name for number, each in enumerate(found.asked, 1)} | {str(none): ""}
    while typed := read_line("  > "):
        if typed in answers:
            return answers[typed]
        err.print(f"  Type a number from 1 to {none}, or Enter if you do not know.", markup=False)
    return None


@runs.command("list")
def list_runs(
    function: Annotated[str | None, typer.Argument(help="Of one function; of all without.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest.")] = 20,
    json_output: Json = False,
) -> None:
    """Show the newest runs."""
    rows = open_operations(opened_settings()).runs(function, limit)
    if json_output:
        print_json([asdict(row) for row in rows])
    else:
        print_table(["id", "when", "function", "outcome", "took", "right", "task"], [cells(row) for row in rows])


def cells(row: Run) -> list[str]:
    """One run as a line of the table."""
    said = {None: "", True: "yes", False: "no"}[row.right]
    when, took = f"{row.started_at:%Y-%m-%d %H:%M:%S}", milliseconds(row.seconds)
    return [str(row.id), when, f"{row.function} {row.version}", row.outcome, took, said, cut(row.task, MOST_CHARS)]


@runs.command()
def right(run: RunId, json_output: Json = False) -> None:
    """Say that a run did what was meant: its words will mean that function."""
    told(said_right(open_operations(opened_settings()), run, by=current_user()), json_output=json_output)


@runs.command()
def wrong(
    run: RunId,
    should_be: Annotated[str | None, typer.Option(metavar="NAME", help="The function that was meant.")] = None,
    json_output: Json = False,
) -> None:
    """Say that a run was not what was meant: its words will not mean that function again."""
    settings = opened_settings()
    meant = opened_registry(settings).get(should_be).name if should_be else None
    told(said_wrong(open_operations(settings), run, by=current_user(), should_be=meant), json_output=json_output)


def words(
    name: Annotated[str, typer.Argument(help="The function.")],
    keep: Annotated[bool, typer.Option("--keep", help="Put the learnt words into git, as a new version.")] = False,
    json_output: Json = False,
) -> None:
    """Show the words by which people mean a function: its aliases in git, and what was learnt since.

    Learnt words are people's texts: they stay in the operational database until --keep makes a version with them,
    through the same gate as any other.
    """
    settings = opened_settings()
    version = opened_registry(settings).get(name)
    lessons = open_operations(settings).lessons(name)
    learnt = new_words(version.function, lessons)
    kept = None
    if keep and learnt:
        with opened_agent(json_output=json_output, settings=settings) as agent:
            kept = agent.admit(with_words(version.function, learnt), source="learnt words")
    not_meant = [lesson.text for lesson in lessons if not lesson.meant]
    aliases = list(version.function.manifest.aliases)
    if json_output:
        made = kept.version if kept else None
        print_json({"name": name, "aliases": aliases, "learnt": learnt, "not_meant": not_meant, "kept": made})
        return
    rows = [["in git", text] for text in aliases] + [["learnt", text] for text in learnt]
    print_table(["where", "words"], [*rows, *(["does not mean it", text] for text in not_meant)])
    if kept:
        out.print(f"{name} {kept.version} is {kept.status.value}, with {len(learnt)} more in git", markup=False)


def told(what: str, *, json_output: bool) -> None:
    """Say what was learnt."""
    if json_output:
        print_json({"learnt": what})
    else:
        out.print(what, markup=False)
