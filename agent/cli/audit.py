"""The command that shows the audit: what functions asked of their host, and what people did about tasks."""

from dataclasses import asdict
from typing import Annotated

import typer

from agent.cli.opening import Json, opened_settings
from agent.cli.render import print_json, print_table
from agent.showing import cut
from agent.wiring import open_operations
from registry import AuditEntry

MOST_CHARS = 200
"""Of one line's cell."""


def audit(
    function: Annotated[str | None, typer.Argument(help="Of one function; of all without.")] = None,
    run: Annotated[str | None, typer.Option(help="Of one run, by the mark in the column `run`.")] = None,
    task: Annotated[str | None, typer.Option(metavar="ID", help="What people did about one task.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest entries.")] = 50,
    json_output: Json = False,
) -> None:
    """Show what functions asked of their host and what people did about tasks, newest first. Nothing in it changes."""
    operations = open_operations(opened_settings())
    rows = operations.audit(function, run=operations.tasks.task(task).id if task else run, limit=limit)
    if json_output:
        print_json([asdict(row) for row in rows])
    else:
        headings = ["when", "who", "function", "run", "what", "subject", "outcome", "facts"]
        print_table(headings, [cells(row) for row in rows])


def cells(row: AuditEntry) -> list[str]:
    """One entry as a line of the table."""
    facts = ", ".join(f"{name} {value}" for name, value in row.facts.items())
    return [
        f"{row.at:%Y-%m-%d %H:%M:%S}",
        row.actor,
        f"{row.function} {row.version}".strip(),
        row.run,
        row.action,
        cut(row.subject, MOST_CHARS),
        row.outcome,
        cut(facts, MOST_CHARS),
    ]
