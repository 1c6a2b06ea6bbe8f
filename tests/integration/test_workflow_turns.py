"""Tasks on the queue, with a real sandbox, registry and database: answered, waiting, put off, cancelled, taken over."""

import dataclasses
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from agent.errors import BadTask, ModelTimedOut, ProviderUnavailable, TaskNotDone
from agent.loop import Found
from agent.ports import Constraints, Purpose
from agent.routing.budgets import Budgets, Limit
from agent.routing.ledger import KeptLedger
from agent.routing.speeds import KeptSpeeds
from agent.source.signature import read_signature
from agent.types import Task, ignore
from agent.workflow.desk import Asked, Desk, TaskHandle
from agent.workflow.execution import Execution, executing
from agent.workflow.kept import error_read, error_written, read, written
from agent.workflow.liveness import FileLocks
from agent.workflow.queue import Queue
from agent.workflow.turns import KeptSteps, Turns, Wanted
from agent.workflow.worker import Limits, Worker, worker_name
from registry import Function, Manifest, TaskRecord, TaskState, UnknownTask

VOWELS = '''```python
def count_vowels(text: str) -> int:
    """Count the vowels in a text."""
    return sum(letter in "aeiou" for letter in text.lower())
```
'''
LIMITS = Limits(a_worker=2, a_person=2, together=None, poll_s=0.02, drain_s=0.0, losses=3, keep_days=1.0)
COUNT = Wanted(task=Task(text="count the vowels in a text", arguments={"text": "Adele"}))
SLUG = Wanted(task=Task(text="slugify a text", arguments={"text": "Ala ma kota"}))
ME = Asked(by="me", via="test")


@dataclass(frozen=True, kw_only=True)
class Office:
    """A workshop with a queue, and workers that come and go."""

    shop: Any
    desk: Desk
    folder: Path

    def worker(self, queues: Sequence[str] = ("tasks",), **limits: Any) -> Worker:
        """A worker, not at work yet."""
        turns = Turns(
            agent=self.shop.agent, tasks=self.desk.tasks, queue=self.desk.queue, worker=worker_name("w"), wait_days=1.0
        )
        return Worker(
            turns=turns,
            liveness=FileLocks(self.folder / "workers"),
            limits=dataclasses.replace(LIMITS, **limits),
            queues=queues,
            tell=print,
        )

    def submit(self, wanted: Wanted, asked: Asked = ME) -> TaskHandle:
        """A task on the queue."""
        return TaskHandle(desk=self.desk, id=self.desk.submit(wanted, asked).id, by="me")

    def stands(self, handle: TaskHandle, *states: TaskState, seconds: float = 60.0, turn: int = 1) -> TaskRecord:
        """The task once it stands in one of these states, in that turn or a later one."""
        deadline = time.monotonic() + seconds
        while (found := handle.record).state not in states or found.turn < turn:
            assert time.monotonic() < deadline, f"it is {found.state}: {found.reason}"
            time.sleep(0.02)
        return found


class At:
    """A worker at work for the length of a block."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self._thread = threading.Thread(target=worker.run)

    def __enter__(self) -> Worker:
        self._thread.start()
        return self.worker

    def __exit__(self, *_: object) -> None:
        self.worker.stop()
        self._thread.join(30)
        assert not self._thread.is_alive()


@pytest.fixture
def office(workshop: Callable[..., Any], tmp_path: Path) -> Iterator[Callable[..., Office]]:
    """Makes an office."""
    queues: list[Queue] = []

    def make(**words: Any) -> Office:
        shop = workshop(recorded=True, **words)
        queues.append(Queue(shop.operations))
        desk = Desk(tasks=shop.operations.tasks, queue=queues[-1], queues=("tasks", "slow"))
        return Office(shop=shop, desk=desk, folder=tmp_path)

    yield make
    for queue in queues:
        queue.close()


def test_a_task_waits_for_a_worker_and_is_done_by_it(office: Callable[..., Office]) -> None:
    """What was handed in while nobody was there is done once somebody is; its events end with the end."""
    place = office(functions=["slugify"])
    handle = place.submit(SLUG)
    with pytest.raises(TimeoutError, match="queued"):
        handle.result(timeout_s=0.1)
    with At(place.worker()):
        outcome = handle.result(timeout_s=20)
        told = [event.action for event in handle.events()]
    assert (outcome.value, outcome.function) == ("ala-ma-kota", "slugify")
    assert told == ["task.taken", "task.begun", "match.found", "run.finished", "task.done"]
    found = handle.record
    assert (found.state, found.turn, found.asked_by) == (TaskState.DONE, 1, "me")
    assert found.started_at is not None
    assert found.ended_at is not None
    assert found.started_at < found.ended_at


def test_a_worker_takes_tasks_of_its_queues(office: Callable[..., Office]) -> None:
    """What is on another queue waits for a worker of that one, and stays on it when it is tried again."""
    place = office(functions=["slugify"])
    with pytest.raises(BadTask, match="no queue 'fast'"):
        place.submit(SLUG, Asked(by="me", via="test", queue="fast"))
    slow = place.submit(SLUG, Asked(by="me", via="test", queue="slow"))
    with At(place.worker()):
        assert place.submit(SLUG).result(60).value == "ala-ma-kota"
        assert slow.record.state is TaskState.QUEUED
        slow.cancel()
        place.desk.retry(slow.record, by="me")
        time.sleep(0.5)
        assert slow.record.started_at is None
    with At(place.worker(queues=("tasks", "slow"))):
        assert slow.result(60).value == "ala-ma-kota"


def test_one_key_is_one_task(office: Callable[..., Office]) -> None:
    """A webhook that is delivered twice makes one task; another key, another."""
    place = office(functions=["slugify"])
    first, again = (place.submit(SLUG, Asked(by="me", via="test", key="issue 7")) for _ in range(2))
    other = place.submit(SLUG, Asked(by="me", via="test", key="issue 8"))
    assert first.id == again.id != other.id
    with At(place.worker()):
        first.result(60)
        other.result(60)
    assert len(place.desk.tasks.tasks()) == 2
    assert len(place.shop.operations.runs()) == 2


def test_a_function_is_made_and_the_next_task_finds_it(office: Callable[..., Office]) -> None:
    """The whole way on the queue: one loop, whoever asks."""
    place = office(generate=[VOWELS])
    with At(place.worker()):
        made = place.submit(COUNT).result(60)
        asked = len(place.shop.teller.requests)
        matched = place.submit(COUNT).result(60)
    assert (made.value, made.origin.value, matched.origin.value) == (3, "generated", "matched")
    assert len(place.shop.teller.requests) == asked


def test_a_task_that_a_budget_holds_up_goes_on_once_it_is_allowed_more(office: Callable[..., Office]) -> None:
    """It waits without having asked anybody; the word lets it spend once more as much, and what it took counts."""
    place = office(generate=[VOWELS])
    calls, router = place.shop.operations.model_calls, place.shop.agent.matcher.router
    budgets = Budgets(task=Limit(tokens=60_000), exceeded="ask", longest_reply=100_000)
    router.aids = dataclasses.replace(router.aids, ledger=KeptLedger(calls, KeptSpeeds(calls), budgets))
    with At(place.worker()):
        handle = place.submit(COUNT)
        waiting = place.stands(handle, TaskState.WAITING)
        assert waiting.waits_for == "budget:task"
        assert waiting.reason.startswith("The budget of 60,000 tokens of a task: 0 are used")
        assert place.shop.teller.requests == []
        place.desk.tell(waiting, {"budgets": {"task": 1}}, by="ann")
        assert handle.result(60).value == 3
    (((by, spent)),) = calls.spent(["task"])
    assert by == {"task": handle.id}
    assert (spent.calls, spent.open, spent.tokens) == (len(place.shop.teller.requests), 0, 15 * spent.calls)


def test_two_tasks_for_one_new_function_make_it_once(office: Callable[..., Office]) -> None:
    """The second waits for the first without holding a worker, and then finds what that made."""
    place = office(generate=[VOWELS])
    first, second = place.submit(COUNT), place.submit(COUNT, Asked(by="you", via="test"))
    with At(place.worker()):
        origins = sorted(handle.result(60).origin.value for handle in (first, second))
    assert origins == ["generated", "matched"]
    assert place.shop.teller.asked_for().count("specify") == 1
    waited = max((handle.record for handle in (first, second)), key=lambda record: record.turn)
    assert waited.turn == 2


def test_a_reply_that_is_kept_is_not_asked_for_again(office: Callable[..., Office]) -> None:
    """A turn that is begun anew, because the model gave no answer in time, goes on with what was said before."""
    place = office(generate=[ModelTimedOut("slow"), VOWELS])
    handle = place.submit(COUNT)
    with At(place.worker()):
        waits = place.stands(handle, TaskState.QUEUED, seconds=60, turn=2)
        assert (waits.tries, "slow" in waits.reason) == (1, True)
        assert handle.result(60).value == 3
    asked = place.shop.teller.asked_for()
    assert (asked.count("specify"), asked.count("test")) == (1, 1)
    assert "task.queued" in [event.action for event in place.desk.tasks.events(handle.id)]


def test_a_task_stays_while_no_model_server_is_there(office: Callable[..., Office]) -> None:
    """It is parked with the servers that were tried, and goes on by itself."""
    place = office(generate=[ProviderUnavailable("nobody answers at :11434"), VOWELS])
    handle = place.submit(COUNT)
    with At(place.worker()):
        assert ":11434" in place.stands(handle, TaskState.PARKED, seconds=60).reason
        assert handle.result(60).value == 3


def test_what_is_missing_is_asked_for_and_holds_no_worker(office: Callable[..., Office]) -> None:
    """Many tasks wait for an argument; the one place of the worker is free meanwhile, and an answer goes on."""
    place = office(functions=["slugify"], arguments=["{}"])
    bare = Wanted(task=Task(text="slugify a text"))
    waiting = [place.submit(bare) for _ in range(5)]
    with At(place.worker(a_worker=1)):
        for handle in waiting:
            assert place.stands(handle, TaskState.WAITING).waits_for == "arguments"
        assert place.submit(SLUG).result(60).value == "ala-ma-kota"
        asked = place.desk.tell(waiting[0].record, {"arguments": {"text": "Now Known"}}, by="me")
        assert (asked.state, asked.turn) == (TaskState.QUEUED, 2)
        assert waiting[0].result(60).value == "now-known"
        with pytest.raises(BadTask, match="does not wait"):
            place.desk.tell(waiting[0].record, {"arguments": {"text": "again"}}, by="me")
    assert waiting[1].record.state is TaskState.WAITING


def test_a_wait_ends_by_itself(office: Callable[..., Office]) -> None:
    """Nobody answers: the task fails, and says what it had waited for."""
    place = office(functions=["slugify"], arguments=["{}"])
    handle = place.submit(Wanted(task=Task(text="slugify a text")))
    with At(place.worker()):
        waits = place.stands(handle, TaskState.WAITING)
        place.desk.tasks.move(waits, {"expires_at": datetime.now(UTC)})
        over = place.stands(handle, TaskState.FAILED)
    assert "nobody answered in time" in over.reason


def test_what_failed_is_tried_again_with_other_replies(office: Callable[..., Office]) -> None:
    """A task that no candidate passed for has models asked anew; what was replied before would fail again."""
    place = office(generate=["no function at all"] * 10)
    handle = place.submit(COUNT)
    with At(place.worker()):
        place.stands(handle, TaskState.FAILED, seconds=60)
        place.shop.teller.words[Purpose.GENERATE] = [VOWELS]
        place.desk.retry(handle.record, by="me")
        assert handle.result(60).value == 3


def test_a_step_that_this_release_cannot_read_again_ends_the_task(
    office: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Begun anew it would fail for ever: it is a fault of ours, told as such."""
    monkeypatch.setattr(
        "agent.workflow.turns.written", lambda kind, value: {} if kind is Found else written(kind, value)
    )
    place = office(functions=["slugify"])
    handle = place.submit(SLUG)
    with At(place.worker()):
        dead = place.stands(handle, TaskState.DEAD)
    assert dead.turn == 1
    assert "Kowal itself failed" in dead.reason


class KeptElsewhere:
    """Keeps steps as JSON, in the place of DBOS; a step that is there is not taken again."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def run_step(self, options: Mapping[str, str], work: Callable[[], object]) -> Any:
        """What the step gave, or gives."""
        if options["name"] not in self.kept:
            self.kept[options["name"]] = json.dumps(work())
        return json.loads(self.kept[options["name"]])


def test_events_that_were_not_written_are_kept_with_their_step(
    office: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that dies after the step has told nobody of them: whoever goes on tells the very same ones, once."""
    place = office(functions=["slugify"])
    record = place.submit(SLUG).record
    monkeypatch.setattr("agent.workflow.turns.DBOS", KeptElsewhere())
    lives = []
    for _ in range(2):
        execution = Execution(task_id=record.id, turn=1)
        with executing(execution):
            steps = KeptSteps(record, execution, place.desk.tasks, ignore)
            place.shop.agent.execute(Task(text="slugify a text", arguments={"text": "A b"}), steps)
        lives.append(execution.unwritten())
    assert [event.action for event in lives[0]] == ["match.found", "run.finished"]
    assert lives[0] == lives[1]
    assert len(place.shop.operations.runs()) == 1
    for told in lives:
        place.desk.tasks.tell(*told)
    assert [event.action for event in place.desk.tasks.events(record.id)][-2:] == ["match.found", "run.finished"]
    execution.wrote(lives[1])
    assert execution.unwritten() == []


def test_what_was_over_long_ago_is_removed(office: Callable[..., Office]) -> None:
    """With its events, its replies and its turns in the queue; what ran for it stays, and so does what is younger."""
    place = office(functions=["slugify"])
    old, young = place.submit(SLUG), place.submit(SLUG)
    with At(place.worker()):
        runs = [old.result(60).run_id, young.result(60).run_id]
    long_ago = datetime.now(UTC) - timedelta(days=2)
    assert place.desk.tasks.move(old.record, {"ended_at": long_ago}, among=(TaskState.DONE,))
    with At(place.worker()):
        deadline = time.monotonic() + 60
        while place.desk.tasks.tasks() != [young.record]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert not place.desk.tasks.events(old.id)
    assert place.desk.tasks.events(young.id)
    assert sorted(run.id for run in place.shop.operations.runs()) == sorted(runs)
    with place.desk.queue.engine.connect() as connection:
        left = connection.execute(text("SELECT workflow_uuid FROM workflow_status")).scalars().all()
    assert left == [f"{young.id}.1"]


def test_an_endless_function_is_cancelled_before_its_limit(office: Callable[..., Office]) -> None:
    """The sandbox is killed, the task says who ended it, and the worker takes the next."""
    place = office(functions=["slugify"])
    _put(place, "while True:\n        text = text[::-1]")
    handle = place.submit(Wanted(task=Task(text="slow", arguments={"text": "a"})))
    with At(place.worker(a_worker=1)):
        place.stands(handle, TaskState.WORKING)
        time.sleep(0.5)
        handle.cancel()
        over = place.stands(handle, TaskState.CANCELLED)
        assert place.submit(SLUG).result(60).value == "ala-ma-kota"
    assert over.reason == "cancelled by me"
    with pytest.raises(TaskNotDone, match="cancelled by me"):
        handle.result(60)
    assert [event.action for event in handle.events()][-1] == "task.cancelled"


def test_what_nobody_is_at_is_cancelled_at_once_and_can_be_tried_again(office: Callable[..., Office]) -> None:
    """A queued task never begins once it is cancelled; tried again, it does."""
    place = office(functions=["slugify"])
    handle = place.submit(SLUG)
    handle.cancel()
    handle.cancel()
    assert handle.record.state is TaskState.CANCELLED
    with At(place.worker()):
        assert place.submit(SLUG).result(60).value == "ala-ma-kota"
        assert handle.record.started_at is None
        place.desk.retry(handle.record, by="me")
        assert handle.result(60).value == "ala-ma-kota"
        with pytest.raises(BadTask, match="done"):
            place.desk.retry(handle.record, by="me")


def test_a_deadline_ends_what_is_late(office: Callable[..., Office]) -> None:
    """A task that nobody could take in time is over, with the reason."""
    place = office(functions=["slugify"])
    handle = place.submit(SLUG, Asked(by="me", via="test", deadline=timedelta(seconds=0)))
    with At(place.worker(poll_s=30.0)):
        over = place.stands(handle, TaskState.FAILED)
    assert "deadline" in over.reason


def test_a_worker_that_ends_gives_its_tasks_to_the_next(office: Callable[..., Office]) -> None:
    """What it was at is queued again, and done."""
    place = office(functions=["slugify"])
    _put(place, "import time\n    for _ in range(40):\n        time.sleep(0.05)")
    handle = place.submit(Wanted(task=Task(text="slow", arguments={"text": "a"})))
    with At(place.worker()):
        place.stands(handle, TaskState.WORKING)
        time.sleep(0.3)
    left = handle.record
    assert (left.state, left.turn) == (TaskState.QUEUED, 2)
    assert "was stopped" in left.reason
    with At(place.worker()):
        assert handle.result(30).value == "a"


def test_what_breaks_around_a_task_parks_it(office: Callable[..., Office], tmp_path: Path) -> None:
    """A registry that cannot be written is nobody's fault who asked: the task stays, with the reason."""
    place = office(generate=[VOWELS])
    handle = place.submit(COUNT)
    objects = tmp_path / "registry.git" / "objects"
    moved = objects.rename(tmp_path / "objects")
    with At(place.worker()):
        parked = place.stands(handle, TaskState.PARKED, seconds=60)
    assert parked.error is not None
    assert parked.turn == 2
    moved.rename(objects)
    place.desk.retry(parked, by="me")
    with At(place.worker()):
        assert handle.result(60).value == 3


def test_ids_may_be_shortened(office: Callable[..., Office]) -> None:
    """As with commits: as long as one task begins so."""
    place = office()
    handle = place.submit(SLUG)
    assert place.desk.tasks.task(handle.id[:6]).id == handle.id
    with pytest.raises(UnknownTask, match="no task begins"):
        place.desk.tasks.task("zz")
    with pytest.raises(UnknownTask):
        place.desk.tasks.task("")


def test_values_and_errors_come_back_as_they_were() -> None:
    """Across a restart: bytes, nothing, and errors of ours with their advice and facts."""
    wanted = Wanted(
        task=Task(
            text="x",
            files={"f": b"\x00\xff"},
            arguments={"a": None, "b": [1.5, "é"]},
            constraints=Constraints(local_only=True, max_latency_ms=1.5, complexity="high"),
        ),
        verb="create",
    )
    kept = written(Wanted, wanted)
    assert read(Wanted, kept) == wanted
    del kept["task"]["constraints"]  # as it was kept by a version that knew of none
    assert read(Wanted, kept).task.constraints == Constraints()
    error = BadTask("It is empty", advice="Say more.", kept="nothing", missing=["a"])
    again = error_read(error_written(error))
    assert isinstance(again, BadTask)
    assert (str(again), again.advice, again.kept, again.facts) == (
        "It is empty",
        "Say more.",
        "nothing",
        {"missing": ["a"]},
    )
    assert not error_written(error)["retryable"]
    error.__cause__ = ProviderUnavailable("away")
    assert error_written(error)["retryable"]


def _put(place: Office, body: str) -> None:
    """The function `slow`, which does this first, in production without the gate."""
    code = f'def slow(text: str) -> str:\n    """Give a text back, slowly."""\n    {body}\n    return text\n'
    signature = read_signature(code)
    schemas = {"input_schema": signature.input_schema, "output_schema": signature.output_schema}
    manifest = Manifest(name="slow", description="Gives a text back, slowly.", **schemas)
    place.shop.put(Function(manifest=manifest, source=code, tests="def test_it():\n    assert True\n"))
