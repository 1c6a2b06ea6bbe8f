"""Shows the way of a task as it goes: one line an event, on standard error."""

from collections.abc import Callable
from typing import Any

from rich.markup import escape

from agent.cli.render import err
from agent.showing import cut, milliseconds
from agent.types import Event

DONE, NONE, TRIED, OPEN, GONE = "[green]●[/]", "○", "[yellow]◐[/]", "[yellow]?[/]", "[red]✗[/]"
MOST_ASKED_CHARS = 300
MOST_FINDINGS = 6
"""That a line of progress shows; `kowal attempts` has them all."""


def show(event: Event) -> None:
    """Print the event's line, where it has one."""
    if text := line_of(event):
        err.print(text)


def line_of(event: Event) -> str:
    """What the event looks like; empty where it is for logs only."""
    line = LINES.get(event.action)
    return line(event.facts) if line is not None else ""


def silent(event: Event) -> None:
    """For `--json`: only what takes long is announced, so that nobody thinks it hangs, and what may be out of date."""
    if event.action == "progress":
        err.print(event.facts["line"], markup=False)
    elif event.action == "registry.stale":
        show(event)


def matched(facts: Any) -> str:
    """A function was found."""
    by = f", chosen by {facts['model']}" if facts["model"] else ""
    return (
        f"{DONE} matched   {facts['name']} {facts['version']} ({facts['status']})"
        f"   chance {facts['chance']:.2f}{by}, {milliseconds(facts['seconds'])}"
    )


def unmatched(facts: Any) -> str:
    """None was."""
    best = f" (best: {facts['best']}, {facts['chance']:.2f})" if facts["best"] else ""
    return f"{NONE} no function fits{best}: {escape(facts['reason'])}"


def unclear(facts: Any) -> str:
    """Some may be."""
    return f"{OPEN} not sure which function is meant (best: {facts['best']}, {facts['chance']:.2f})"


ASKED = {
    "candidate": "asking for candidate {number} of {of}",
    "repair": "asking for candidate {number} of {of}, mended",
    "stronger": "asking a stronger model for candidate {number} of {of}",
}


def asking(facts: Any) -> str:
    """A model is asked."""
    again = ", {number} of {of}" if facts["number"] > 1 else ""
    line = ASKED.get(facts["what"], "asking for the {what}" + again)
    return f"[dim]{line.format(**facts)}[/]"


def specified(facts: Any) -> str:
    """What the function must be is written down."""
    by = f"{facts['model']}, {milliseconds(facts['seconds'])}"
    needs = f", needs {', '.join(facts['packages'])}" if facts.get("packages") else ""
    return f"{DONE} specified {escape(facts['signature'] + needs)}   {escape(by)}"


def tested(facts: Any) -> str:
    """The tests stand, before any code does."""
    total, red = facts["total"], facts["red"]
    counted = f"{total} from the specification, {facts['hidden']} kept back; red on the stub {red}/{total}"
    return f"{DONE} tests     {counted}   {escape(facts['model'])}, {milliseconds(facts['seconds'])}"


def unusable(facts: Any) -> str:
    """A specification or tests did not pass."""
    head = f"{TRIED} {facts['what']} {facts['number']} of {escape(facts['model'])} refused:"
    return with_findings(head, facts)


def passed(facts: Any) -> str:
    """A candidate did pass; whether it is promoted is another matter."""
    head = f"{DONE} candidate {facts['number']} of {facts['of']}   {escape(facts['model'])}   "
    return head + escape(facts["why"])


def refused(facts: Any) -> str:
    """A candidate did not pass."""
    head = f"{TRIED} candidate {facts['number']} of {facts['of']}   {escape(facts['model'])}   refused by "
    return with_findings(head + escape(facts["why"]), facts)


def with_findings(head: str, facts: Any) -> str:
    """A line, and below it the first findings."""
    return "\n".join([head, *(f"    {escape(finding)}" for finding in facts["findings"][:MOST_FINDINGS])])


def replayed(facts: Any) -> str:
    """What recorded calls have shown of a new version."""
    left = f", {facts['missed']} not compared: the old version did not end them again" if facts["missed"] else ""
    mark = TRIED if facts["different"] or facts["missed"] else DONE
    return f"{mark} replayed  {facts['calls']} recorded calls, {facts['different']} answered otherwise{left}"


def compared(facts: Any) -> str:
    """The candidates were set against each other; nothing where none is worth a word."""
    if facts["points"] <= 0:
        return ""
    return f"{DONE if facts['ruling'] == 'promote' else TRIED} agreement {escape(facts['summary'])}"


def approved(facts: Any) -> str:
    """A version is on `main`."""
    candidate = f"candidate {facts['number']}, " if "number" in facts else ""
    return (
        f"{DONE} approved  {facts['name']} {facts['version']}   commit {facts['commit'][:7]}, "
        f"evidence: kowal functions show {facts['name']}\n            {candidate}{escape(facts['summary'])}"
    )


def twin(facts: Any) -> str:
    """A function that is there already does what a candidate does."""
    shown = f"{facts['agree']} inputs and the tests of both, and serves instead"
    return f"{DONE} the same  {facts['name']} {facts['version']}   does what {facts['made']} does, on {shown}"


def near(facts: Any) -> str:
    """A function that is there already does nearly what a candidate does."""
    shown = f"{facts['agree']} of {facts['of']} inputs: kowal functions show {facts['made']}"
    return f"{TRIED} nearly    {facts['name']} {facts['version']}   does the same on {shown}"


def promoted(facts: Any) -> str:
    """A version is in production."""
    why = f"   {escape(facts['note'])}" if facts.get("note") else ""
    return f"{DONE} production {facts['name']} {facts['version']}{why}"


def quarantined(facts: Any) -> str:
    """A version was taken out of use by its record."""
    back = f"{facts['restored']} is back in production" if facts["restored"] else "nothing took its place"
    head = f"{GONE} quarantined {facts['name']} {facts['version']}   {escape(facts['reason'])}"
    return f"{head}\n            {back}; kowal functions history {facts['name']}"


def ran(facts: Any) -> str:
    """A function gave a value."""
    took, reached = milliseconds(facts["seconds"]), facts.get("reached", ())
    rights = f"reached {', '.join(reached)}" if reached else "no rights needed"
    return f"{DONE} ran       {facts['name']} {facts['version']}   {facts['backend']}, {took}, {escape(rights)}"


def barred(facts: Any) -> str:
    """A function asked for what it may not have."""
    asked = escape(cut(f"{facts['asked']}: {facts['why']}", MOST_ASKED_CHARS))
    return f"{GONE} refused   {facts['name']} {facts['version']} asked for {asked}"


def said(mark: str, verb: str, *names: str) -> Callable[[Any], str]:
    """What makes the line of a task's event: the verb, and those of the facts that it has."""

    def line(facts: Any) -> str:
        told = ", ".join(escape(cut(str(facts[name]), MOST_ASKED_CHARS)) for name in names if facts.get(name))
        return f"{mark} {verb:<9} {told}".rstrip()

    return line


OF_TASKS: dict[str, Callable[[Any], str]] = {
    "task.taken": lambda facts: f"{NONE} queued    asked by {escape(facts['asked_by'])}",
    "task.begun": said(NONE, "begun", "worker"),
    "task.queued": said(TRIED, "again", "reason"),
    "task.parked": said(TRIED, "parked", "reason"),
    "task.waiting": said(OPEN, "waits", "reason"),
    "task.goes_on": said(NONE, "goes on", "why"),
    "task.retried": lambda facts: f"{NONE} retried   by {escape(facts['by'])}",
    "task.stopping": lambda facts: f"{NONE} stopping  {escape(facts['by'])} cancelled it",
    "task.denied": said(GONE, "denied", "why"),
    "task.done": said(DONE, "done"),
    "task.failed": said(GONE, "failed", "reason", "error"),
    "task.cancelled": said(GONE, "cancelled", "reason"),
    "task.dead": said(GONE, "dead", "reason", "error"),
}
"""What happens to a task on the queue, by whoever does it."""
LINES: dict[str, Callable[[Any], str]] = OF_TASKS | {
    "progress": lambda facts: f"[dim]{escape(facts['line'])}[/]",
    "registry.stale": lambda facts: f"{TRIED} the copy of the registry may be old: {escape(facts['reason'])}",
    "worker.said": lambda facts: str(escape(facts["line"])),
    "match.found": matched,
    "match.none": unmatched,
    "match.unclear": unclear,
    "model.asked": asking,
    "request.refused": unusable,
    "task.specified": specified,
    "tests.written": tested,
    "candidate.tried": passed,
    "candidate.refused": refused,
    "candidates.compared": compared,
    "question.kept": lambda facts: f"{OPEN} question {facts['id']} is kept: kowal answer {facts['id']}",
    "calls.replayed": replayed,
    "function.twin": twin,
    "function.near": near,
    "function.approved": approved,
    "function.promoted": promoted,
    "function.canary": lambda facts: (
        f"{DONE} on trial  {facts['name']} {facts['version']}   until its calls have shown that it is reliable"
    ),
    "function.quarantined": quarantined,
    "function.stays": lambda facts: (
        f"{TRIED} {facts['name']} {facts['version']} stays {facts['status']} for now: {escape(facts['error'])}"
    ),
    "canary.failed": lambda facts: (
        f"{TRIED} canary    {facts['name']} {facts['version']} failed, so {facts['instead']} answers: "
        + escape(facts["why"])
    ),
    "function.waits": lambda facts: (
        f"{NONE} waits for a person: kowal functions promote {facts['name']} {facts['version']}"
    ),
    "run.finished": ran,
    "host.refused": barred,
}
"""What each event looks like; the others are for logs."""
