"""What Kowal says in a chat of a task, a version, an error: the facts gathered, the words from `phrases.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agent.making.doubts import as_asked
from agent.signing import Signing
from agent.talking.asking import Wish, approval_of, missing_of, question_of, which_of
from agent.talking.commands import Command
from agent.talking.filling import wrong_or_missing
from agent.talking.inquiries import Inquiries, help_of
from agent.talking.layout import Answer, Happened, answer_of, error_of, progress_of
from agent.talking.marking import prose, span
from agent.talking.phrases import Language, language_named, say
from agent.types import Outcome
from agent.workflow.kept import error_written
from agent.workflow.standing import facts_of, options_of, short_id, wait_of
from agent.workflow.standing import missing_of as names_missing
from registry import (
    Operations,
    Registry,
    TaskEvent,
    TaskRecord,
    TaskState,
    UnknownFunction,
    UnknownVersion,
    Version,
)
from registry.chats import Petition

NOTICES = {
    "function.promoted": "in_production",
    "function.canary": "on_trial",
    "function.waits": "waits_for_approval",
    "function.quarantined": "taken_out",
}
"""How a room is told of each."""
CLOSED = {"granted": "approved", "denied": "rejected", "expired": "expired", "settled": "overtaken"}
"""What is added to a petition that is closed."""


@dataclass(frozen=True, kw_only=True)
class Speech:
    """Says things. What the registry and the database raise passes through."""

    registry: Registry
    operations: Operations
    signing: Signing

    @property
    def inquiries(self) -> Inquiries:
        """Answers about functions and tasks."""
        return Inquiries(registry=self.registry, operations=self.operations)

    def inquiry(self, command: Command) -> str:
        """What is said to a command that changes nothing."""
        match command.kind:
            case "functions":
                return self.inquiries.functions(command.text, command.language)
            case "show":
                return self.inquiries.show(command.name, command.language)
            case "history":
                return self.inquiries.history(command.name, command.language)
        return help_of(command.language)

    def answer(self, outcome: Outcome, evidence: Mapping[str, Any], language: Language) -> Answer:
        """The answer to a task; `evidence` is that of the version that gave it."""
        return answer_of(outcome, language, evidence.get("verdict"))

    def failed(self, task: TaskRecord, language: Language) -> str:
        """What became of a task that gave nothing."""
        if task.error is not None and task.state is TaskState.FAILED:
            return error_of({**task.error, "message": task.reason or task.error["message"]}, language)
        state = say(f"state_{task.state}", language)
        why = f": {prose(task.reason)}" if task.reason else ""
        return say("task", language, task=f"`{short_id(task)}`", state=state + why)

    def error(self, error: Exception, language: Language) -> str:
        """An error, in three parts."""
        return error_of(error_written(error), language)

    def broken(self, error: Exception, language: Language) -> str:
        """A fault of Kowal's own."""
        failed = say("failed", language, message=f"Kowal itself failed: {type(error).__name__}")
        return f"{failed}\n{say('next', language, advice=say('advice_operator', language))}"

    def progress(self, events: Sequence[Happened], language: Language) -> str:
        """How far a task has come."""
        return progress_of(events, language) or say("looking", language)

    def asks(self, task: TaskRecord, language: Language) -> str:
        """What a task that waits asks for."""
        wait = wait_of(task)
        match wait.kind:
            case "question":
                return question_of(as_asked(self.operations.question(wait.question)), language)
            case "which":
                return which_of({name: self._does(name) for name in options_of(task)}, language)
            case "arguments":
                return self._missing(task, language)
            case "budget":
                return say("budget", language, kind=wait.subject, days=days_until(task.expires_at))
        return ""

    def not_understood(self, task: TaskRecord, language: Language) -> str:
        """That a reply is no answer, and how to answer."""
        return f"{say('no_answer', language)}\n{self.asks(task, language)}"

    def petition(self, petition: Petition, version: Version) -> Answer:
        """What whoever signs is shown."""
        before = self.registry.find(version.name)
        wish = Wish(
            version=version,
            kind=petition.kind,
            asks=self.signing.asks(version),
            before=before if before and before.digest != version.digest else None,
            differences=self.operations.differences(version),
            days=days_until(petition.expires_at),
        )
        return approval_of(wish, language_named(petition.language))

    def decided(self, petition: Petition, text: str) -> str:
        """The petition's text, and below it what came of it."""
        facts = {"by": span(petition.decided_by), "name": petition.function, "version": petition.version}
        return f"{text}\n{say(CLOSED[petition.state], language_named(petition.language), **facts)}"

    def notice(self, language: Language, event: TaskEvent) -> str:
        """That a task promoted a function, or took one out of use."""
        facts = event.facts
        said = say(NOTICES[event.action], language, name=facts.get("name", "…"), version=facts.get("version", ""))
        return f"{said} · {say('of_task', language, task=f'`{event.task_id[:8]}`')}"

    def _missing(self, task: TaskRecord, language: Language) -> str:
        """What is missing, or what was wrong with what was given."""
        version = self._version(str(facts_of(task).get("function", "")))
        schema = version.function.manifest.input_schema if version else {}
        asked = missing_of(wrong_or_missing(task), schema, language)
        return asked if names_missing(task) else f"{prose(task.reason)}\n{asked}"

    def _does(self, name: str) -> str:
        version = self._version(name)
        return version.function.manifest.description if version else ""

    def _version(self, name: str) -> Version | None:
        """The version in production; None where there is none."""
        try:
            return self.registry.get(name) if name else None
        except (UnknownFunction, UnknownVersion):
            return None


def days_until(moment: datetime | None) -> int:
    """Days until then, at least one."""
    return max(1, round((moment - datetime.now(UTC)).total_seconds() / 86_400)) if moment else 7
