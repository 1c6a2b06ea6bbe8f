"""How answers, errors and progress look in a chat. What functions return and people wrote stays data there."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from agent.showing import milliseconds
from agent.talking.marking import file_name, prose, span
from agent.talking.phrases import ERRORS, Language, say
from agent.talking.values import Shown, value_of
from agent.types import Outcome

MOST_LINES = 8
"""Of progress."""
MOST_FINDINGS = 3
MOST_REACHED = 5
MOST_FILES = 10
"""That are named; all are sent."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is said, and the files that go with it."""

    text: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    """By plain name."""


class Happened(Protocol):
    """An `Event`, or one that was kept of a task."""

    @property
    def action(self) -> str:
        """A dotted key."""
        ...

    @property
    def facts(self) -> Mapping[str, Any]:
        """What is known of it."""
        ...


# --- answers


def answer_of(outcome: Outcome, language: Language, verdict: Mapping[str, Any] | None = None) -> Answer:
    """The answer to a task: the value, below it what speaks for it in short; long values and artefacts as files.

    `verdict` is that of the version that ran, where the outcome holds none.
    """
    head = f"**{outcome.function}** {outcome.version}"
    value = value_of(outcome.value, outcome.function, language) if outcome.ran else Shown(text="")
    if not outcome.ran:
        status = say(f"status_{outcome.status}", language)
        lines = [say("made", language, name=outcome.function, version=outcome.version, status=status)]
    else:
        lines = [f"{head} · {value.text}"] if value.is_inline else [head, value.text]
    files = named(value.files, outcome.artefacts)
    lines += [value.note] if value.note else []
    if left := list(files)[len(value.files) :]:
        lines.append(say("left", language, files=listed(left, MOST_FILES)))
    lines.append(evidence_line(outcome, language, outcome.verdict or verdict or {}))
    return Answer(text="\n".join(lines), files=files)


def named(*groups: Mapping[str, bytes]) -> dict[str, bytes]:
    """All files under names that may be sent, no two alike."""
    found = dict[str, bytes]()
    for name, data in (item for group in groups for item in group.items()):
        plain = free = file_name(name)
        count = 2
        while free in found:
            free, count = f"{count}-{plain}", count + 1
        found[free] = data
    return found


def evidence_line(outcome: Outcome, language: Language, verdict: Mapping[str, Any]) -> str:
    """The second line of an answer: what was shown of the function, the time, the cost, and where there is more."""
    evidence = evidence_of(verdict, language)
    parts = [
        say("verified", language, evidence=evidence) if evidence else "",
        say("reached", language, reached=listed(outcome.reached, MOST_REACHED)) if outcome.reached else "",
        took(sum(outcome.seconds.values())),
        money(outcome.cost_eur),
        say("unpriced", language, count=outcome.unpriced) if outcome.unpriced else "",
        say("show_more", language, name=outcome.function),
    ]
    return " · ".join(filter(None, parts))


def listed(names: Sequence[str], most: int) -> str:
    """The first of them as code, and a sign that there are more."""
    return ", ".join(span(name, 100) for name in names[:most]) + (" …" if len(names) > most else "")


def evidence_of(verdict: Mapping[str, Any], language: Language) -> str:
    """What was counted when the function was let in, in a line; empty where it did not pass or nothing was kept."""
    if not verdict.get("passed"):
        return ""
    counted = {row["check"]: row.get("evidence", {}) for row in verdict.get("checks", ())}
    parts = []
    if tests := counted.get("green", {}).get("tests"):
        parts.append(say("tests", language, count=tests))
    mutants = counted.get("mutation", {})
    if judged := mutants.get("killed", 0) + mutants.get("survived", 0):
        parts.append(say("mutants", language, killed=mutants["killed"], judged=judged))
    if (alike := counted.get("agreement", {}).get("alike", 0)) > 1:
        parts.append(say("implementations", language, count=alike))
    if (places := len(verdict.get("validated_on", ()))) > 1:
        parts.append(say("sandboxes", language, count=places))
    return ", ".join(parts)


def took(seconds: float) -> str:
    """A duration without false exactness: `3 ms`, `4.2 s`, `41 s`."""
    if seconds < 1:
        return f"{max(round(seconds * 1000), 1)} ms" if seconds else "0 ms"
    return milliseconds(seconds) if seconds < 10 else f"{seconds:.0f} s"


def money(eur: float) -> str:
    """An amount; what is less than a cent and more than nothing is said to be so."""
    return "< 0.01 €" if 0 < eur < 0.005 else f"{eur:.2f} €"


# --- errors

IN_CHAT: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"`kowal {command}"), words)
    for command, words in (
        (r"functions (?:show|source) (\w+)`", r"`show \1`"),
        (r"functions history (\w+)`", r"`history \1`"),
        (r"functions list`", "`functions`"),
        (r"functions rollback (\w+) ([\d.]+)`", r"`rollback \1 \2`"),
        (r"functions promote \w+(?: [\d.]+)? --grant`", "`approve`"),
        (r"tasks show (\w+)`", r"`status \1`"),
        (r"tasks list`", "`status`"),
        (r"tasks retry \w+` tries it again", "say it again"),
        (r"tasks approve (\w+)(?: --grant)?`", r"`approve \1`"),
        (r"tasks reject (\w+)`", r"`reject \1`"),
    )
)
"""Commands of the terminal that have words in a chat."""
AT_TERMINAL = re.compile(r"\bkowal \w|KOWAL_|--\w| -[a-z] |settings?\b|ollama|pip install|[Rr]epeat the command")
"""What nobody can do in a chat."""
OF_NEIGHBOURS = (
    "Sandbox",
    "Model",
    "Provider",
    "Reply",
    "Route",
    "Channel",
    "Operations",
    "Registry",
    "Settings",
    "Remote",
)
"""What is in the names of errors that only whoever runs Kowal can do something about."""


def error_of(error: Mapping[str, Any], language: Language) -> str:
    """What happened, what was kept, what to do: an error as `agent.workflow.kept.error_written` keeps it."""
    lines = [say("failed", language, message=prose(error["message"]))]
    lines += [f"• {span(finding, 200)}" for finding in error.get("facts", {}).get("findings", ())[:MOST_FINDINGS]]
    if kept := re.sub(r":? ?`?kowal [\w -]+`?", "", error.get("kept", "")).strip():
        lines.append(say("kept", language, kept=prose(kept)))
    lines.append(say("next", language, advice=advice_of(error, language)))
    return "\n".join(lines)


def advice_of(error: Mapping[str, Any], language: Language) -> str:
    """What a person in a chat can do about it: the error's own words where they hold there, else those of its type."""
    own = error.get("advice", "")
    for command, words in IN_CHAT:
        own = command.sub(words, own)
    known = f"advice_{error['type']}"
    if own and not AT_TERMINAL.search(own) and (language == "en" or known not in ERRORS):
        return prose(own)
    if known in ERRORS:
        return say(known, language)
    if error.get("retryable"):
        return say("advice_again", language)
    is_theirs = any(part in error["type"] for part in OF_NEIGHBOURS)
    return say("advice_operator" if is_theirs else "advice", language)


# --- progress

Line = Callable[[Mapping[str, Any], Language], str]


def line(key: str, *names: str) -> Line:
    """What makes a line of a phrase and those of an event's facts that it names."""
    return lambda facts, language: say(key, language, **{name: facts.get(name, "…") for name in names})


def ended(key: str) -> Line:
    """The end of a task, or why it does not go on."""
    return lambda facts, language: say(key, language, reason=prose(str(facts.get("reason") or "…"), 200))


LINES: Mapping[str, tuple[str, Line]] = {
    "task.taken": ("look", line("queued")),
    "task.begun": ("look", line("looking")),
    "match.found": ("look", line("found", "name", "version")),
    "match.none": ("look", line("none_fits")),
    "match.unclear": ("look", line("unclear")),
    "task.specified": (
        "specification",
        lambda facts, language: say("specified", language, signature=span(facts.get("signature", "…"), 200)),
    ),
    "tests.written": ("tests", line("tests_written", "total", "hidden")),
    "candidates.compared": ("agreement", line("agree", "agree", "of")),
    "calls.replayed": ("replay", line("replayed", "calls", "different")),
    "function.twin": ("made", line("twin", "name", "version")),
    "function.approved": ("made", line("let_in", "name", "version")),
    "function.promoted": ("made", line("in_production", "name", "version")),
    "function.canary": ("made", line("on_trial", "name", "version")),
    "function.waits": ("made", line("waits_for_approval", "name", "version")),
    "host.refused": (
        "refused",
        lambda facts, language: say(
            "barred", language, name=facts.get("name", "…"), asked=span(facts.get("asked", "…"), 100)
        ),
    ),
    "run.finished": (
        "run",
        lambda facts, language: say(
            "ran",
            language,
            name=facts.get("name", "…"),
            version=facts.get("version", ""),
            took=took(facts.get("seconds", 0.0)),
        ),
    ),
    "task.queued": ("now", ended("put_off")),
    "task.parked": ("now", ended("put_off")),
    "task.waiting": ("now", line("waiting")),
    "task.goes_on": ("now", line("goes_on")),
    "task.retried": ("now", line("goes_on")),
    "task.stopping": ("now", line("stopping")),
    "task.done": ("now", line("is_done")),
    "task.failed": ("now", line("is_failed")),
    "task.dead": ("now", line("is_failed")),
    "task.cancelled": ("now", line("is_cancelled")),
}
"""For each event that people are told of: which line it is, and how it reads. A later one takes the line over."""
TRIED = {"candidate.tried": True, "candidate.refused": False}
WRITING = {"specification": "specifying", "tests": "writing_tests"}
"""What is written before there are candidates, and how that is said."""


def progress_of(events: Iterable[Happened], language: Language) -> str:
    """How far a task has come, in at most eight lines; the same events give the same text."""
    lines, tried = dict[str, str](), dict[int, bool]()
    for event in events:
        facts, asked_for = event.facts, event.facts.get("what") if event.action == "model.asked" else None
        if event.action in TRIED:
            tried[facts.get("number", 0)] = TRIED[event.action]
        if asked_for in WRITING:
            lines[asked_for] = say(WRITING[asked_for], language)
        elif asked_for or event.action in TRIED:
            counts = {"tried": len(tried), "of": facts.get("of", "…"), "passed": sum(tried.values())}
            lines["candidates"] = say("candidates", language, **counts)
        elif event.action in LINES and facts.get("points", 1) > 0:
            place, words = LINES[event.action]
            if place == "now":
                lines.pop(place, None)  # it is the last line, whenever it came first
            lines[place] = words(facts, language)
    return "\n".join(list(lines.values())[-MOST_LINES:])
