"""What people are told who ask about functions and tasks. Nothing is changed by it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from agent.statistics import CONFIDENCE, lower_bound
from agent.talking.describing import lines_of
from agent.talking.marking import prose, span
from agent.talking.phrases import Language, say
from agent.workflow.standing import short_id, wait_of
from registry import HistoryEntry, Operations, Registry, Status, TaskRecord, TaskState, Version
from registry.terms import terms

MOST_FUNCTIONS = 15
MOST_FOUND = 200
"""Functions that a search counts."""
MOST_HISTORY = 15
MOST_VERSIONS = 10
MOST_TASKS = 15
MOST_TEXT_CHARS = 120
"""Of a description or a task's text in a list."""


@dataclass(frozen=True, kw_only=True)
class Inquiries:
    """Answers from the registry and the operational database. What they raise passes through."""

    registry: Registry
    operations: Operations

    def functions(self, words: str, language: Language) -> str:
        """The functions in production, by name; with words those that a search finds by them, best first."""
        if words:
            found = self.registry.search(terms(words), MOST_FOUND).hits
            rows = [(hit.name, hit.version, hit.description) for hit in found]
        else:
            rows = sorted((each.name, each.version, each.function.manifest.description)
                          for each in self.registry.production())  # fmt: skip
        if not rows:
            return say("no_functions", language)
        lines = [
            f"• `{name}` {version} – {span(does, MOST_TEXT_CHARS)}" for name, version, does in rows[:MOST_FUNCTIONS]
        ]
        more = [say("more", language, count=len(rows) - len(lines))] if len(rows) > len(lines) else []
        return "\n".join([say("functions", language, count=len(rows)), *lines, *more])

    def show(self, name: str, language: Language) -> str:
        """A function: what it is, its versions, who approved it, how its calls went. Raises `UnknownFunction`."""
        version = self.registry.get(name)
        rows = self.registry.history(name)
        status = say(f"status_{version.status}", language)
        number = version.version or version.digest[:12]
        return "\n".join(
            [
                f"**{version.name}** {number} · {status}",
                *lines_of(version, language),
                say("versions", language, text=self._versions_text(name, rows, language)),
                approver_text(rows, version.version, language),
                self._success_text(version, language),
            ]
        )

    def history(self, name: str, language: Language) -> str:
        """What happened to a function, newest first. Raises `UnknownFunction`."""
        rows = self.registry.history(name)[::-1]
        lines = [entry_text(row, language) for row in rows[:MOST_HISTORY]]
        more = [say("older", language, count=len(rows) - len(lines))] if len(rows) > len(lines) else []
        return "\n".join([say("history", language, name=name), *lines, *more])

    def _versions_text(self, name: str, rows: Sequence[HistoryEntry], language: Language) -> str:
        """The newest versions with where each stands now, newest first; what is a candidate has no version yet."""
        numbers = list(dict.fromkeys(row.version for row in reversed(rows) if row.status is not Status.TESTING))
        stand = {number: self.registry.get(name, number).status for number in numbers[:MOST_VERSIONS]}
        told = [f"{number} ({say(f'status_{status}', language)})" for number, status in stand.items()]
        more = [say("and_more", language, count=len(numbers) - len(told))] if len(numbers) > len(told) else []
        return ", ".join([*told, *more]) or "–"

    def _success_text(self, version: Version, language: Language) -> str:
        """How the version's distinct calls went, with the share that is surely reached, rounded down."""
        counts = self.operations.call_counts(version.name, version.digest)
        calls = counts.ok + counts.failed
        if not calls:
            return say("no_calls", language)
        share = math.floor(lower_bound(counts.ok, calls) * 100)
        bound = say("success_bound", language, share=share, sure=round(CONFIDENCE * 100))
        return f"{say('success', language, good=counts.ok, calls=calls)}, {bound}"


def help_of(language: Language) -> str:
    """What can be said."""
    return say("help", language)


def entry_text(row: HistoryEntry, language: Language) -> str:
    """What a version became, when and by whom."""
    note = f" · {span(row.note, MOST_TEXT_CHARS)}" if row.note else ""
    status = say(f"status_{row.status}", language)
    return f"• {row.when:%Y-%m-%d %H:%M} {row.version} {status} · {span(row.by, 60)}{note}"


def approver_text(rows: Sequence[HistoryEntry], version: str, language: Language) -> str:
    """Who let the version in, and when: whoever moved it furthest."""
    moved = [row for row in rows if row.version == version]
    signed = [row for status in (Status.PRODUCTION, Status.CANARY, Status.APPROVED) for row in moved
              if row.status is status]  # fmt: skip
    if not signed:
        return say("nobody_approved", language)
    return say("approved_by", language, by=span(signed[0].by, 60), when=f"{signed[0].when:%Y-%m-%d %H:%M}")


def status_of(tasks: Sequence[TaskRecord], language: Language) -> str:
    """A person's open tasks, in the order given."""
    if not tasks:
        return say("no_tasks", language)
    lines = [f"• `{short_id(task)}` {standing_text(task, language)} – {span(task.text, MOST_TEXT_CHARS)}"
             for task in tasks[:MOST_TASKS]]  # fmt: skip
    more = [say("and_more", language, count=len(tasks) - len(lines))] if len(tasks) > len(lines) else []
    return "\n".join([say("tasks", language), *lines, *more])


def task_of(task: TaskRecord, language: Language) -> str:
    """One task: how far it has come, what was asked, and why it stands there."""
    when = f"{task.created_at:%Y-%m-%d %H:%M}"
    lines = [
        say("task", language, task=f"`{short_id(task)}`", state=standing_text(task, language)),
        say("task_asked", language, when=when, text=span(task.text, 500)),
    ]
    return "\n".join([*lines, *([prose(task.reason, 300)] if task.reason else [])])


def standing_text(task: TaskRecord, language: Language) -> str:
    """How far it has come, and what it waits for."""
    state = say(f"state_{task.state}", language)
    kind = wait_of(task).kind if task.state is TaskState.WAITING else ""
    return f"{state} {say(f'waits_{kind}', language)}" if kind else state
