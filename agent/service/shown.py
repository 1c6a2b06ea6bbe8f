"""Records as programs see them."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from agent.service.views import (
    ChoiceView,
    ErrorView,
    EventView,
    FunctionSummary,
    OutcomeView,
    QuestionView,
    SignatureView,
    TaskSummary,
    TaskView,
    VersionEntry,
    WaitView,
)
from agent.types import Outcome
from agent.workflow.kept import read
from agent.workflow.standing import Wait, how_to_answer, missing_of, options_of, wait_of
from registry import HistoryEntry, Listing, QuestionRecord, TaskEvent, TaskRecord, TaskState, Version


def summary_of(task: TaskRecord) -> TaskSummary:
    """The task in a list."""
    return TaskSummary(**summary_fields(task))


def summary_fields(task: TaskRecord) -> dict[str, Any]:
    """What lists show of a task."""
    names = ("id", "text", "reason", "asked_by", "via", "queue", "priority", "created_at", "started_at", "ended_at")
    fields = {name: getattr(task, name) for name in (*names, "deadline")}
    asked = {"verb": task.request.get("verb", "execute"), "name": task.request.get("name", "")}
    return fields | asked | {"state": task.state.value}


def task_of(task: TaskRecord, question: QuestionRecord | None, asks: tuple[str, ...]) -> TaskView:
    """The task, whole; with the question that it waits for, and what its version asks for that is to be signed."""
    wait = wait_of(task)
    waits = task.state is TaskState.WAITING and wait.kind
    return TaskView(
        **summary_fields(task),
        waits_for=wait_view(task, wait, question, asks) if waits else None,
        expires_at=task.expires_at if waits else None,
        outcome=outcome_view(read(Outcome, task.outcome)) if task.outcome else None,
        error=ErrorView.model_validate(task.error) if task.error else None,
    )


def wait_view(task: TaskRecord, wait: Wait, question: QuestionRecord | None, asks: tuple[str, ...]) -> WaitView:
    """What the task waits for."""
    signature = None
    if wait.kind == "approval":
        name, version, digest = wait.version
        signature = SignatureView(function=name, version=version, digest=digest, asks=asks)
    return WaitView.model_validate(
        {
            "kind": wait.kind,
            "next": how_to_answer(task),
            "question": question_view(question) if question else None,
            "options": options_of(task) if wait.kind == "which" else (),
            "missing": missing_of(task) if wait.kind == "arguments" else (),
            "signature": signature,
            "budget": wait.subject if wait.kind == "budget" else "",
        }
    )


def question_view(record: QuestionRecord) -> QuestionView:
    """The question."""
    choices = tuple(ChoiceView.model_validate(choice["said"]) for choice in record.choices)
    return QuestionView(
        number=record.id or 0, function=record.function, arguments=dict(record.arguments), choices=choices
    )


def outcome_view(outcome: Outcome) -> OutcomeView:
    """The answer, with the size of each file instead of the file."""
    facts = {name: getattr(outcome, name) for name in OutcomeView.model_fields}
    return OutcomeView.model_validate(facts | {"artefacts": sizes(outcome.artefacts)})


def sizes(files: Mapping[str, bytes]) -> dict[str, int]:
    """Bytes of each file."""
    return {name: len(data) for name, data in files.items()}


def event_of(event: TaskEvent) -> EventView:
    """The event."""
    return EventView(id=event.id or 0, action=event.action, at=event.at, facts=dict(event.facts))


def listing_of(listing: Listing) -> FunctionSummary:
    """The function in a list."""
    return FunctionSummary.model_validate(asdict(listing) | {"status": listing.status.value})


def version_fields(version: Version) -> dict[str, Any]:
    """What is said of every version."""
    return {
        "name": version.name,
        "version": version.version,
        "status": version.status.value,
        "description": version.function.manifest.description,
        "commit": version.commit,
        "digest": version.digest,
    }


def entry_of(entry: HistoryEntry) -> VersionEntry:
    """What happened to a version."""
    return VersionEntry.model_validate(asdict(entry) | {"status": entry.status.value})
