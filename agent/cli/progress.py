"""Shows the way of a task as it goes: one line an event, on standard error."""

from collections.abc import Callable
from typing import Any

from rich.markup import escape

from agent.cli.render import err, milliseconds
from agent.types import Event

DONE, NONE, TRIED = "[green]●[/]", "○", "[yellow]◐[/]"


def show(event: Event) -> None:
    """Print the event's line, where it has one."""
    line = LINES.get(event.action)
    if line is not None:
        err.print(line(event.facts))


def silent(event: Event) -> None:
    """For `--json`: only what takes long is announced, so that nobody thinks it hangs."""
    if event.action == "progress":
        err.print(event.facts["line"])


def matched(facts: Any) -> str:
    """A function was found."""
    by = f", chosen by {facts['model']}" if facts["model"] else ""
    return (
        f"{DONE} matched   {facts['name']} {facts['version']} ({facts['status']})"
        f"   score {facts['score']:.2f}{by}, {milliseconds(facts['seconds'])}"
    )


def unmatched(facts: Any) -> str:
    """None was."""
    best = f" (best: {facts['best']}, {facts['score']:.2f})" if facts["best"] else ""
    return f"{NONE} no function fits{best}: {escape(facts['reason'])}"


def refused(facts: Any) -> str:
    """A candidate did not pass."""
    head = f"{TRIED} candidate {facts['number']} of at most {facts['of']}   {facts['model']}   refused by "
    head += escape(facts["why"])
    return "\n".join([head, *(f"    {escape(finding)}" for finding in facts["findings"][:6])])


def approved(facts: Any) -> str:
    """A version is on `main`."""
    candidate = f"candidate {facts['number']}, " if "number" in facts else ""
    return (
        f"{DONE} approved  {facts['name']} {facts['version']}   commit {facts['commit'][:7]}, "
        f"evidence: kowal functions show {facts['name']}\n            {candidate}{escape(facts['summary'])}"
    )


def ran(facts: Any) -> str:
    """A function gave a value."""
    took = milliseconds(facts["seconds"])
    return f"{DONE} ran       {facts['name']} {facts['version']}   {facts['backend']}, {took}, no rights needed"


LINES: dict[str, Callable[[Any], str]] = {
    "progress": lambda facts: f"[dim]{escape(facts['line'])}[/]",
    "match.found": matched,
    "match.none": unmatched,
    "model.asked": lambda facts: f"[dim]asking for candidate {facts['number']} of at most {facts['of']}[/]",
    "candidate.refused": refused,
    "function.approved": approved,
    "function.promoted": lambda facts: f"{DONE} production {facts['name']} {facts['version']}",
    "function.waits": lambda facts: (
        f"{NONE} waits for a person: kowal functions promote {facts['name']} {facts['version']}"
    ),
    "run.finished": ran,
}
"""What each event looks like; the others are for logs."""
