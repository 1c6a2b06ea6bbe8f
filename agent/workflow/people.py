"""What people say to tasks that wait for them: an answer, a signature, a no. Each has the task go on, or end."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from agent.composition import callers_of
from agent.errors import BadTask, KowalError, NotGranted, TaskNotDone
from agent.making.doubts import interface_of, refuse_misfit
from agent.permission import Deed, Permission
from agent.questions import Said
from agent.signing import Signing
from agent.types import Task
from agent.workflow.desk import Asked, Desk, overtaken
from agent.workflow.kept import error_written
from agent.workflow.standing import (
    Wait,
    approval_wait,
    awaiting,
    how_to_answer,
    missing_of,
    options_of,
    short_id,
    standing,
    wait_of,
    waiting_for,
)
from agent.workflow.turns import Wanted
from registry import InvalidTransition, Operations, QuestionRecord, Status, TaskRecord, TaskState, Version

NONE = "none"
"""How somebody says that none of the functions is meant."""


@dataclass(frozen=True, kw_only=True)
class People:
    """Takes people's words. Each raises `NotPermitted`, and `BadTask` where the task does not wait for such a word."""

    desk: Desk
    operations: Operations
    signing: Signing

    def close(self) -> None:
        """Release the databases and the registry. Idempotent."""
        self.desk.close()
        self.operations.close()
        self.signing.registry.close()

    def under(self, may: Permission) -> "People":
        """The same, by another word on who may speak."""
        return replace(self, desk=replace(self.desk, may=may), signing=replace(self.signing, may=may))

    def question(self, task: TaskRecord) -> QuestionRecord:
        """The question that the task waits for."""
        return self.operations.question(waits_for(task, "question").question)

    def decide(self, task: TaskRecord, said: Said, *, by: str) -> TaskRecord:
        """Answer the question that the candidates left open.

        Raises `AlreadyAnswered`. Where somebody answered and was stopped before the task went on, it goes on with
        their answer.
        """
        question, number = self.question(task), wait_of(task).question
        self.desk.refuse(Deed.ANSWER, task, by)
        if question.answer is None:
            refuse_misfit(said, interface_of(question).output_schema)
            answer = {"raises": True} if said.raises else {"out": said.value}
            self.operations.answer_question(number, answer, by)
        return self.desk.tell(task, {"question": number}, by=by)

    def choose(self, task: TaskRecord, name: str, *, by: str) -> TaskRecord:
        """Say which function is meant; `none` for none of those that may be, so that one is made."""
        waits_for(task, "which")
        options = options_of(task)
        if name not in (*options, NONE):
            there = ", ".join((*options, NONE))
            raise BadTask(f"{name!r} is none of those that may be meant: {there}", advice=how_to_answer(task))
        return self.desk.tell(task, {"which": "" if name == NONE else name}, by=by)

    def give(self, task: TaskRecord, arguments: Mapping[str, Any], *, by: str, from_files: bool = False) -> TaskRecord:
        """Give arguments that are missing; with `from_files` the task's files are among them."""
        waits_for(task, "arguments")
        left = [name for name in missing_of(task) if name not in arguments]
        if left:
            raise BadTask(f"The task needs {', '.join(left)} as well", advice=how_to_answer(task))
        known: dict[str, Any] = {"arguments": {**task.known.get("arguments", {}), **arguments}}
        if from_files:
            known["files_are_among_them"] = True
        return self.desk.tell(task, known, by=by)

    def awaited(self, task: TaskRecord) -> Version:
        """The version that the task waits to have approved.

        Raises `InvalidTransition` where it is not the one that it was when the task began to wait, or may not run.
        """
        name, number, digest = waits_for(task, "approval").version
        found = self.signing.registry.get(name, number or digest)
        if found.digest != digest:
            was, now = digest[:12], found.digest[:12]
            raise InvalidTransition(f"`{name}` {number} is not what the task waits for: its digest is {now}, not {was}")
        if found.status is Status.QUARANTINED:
            raise InvalidTransition(f"`{name}` {found.label} is quarantined since the task began to wait for it")
        return found

    def approve(self, task: TaskRecord, *, by: str, signed: bool) -> Version:
        """The version that the task waits for, in production; all tasks that wait for it go on.

        `signed` says that the person has seen what it may reach, and grants it. Raises `NotGranted` without, and what
        `awaited` and `Signing.promote` raise.
        """
        wanted = self.awaited(task)
        self.desk.refuse(Deed.APPROVE, task, by)
        self.signing.refuse_candidate(wanted)
        asks = self.signing.asks(wanted)
        if asks and not signed:
            raise NotGranted(
                f"`{wanted.name}` {wanted.version} asks for rights that nobody has granted",
                kept="The task waits on.",
                advice=f"`kowal tasks approve {short_id(task)} --grant` signs for this list.",
                findings=list(asks),
            )
        promoted = self.signing.promote(wanted.name, wanted.version, by=by, signed=signed)
        if not any(each.id == task.id for each in self.approved(promoted, by=by)):
            raise overtaken(self.desk.tasks.task(task.id))
        return promoted

    def allow(self, task: TaskRecord, *, by: str) -> TaskRecord:
        """Let the task that a budget holds up spend once more as much; it goes on."""
        kind, allowed = waits_for(task, "budget").subject, task.known.get("budgets", {})
        return self.desk.tell(task, {"budgets": {**allowed, kind: allowed.get(kind, 0) + 1}}, by=by)

    def approved(self, version: Version, *, by: str) -> Sequence[TaskRecord]:
        """The tasks that waited for this version, which go on; those that it was a candidate for are among them."""
        going, known = [], {"approved": [version.name, version.version]}
        for task in awaiting(self.desk.tasks, version):
            with suppress(BadTask):  # it was cancelled, or somebody else was first
                going.append(self.desk.tell(task, known, by=by))
        return going

    def refused(self, name: str, digest: str, *, by: str, reason: str) -> Sequence[TaskRecord]:
        """The tasks that waited for that candidate, which end."""
        ended = []
        for task in waiting_for(self.desk.tasks, approval_wait(name, "", digest)):
            with suppress(BadTask):  # it was cancelled, or somebody else was first
                ended.append(self.reject(task, by=by, reason=reason))
        return ended

    def have_callers_follow(self, name: str, *, by: str, via: str, key: str) -> None:
        """Hand in, once for each key, that what calls the function is proven anew; a worker does it."""
        if callers_of(self.signing.registry, name):
            wanted = Wanted(task=Task(text=f"prove anew what calls {name}"), verb="follow", name=name)
            self.desk.submit(wanted, Asked(by=by, via=via, key=key))

    def reject(self, task: TaskRecord, *, by: str, reason: str = "") -> TaskRecord:
        """Say no to what the task waits for: it ends. What was made stays as it is."""
        wait = wait_of(task)
        if task.state is not TaskState.WAITING or not wait.is_for_people:
            raise misplaced(task)
        why = f": {reason}" if reason else ""
        advice = f"Ask {by}, or say the task in another way."
        if wait.kind == "approval":
            name, version, digest = wait.version
            error: KowalError = NotGranted(f"{by} rejected `{name}` {version or digest[:12]}{why}", advice=advice)
        else:
            error = TaskNotDone(f"{by} rejected the task{why}", advice=advice)
        return self.desk.reject(task, error_written(error), by=by)


def waits_for(task: TaskRecord, kind: str) -> Wait:
    """What the task waits for. Raises `BadTask` where it is nothing of that kind."""
    wait = wait_of(task)
    if task.state is not TaskState.WAITING or wait.kind != kind:
        raise misplaced(task)
    return wait


def misplaced(task: TaskRecord) -> BadTask:
    """The error for a word of another kind than the task waits for."""
    advice = how_to_answer(task) or f"`kowal tasks show {short_id(task)}` shows the task."
    return BadTask(f"{standing(task)}, so it does not wait for this", advice=advice)
