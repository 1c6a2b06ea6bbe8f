"""How things look: tables and colours for people on a terminal, JSON for programs, errors in three parts."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.errors import KowalError
from agent.showing import is_number, is_rows, is_scalar, is_short, scalar
from agent.types import Outcome
from registry import RegistryError
from sandbox import SandboxError

out = Console(highlight=False, soft_wrap=True, emoji=False)
"""Answers. A `:smile:` in them stays what it is."""
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
"""Progress and errors."""


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def print_text(text: str) -> None:
    """Text as it is: source code, a diff. Flushed, so that answers and progress keep their order in one log."""
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
    sys.stdout.flush()


def print_value(value: Any) -> None:
    """A function's result as a person reads it: text plain, a mapping or rows as columns, else JSON."""
    if isinstance(value, str):
        print_text(value)
    elif isinstance(value, dict) and value and all(is_scalar(item) for item in value.values()):
        print_columns([(str(key), scalar(item)) for key, item in value.items()])
    elif is_rows(value):
        print_rows(value)
    else:
        print_text(json.dumps(value, indent=None if is_short(value) else 2, ensure_ascii=False))


def print_columns(rows: Sequence[tuple[str, str]]) -> None:
    """Two columns, the second aligned to the right where it holds numbers."""
    table = Table(show_header=False, box=None, pad_edge=False)
    numeric = all(is_number(cell) for _, cell in rows)
    table.add_column()
    table.add_column(justify="right" if numeric else "left")
    for name, cell in rows:
        table.add_row(escape(name), escape(cell))
    out.print(table)


def print_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows with the same keys, as a table."""
    print_table(list(rows[0]), [[scalar(row[key]) for key in rows[0]] for row in rows])


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], to: Console = out) -> None:
    """A table with headings."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    to.print(table)


def print_checks(rows: Sequence[Mapping[str, Any]]) -> None:
    """The checks of a verdict as a table, and below it what each found wrong."""
    headings = ["check", "passed", "seconds", "evidence"]
    cells = [[row["check"], "yes" if row["passed"] else "no", f"{row['seconds']:.3f}", row["summary"]] for row in rows]
    print_table(headings, cells)
    for row in rows:
        for finding in row["findings"]:
            out.print(f"  {row['check']}: {finding}", markup=False)


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """The outcome's facts for programs: of attempts what they were and why they were refused, of files how large."""
    facts = asdict(outcome)
    facts["artefacts"] = {name: len(data) for name, data in outcome.artefacts.items()}
    facts["attempts"] = [
        {
            "number": attempt.number,
            "model": attempt.model,
            "name": attempt.function.name if attempt.function else "",
            "passed": attempt.verdict.passed,
            "summary": attempt.verdict.summary,
            "findings": list(attempt.verdict.findings),
        }
        for attempt in outcome.attempts
    ]
    return facts


def error_text(error: KowalError | RegistryError | SandboxError) -> str:
    """What happened, what was kept, what to do; and the traceback of generated code where there is one."""
    facts = getattr(error, "facts", {})
    parts = [f"✗ {error}"]
    parts += [f"    {finding}" for finding in facts.get("findings", [])]
    parts += [f"    {line}" for line in facts.get("traceback", "").splitlines()]
    if error.kept:
        parts.append(f"  kept: {error.kept}")
    if error.advice:
        parts.append(f"  next: {error.advice}")
    return "\n".join(parts) + "\n"


def print_error_json(error: KowalError | RegistryError | SandboxError) -> None:
    """The same facts as one object on standard output."""
    facts = {
        "type": type(error).__name__,
        "message": str(error),
        "kept": error.kept,
        "advice": error.advice,
        "exit_code": error.exit_code,
        "retryable": error.retryable,
        **getattr(error, "facts", {}),
    }
    print_json({"error": facts})
