"""What people say to waiting tasks, with a real registry, database and queue: who may, and what is written down."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from agent.arguments import bind
from agent.errors import BadArguments, BadTask, BudgetExceeded, NotGranted, NotPermitted, TaskNotDone, Unclear
from agent.permission import Permission
from agent.questions import Said
from agent.rights.approval import Approval
from agent.rights.grants import parse
from agent.signing import Signing
from agent.types import Task
from agent.workflow.desk import Asked, Desk, TaskHandle
from agent.workflow.endings import ending_of
from agent.workflow.kept import error_read, error_written
from agent.workflow.people import People
from agent.workflow.queue import Queue
from agent.workflow.standing import approval_of, how_to_answer
from agent.workflow.turns import Wanted
from registry import (
    AlreadyAnswered,
    Function,
    InvalidTransition,
    Manifest,
    Operations,
    QuestionRecord,
    Registry,
    Status,
    TaskRecord,
    TaskState,
    UnknownFunction,
    Version,
)

GRANT = "http GET api.example.org"
TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


@dataclass(frozen=True, kw_only=True)
class Hall:
    """A registry and a queue without workers, and people who speak."""

    people: People
    operations: Operations
    registry: Registry

    @property
    def desk(self) -> Desk:
        """Where tasks are handed in."""
        return self.people.desk

    def waiting(self, error: Exception, text: str = "do it", by: str = "ann") -> TaskRecord:
        """A task whose first turn ended with that error."""
        task = self.desk.submit(Wanted(task=Task(text=text, arguments={"n": 1})), Asked(by=by, via="test"))
        ending = ending_of(error, task)
        values = {"state": ending.state, "reason": ending.reason, "error": ending.error, "waits_for": ending.waits_for}
        assert self.desk.tasks.move(task, values)
        return self.desk.tasks.task(task.id)

    def version(self, name: str = "fetch", *grants: str) -> Version:
        """A version that asks for rights, approved and not signed."""
        manifest = Manifest(name=name, description="Fetches.", input_schema=TEXT, grants=grants or (GRANT,))
        source = f"async def {name}(text: str) -> str:\n    return text\n"
        self.registry.add_candidate(Function(manifest=manifest, source=source, tests="# none\n"), {})
        return self.registry.approve(name, by="test")

    def ungranted(self, version: Version) -> Exception:
        """The error of a run that nobody has granted."""
        with pytest.raises(NotGranted) as caught:
            Approval(registry=self.registry).refuse_ungranted(version)
        return caught.value

    def written(self, task: TaskRecord) -> list[tuple[str, str, str]]:
        """Who did what about the task by the audit, oldest first."""
        return [(row.actor, row.action, row.outcome) for row in reversed(self.operations.audit(run=task.id))]


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Any]:
    """Makes a hall; one a test."""
    registry = Registry.create(tmp_path / "registry.git")
    operations = Operations.open(tmp_path / "operations.sqlite")
    queue = Queue(operations)

    def make(*approvers: str) -> Hall:
        may = Permission(approvers=approvers)
        desk = Desk(tasks=operations.tasks, queue=queue, may=may)
        signing = Signing(registry=registry, allowed=(), may=may)
        people = People(desk=desk, operations=operations, signing=signing)
        return Hall(people=people, operations=operations, registry=registry)

    yield make
    queue.close()
    operations.close()
    registry.close()


def test_an_approval_signs_for_what_was_shown_and_goes_on(hall: Any) -> None:
    """That version is in production, every task that waits for it is queued, and it is written down who signed."""
    place = hall()
    version = place.version()
    first, second = (place.waiting(place.ungranted(version)) for _ in range(2))
    assert first.waits_for == approval_of(version)
    assert "kowal tasks approve" in how_to_answer(first)
    with pytest.raises(NotGranted) as refused:
        place.people.approve(first, by="bob", signed=False)
    assert refused.value.facts["findings"] == [GRANT]
    assert place.registry.get("fetch", "1.0.0").status is Status.APPROVED
    assert place.people.approve(first, by="bob", signed=True).status is Status.PRODUCTION
    for task in (first, second):
        now = place.desk.tasks.task(task.id)
        assert (now.state, now.turn, now.known) == (TaskState.QUEUED, 2, {"approved": ["fetch", "1.0.0"]})
        assert place.written(task) == [("ann", "task.asked", "allowed"), ("bob", "task.approved", "allowed")]
    assert place.registry.history("fetch")[-1].by == "bob"
    signed = place.operations.audit("fetch")
    assert {(row.actor, row.version, row.digest) for row in signed} == {("bob", "1.0.0", version.digest)}
    with pytest.raises(BadTask, match="does not wait for this"):
        place.people.approve(place.desk.tasks.task(first.id), by="bob", signed=True)


def test_an_approval_is_bound_to_the_digest(hall: Any) -> None:
    """Nothing is signed where the registry holds another function under that version, or keeps it from running."""
    place = hall()
    version = place.version()
    error = place.ungranted(version)
    error.facts["digest"] = "0" * 64  # type: ignore[attr-defined]
    with pytest.raises(InvalidTransition, match="digest"):
        place.people.approve(place.waiting(error), by="bob", signed=True)
    assert place.registry.get("fetch", "1.0.0").status is Status.APPROVED
    task = place.waiting(place.ungranted(version))
    place.registry.quarantine("fetch", by="eve", reason="no", version="1.0.0")
    with pytest.raises(InvalidTransition, match="quarantined"):
        place.people.approve(task, by="bob", signed=True)
    assert place.desk.tasks.task(task.id).state is TaskState.WAITING


def test_a_budget_that_is_used_up_is_had_once_more(hall: Any) -> None:
    """By those whom the settings name, never by who asked alone; as often as it is said; the audit says who."""
    place = hall("bob")
    error = error_read(error_written(BudgetExceeded("too much", budget="task", asks=True)))  # as a kept step raises it
    task = place.waiting(error)
    assert (task.waits_for, task.state) == ("budget:task", TaskState.WAITING)
    assert f"kowal tasks approve {task.id[:8]}` allows once more as much" in how_to_answer(task)
    with pytest.raises(NotPermitted):
        place.people.allow(task, by="ann")
    on = place.people.allow(task, by="bob")
    assert (on.state, on.turn, on.known) == (TaskState.QUEUED, 2, {"budgets": {"task": 1}})
    assert place.desk.tasks.move(on, {"state": TaskState.WAITING, "waits_for": "budget:task"})
    assert place.people.allow(place.desk.tasks.task(task.id), by="bob").known == {"budgets": {"task": 2}}
    assert place.written(task)[-1] == ("bob", "task.approved", "allowed")
    with pytest.raises(BadTask, match="does not wait for this"):
        place.people.allow(place.desk.tasks.task(task.id), by="bob")
    other = place.waiting(error)
    assert place.people.reject(other, by="bob", reason="dear").state is TaskState.FAILED
    assert ending_of(BudgetExceeded("too much", budget="task", asks=False), task).state is TaskState.FAILED


def test_a_long_name_fits_what_is_waited_for(hall: Any) -> None:
    """A name of 64 characters with version and digest is kept whole, so that the approval finds its task."""
    place = hall()
    version = place.version("f" * 64)
    task = place.waiting(place.ungranted(version))
    place.people.approve(task, by="bob", signed=True)
    assert place.desk.tasks.task(task.id).state is TaskState.QUEUED
    assert len(approval_of(version)) <= 200  # what the column holds on Postgres


def test_a_no_ends_the_task_with_who_and_why(hall: Any) -> None:
    """Whoever asked sees it; the version stays as it is, and nobody's word counts afterwards."""
    place = hall()
    version = place.version()
    task = place.waiting(place.ungranted(version))
    over = place.people.reject(task, by="bob", reason="we do not talk to them")
    assert (over.state, over.reason) == (TaskState.FAILED, "bob rejected `fetch` 1.0.0: we do not talk to them")
    with pytest.raises(NotGranted, match="we do not talk to them"):
        TaskHandle(desk=place.desk, id=task.id, by="ann").result()
    assert place.written(task)[-1] == ("bob", "task.rejected", "allowed")
    assert [event.action for event in place.desk.tasks.events(task.id)][-1] == "task.failed"
    assert place.registry.get("fetch", "1.0.0").status is Status.APPROVED
    with pytest.raises(BadTask, match="does not wait"):
        place.people.reject(over, by="bob")
    with pytest.raises(BadTask, match="does not wait"):
        place.people.approve(over, by="bob", signed=True)


def test_only_those_whom_the_settings_name_may(hall: Any) -> None:
    """Others get a typed error; that they tried is told and written down. Their own task they may cancel."""
    place = hall("bob", "eve")
    version = place.version()
    task = place.waiting(place.ungranted(version))
    for attempt in (
        lambda: place.people.approve(task, by="ann", signed=True),
        lambda: place.people.reject(task, by="ann"),
        lambda: place.desk.cancel(task, by="joe"),
        lambda: place.desk.retry(task, by="joe"),
        lambda: place.desk.tell(task, {"approved": ["fetch", "1.0.0"]}, by="ann"),
        lambda: place.people.signing.promote("fetch", "1.0.0", by="ann", signed=True),
    ):
        with pytest.raises(NotPermitted, match="by bob or eve here, and not by") as refused:
            attempt()
        assert refused.value.exit_code == 6
    now = place.desk.tasks.task(task.id)
    assert (now.state, now.turn) == (TaskState.WAITING, 1)
    assert place.registry.get("fetch", "1.0.0").status is Status.APPROVED
    tried = place.written(task)[1:]
    assert {(who, outcome) for who, _, outcome in tried} == {("ann", "refused"), ("joe", "refused")}
    assert len(tried) == 5
    assert [event.action for event in place.desk.tasks.events(task.id)].count("task.denied") == 5
    assert place.desk.cancel(task, by="ann").state is TaskState.CANCELLED
    assert place.desk.retry(task, by="eve").state is TaskState.QUEUED


def test_which_is_meant_is_one_of_those_that_may_be(hall: Any) -> None:
    """Any other name is refused, since an unknown one would have a function made; `none` has one made."""
    place = hall()
    unclear = Unclear("Did you mean `a` or `b`?", options=[{"name": "a"}, {"name": "b"}])
    first, second = place.waiting(unclear), place.waiting(unclear)
    assert "`a`, `b`, or `none`" in how_to_answer(first)
    with pytest.raises(BadTask, match="none of those that may be meant: a, b, none"):
        place.people.choose(first, "c", by="ann")
    assert place.people.choose(first, "b", by="ann").known == {"which": "b"}
    assert place.people.choose(second, "none", by="ann").known == {"which": ""}
    with pytest.raises(BadTask, match="does not wait"):
        place.people.give(first, {"text": "x"}, by="ann")


def test_missing_arguments_are_given_all_and_may_be_mended(hall: Any) -> None:
    """Those that are lacking are named; a value that does not fit is asked for again, what was given before is kept."""
    place = hall()
    manifest = Manifest(
        name="f", description="F.", input_schema={"type": "object", "properties": {"a": {"type": "string"},
        "n": {"type": "integer"}}, "required": ["a", "n"]},
    )  # fmt: skip
    with pytest.raises(BadArguments) as missing:
        bind(manifest, {})
    task = place.waiting(missing.value)
    assert "-a a=VALUE -a n=VALUE" in how_to_answer(task)
    with pytest.raises(BadTask, match="needs n as well"):
        place.people.give(task, {"a": "x"}, by="ann")
    told = place.people.give(task, {"a": "x", "n": "many"}, by="ann")
    with pytest.raises(BadArguments) as misfit:
        bind(manifest, told.known["arguments"])
    again = ending_of(misfit.value, told)
    assert (again.state, again.waits_for) == (TaskState.WAITING, "arguments")
    assert place.desk.tasks.move(told, {"state": again.state, "waits_for": again.waits_for, "error": again.error})
    told = place.people.give(place.desk.tasks.task(task.id), {"n": "3"}, by="ann")
    assert (told.turn, told.known["arguments"]) == (3, {"a": "x", "n": "3"})


def test_a_question_has_one_answer_and_it_is_not_lost(hall: Any) -> None:
    """The answer is kept with who gave it; where they were stopped before the task went on, it goes on with theirs."""
    place = hall()
    specification = {
        "name": "f", "description": "F.", "signature": "def f(text: str) -> int", "parameters": {"text": "It."},
        "ensures": ["x"], "aliases": ["f"], "examples": [{"in": {"text": "a"}, "out": 1}],
    }  # fmt: skip
    number = place.operations.ask(
        QuestionRecord(
            task_id="t", task="do it", function="f", arguments={"text": "y"},
            choices=[{"said": {"value": 1, "raises": False}, "candidates": [1]}],
            state={"brief": {"specification": specification}}, created_at=place.waiting(Unclear("x")).created_at,
        )
    )  # fmt: skip
    first, second = (waits_for_question(place, number) for _ in range(2))
    with pytest.raises(BadTask, match="must be"):
        place.people.decide(first, Said(value="no number"), by="ann")
    assert place.people.decide(first, Said(value=2), by="bob").known == {"question": number}
    assert place.operations.question(number).answered_by == "bob"
    assert place.people.decide(second, Said(raises=True), by="eve").state is TaskState.QUEUED
    assert place.operations.question(number).answer == {"out": 2}
    with pytest.raises(AlreadyAnswered):
        place.operations.answer_question(number, {"raises": True}, "eve")


def waits_for_question(place: Hall, number: int) -> TaskRecord:
    """A task that waits for the answer."""
    task = place.waiting(Unclear("x"))
    assert place.desk.tasks.move(task, {"waits_for": f"question:{number}"})
    return place.desk.tasks.task(task.id)


def test_a_result_says_what_is_waited_for(hall: Any) -> None:
    """Without a time it does not hang on a person: it says what is needed, and how; with one it waits that long."""
    place = hall()
    task = place.waiting(place.ungranted(place.version()))
    handle = TaskHandle(desk=place.desk, id=task.id, by="ann")
    with pytest.raises(TaskNotDone, match="asks for rights that nobody has granted") as waits:
        handle.result()
    assert (waits.value.exit_code, waits.value.facts["state"]) == (10, "waiting")
    assert f"kowal tasks approve {task.id[:8]}" in waits.value.advice
    with pytest.raises(TimeoutError, match=f"kowal tasks approve {task.id[:8]}"):
        handle.result(timeout_s=0.1)


def test_what_is_tried_again_ends_again(hall: Any) -> None:
    """The second end is told like the first, so that nobody who follows waits for ever."""
    place = hall()
    task = place.waiting(Unclear("x"))
    handle = TaskHandle(desk=place.desk, id=task.id, by="ann")
    for _ in range(2):
        handle.cancel()
        place.desk.retry(handle.record, by="ann")
    handle.cancel()
    told = [event.action for event in handle.events()]
    assert told.count("task.cancelled") == 3
    assert told[-1] == "task.cancelled"
    assert [action for _, action, _ in place.written(task)].count("task.retried") == 2


@pytest.mark.parametrize(
    ("wish", "asked", "message"),
    [
        (Task(text=" "), {}, "empty"),
        (Task(text="x", arguments={"n": float("nan")}), {}, "JSON has no form"),
        (Task(text="x", positional=(object(),)), {}, "no JSON form"),
        (Task(text="x"), {"priority": 1000}, "between -999 and 999"),
    ],
)
def test_what_cannot_be_kept_is_refused_at_once(hall: Any, wish: Task, asked: dict[str, Any], message: str) -> None:
    """Whoever hands it in hears it, and nothing is on the queue."""
    place = hall()
    with pytest.raises(BadTask, match=message):
        place.desk.submit(Wanted(task=wish), Asked(by="ann", via="test", **asked))
    assert place.desk.tasks.tasks() == []


def test_what_the_task_asks_for_and_is_not_there_ends_it(hall: Any) -> None:
    """A function of that name that is not registered is no fault around the task: it is not tried for ever."""
    place = hall()
    with pytest.raises(UnknownFunction) as unknown:
        place.registry.get("nowhere")
    task = place.waiting(Unclear("x"))
    assert ending_of(unknown.value, task).state is TaskState.FAILED


def test_a_permission_covers_what_the_policy_grants_beforehand(hall: Any) -> None:
    """Where the operator allows the grant since, nothing is left to sign, and the approval needs no `signed`."""
    place = hall()
    task = place.waiting(place.ungranted(place.version()))
    people = replace(place.people, signing=replace(place.people.signing, allowed=(parse(GRANT),)))
    assert people.approve(task, by="bob", signed=False).status is Status.PRODUCTION
