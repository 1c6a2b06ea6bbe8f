"""The commands on registered functions: look at them, run them, and move them between their statuses."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.api import sorted_requirements
from agent.cli.asking import attendant
from agent.cli.demands import demanding
from agent.cli.opening import (
    Arguments,
    ArgumentsFile,
    Examples,
    Explain,
    Files,
    Json,
    Out,
    opened_agent,
    opened_registry,
    opened_settings,
    read_arguments,
    read_cli_examples,
    read_files,
)
from agent.cli.record import differences_json, print_differences, print_near, success_json
from agent.cli.render import (
    out,
    outcome_json,
    print_checks,
    print_columns,
    print_json,
    print_table,
    print_text,
    print_value,
)
from agent.cli.requirements import print_packages
from agent.cli.tasks import report_made, tell_artefacts
from agent.config import Settings
from agent.errors import NotPromoted
from agent.making.callers import Followed
from agent.ports import NO_CONSTRAINTS, Constraints
from agent.types import Task
from agent.warden import success
from agent.wiring import open_operations
from registry import Difference, Registry, Status, Version, read_export, read_suites

app = typer.Typer(
    help="Look at registered functions, run them, and move them between their statuses.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="The function.")]
WAITING = (Status.TESTING, Status.APPROVED, Status.CANARY)
"""The statuses of a version that somebody may still decide about."""
WhichVersion = Annotated[str | None, typer.Argument(metavar="[VERSION]", help="X.Y.Z; the one in production without.")]


def registry() -> Registry:
    """The registry of the settings."""
    return opened_registry(opened_settings())


@app.command("list")
def list_functions(json_output: Json = False) -> None:
    """List the functions with their versions and statuses."""
    rows = registry().list()
    if json_output:
        print_json([asdict(row) for row in rows])
    else:
        headings = ["function", "version", "status", "description"]
        print_table(headings, [[row.name, row.version or "-", row.status.value, row.description] for row in rows])


@app.command()
def show(name: Name, version: WhichVersion = None, json_output: Json = False) -> None:
    """Show what a function takes and gives, its rights, its evidence and its success so far."""
    settings = opened_settings()
    found = opened_registry(settings).get(name, version)
    operations = open_operations(settings)
    counts, calls = operations.run_counts(name), operations.call_counts(name, found.digest)
    changes = operations.differences(found) if found.status in WAITING else ()
    if json_output:
        told = {"runs": counts.total, "runs_ok": counts.ok, "success": success_json(calls)}
        print_json(version_json(found) | told | {"differences": differences_json(changes)})
        return
    manifest = found.function.manifest
    print_columns(
        [
            ("function", f"{found.name} {found.version or found.digest[:12]} ({found.status.value})"),
            ("does", manifest.description),
            (
                "takes",
                ", ".join(f"{key}: {kind(schema)}" for key, schema in manifest.input_schema["properties"].items()),
            ),
            ("gives", kind(manifest.output_schema)),
            ("rights", ", ".join(manifest.grants) or "none"),
            ("packages", ", ".join(manifest.requirements) or "none"),
            ("commit", found.commit),
            ("runs", f"{counts.ok} of {counts.total} gave a value"),
            ("success", success(calls)),
            *provenance_rows(found),
        ]
    )
    checks = found.evidence.get("verdict", {}).get("checks", [])
    print_table(
        ["check", "passed", "evidence"],
        [[row["check"], "yes" if row["passed"] else "no", row["summary"]] for row in checks],
    )
    print_packages(found.evidence)
    print_near(found.evidence)
    print_differences(changes)


def provenance_rows(version: Version) -> list[tuple[str, str]]:
    """Where a version comes from."""
    origin = version.evidence.get("provenance", {})
    return [(key, str(origin[key])) for key in ("source", "task", "model", "attempts", "replaces") if key in origin]


def kind(schema: dict[str, Any]) -> str:
    """The schema's type in words."""
    from agent.arguments import type_name

    return type_name(schema)


def version_json(version: Version) -> dict[str, Any]:
    """All that is known of a version, for programs."""
    return {
        "name": version.name,
        "version": version.version,
        "status": version.status.value,
        "commit": version.commit,
        "digest": version.digest,
        "manifest": version.function.manifest.model_dump(mode="json", by_alias=True),
        "evidence": dict(version.evidence),
    }


@app.command()
def source(
    name: Name,
    version: WhichVersion = None,
    tests: Annotated[bool, typer.Option("--tests", help="The tests instead.")] = False,
    json_output: Json = False,
) -> None:
    """Print a function's source."""
    function = registry().get(name, version).function
    text = function.tests if tests else function.source
    if json_output:
        print_json({"name": name, "source": function.source, "tests": function.tests})
    else:
        print_text(text)


@app.command()
def history(name: Name, json_output: Json = False) -> None:
    """Show what happened to a function: versions, approvals, moves, and by whom."""
    rows = registry().history(name)
    if json_output:
        print_json([asdict(row) for row in rows])
    else:
        headings = ["when", "version", "became", "by", "commit", "note"]
        print_table(
            headings,
            [
                [f"{row.when:%Y-%m-%d %H:%M}", row.version, row.status.value, row.by, row.commit[:7], row.note]
                for row in rows
            ],
        )


@app.command()
def diff(name: Name, old: str, new: str, json_output: Json = False) -> None:
    """Show what changed between two versions."""
    text = registry().diff(name, old, new)
    if json_output:
        print_json({"name": name, "old": old, "new": new, "diff": text})
    else:
        print_text(text)


@app.command()
@demanding
def create(
    task: Annotated[str, typer.Argument(help="What the function should do.")],
    requirement: Annotated[
        list[str] | None, typer.Option(help="A package it may use, or a sentence about what it must do.")
    ] = None,
    example: Examples = None,
    json_output: Json = False,
    demands: Constraints = NO_CONSTRAINTS,
) -> None:
    """Make a function and keep it, without running it."""
    packages, wishes = sorted_requirements(requirement or ())
    with opened_agent(json_output=json_output, ask=attendant(json_output=json_output)) as agent:
        examples = read_cli_examples(example)
        wish = Task(text=task, requirements=packages, wishes=wishes, examples=examples, constraints=demands)
        outcome = agent.create(wish)
    report_made(outcome, json_output=json_output)


@app.command("run")
def run_function(
    name: Name,
    version: WhichVersion = None,
    arg: Arguments = None,
    args_file: ArgumentsFile = None,
    file: Files = None,
    out_folder: Out = None,
    json_output: Json = False,
) -> None:
    """Run a function by its name."""
    task = Task(text="", arguments=read_arguments(arg, args_file), files=read_files(file))
    with opened_agent(json_output=json_output) as agent:
        outcome = agent.run(name, task, version=version)
    tell_artefacts(outcome, out_folder)
    if json_output:
        print_json(outcome_json(outcome))
    else:
        print_value(outcome.value)


@app.command()
def export(
    name: Name,
    folder: Annotated[Path, typer.Argument(help="Where to write the folder NAME.")],
    version: WhichVersion = None,
    json_output: Json = False,
) -> None:
    """Write a function's files into a folder, to read, to change or to carry elsewhere."""
    place = registry().export(name, folder, version)
    if json_output:
        print_json({"name": name, "folder": str(place)})
    else:
        out.print(f"written to {place}")


@app.command("import")
def import_function(
    folder: Annotated[Path, typer.Argument(help="A folder with function.py, test_function.py, function.json.")],
    explain: Explain = False,
    json_output: Json = False,
) -> None:
    """Let a function in from a folder, through the same gate as any other. Further suites (test_*.py) are run, too."""
    function, suites = read_export(folder), read_suites(folder)
    try:
        with opened_agent(json_output=json_output) as agent:
            version = agent.admit(function, source="import", suites=suites, explain=explain)
    except NotPromoted as error:
        if explain and not json_output:
            print_checks(error.facts.get("checks", ()))
            error.facts["findings"] = []  # they stand below the table
        raise
    if explain and not json_output and version.name == function.name:
        print_checks(version.evidence["verdict"]["checks"])
    moved(version, json_output=json_output)


@app.command()
def reindex(json_output: Json = False) -> None:
    """Build the index anew from git alone."""
    count = registry().reindex()
    if json_output:
        print_json({"functions": count})
    else:
        out.print(f"{count} functions indexed")


def kept_differences(settings: Settings, version: Version) -> Sequence[Difference]:
    """What the version answers otherwise than the one before it did, as it was found when it was made."""
    return open_operations(settings).differences(version)


def moved(
    version: Version, changes: Sequence[Difference] = (), *, json_output: bool, callers: Sequence[Followed] = ()
) -> None:
    """Say where a version stands now, which answers change by it, and what became of the functions that call it."""
    if json_output:
        told = {"differences": differences_json(changes), "callers": [each.as_json() for each in callers]}
        print_json(version_json(version) | told)
    else:
        out.print(f"{version.name} {version.label} is {version.status.value}, commit {version.commit[:7]}")
        print_differences(changes)
        print_callers(callers)


def print_callers(callers: Sequence[Followed]) -> None:
    """Say what became of the functions that call the one that moved."""
    for caller in callers:
        version, stays = caller.version, f" as before: {caller.why}. {caller.advice}" if caller.why else ""
        out.print(f"{version.name} {version.version}, which calls it, is {version.status.value}{stays}", markup=False)
