"""What a worker tells of while it works: turns, steps, and what models took."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.ports import ModelReply, Usage
from agent.types import Event, Task
from agent.wiring import heard
from agent.workflow.desk import Asked, Desk, TaskHandle
from agent.workflow.execution import current
from agent.workflow.liveness import FileLocks
from agent.workflow.queue import Queue
from agent.workflow.turns import Turns, Wanted
from agent.workflow.worker import Limits, Worker
from registry import TaskState

LIMITS = Limits(a_worker=1, a_person=1, together=None, poll_s=0.02, drain_s=0.0, losses=3, keep_days=1.0)


@pytest.mark.parametrize(
    ("text", "ends", "error"), [("Ala ma kota", TaskState.DONE, ""), (5, TaskState.FAILED, "BadArguments")]
)
def test_turns_and_steps_are_told_with_their_task(
    workshop: Callable[..., Any], tmp_path: Path, text: Any, ends: TaskState, error: str
) -> None:
    """A turn begins, its steps begin and end, also one that fails, and the turn ends; each is told at its task."""
    shop = workshop(recorded=True, functions=["slugify"])
    queue, told = Queue(shop.operations), []

    def listen(event: Event) -> None:
        at = current()
        assert at is not None
        told.append((at.task_id, at.turn, at.worker, event.action, event.facts))

    desk = Desk(tasks=shop.operations.tasks, queue=queue)
    turns = Turns(agent=shop.agent, tasks=desk.tasks, queue=queue, worker="w-1", wait_days=1.0, listener=listen)
    worker = Worker(turns=turns, liveness=FileLocks(tmp_path / "workers"), limits=LIMITS, queues=("tasks",), tell=print)
    wanted = Wanted(task=Task(text="slugify a text", arguments={"text": text}))
    task = desk.submit(wanted, Asked(by="me", via="test"))
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        assert list(TaskHandle(desk=desk, id=task.id, by="me").events())[-1].action == f"task.{ends}"
    finally:
        worker.stop()
        thread.join(60)
        queue.close()
    assert {row[:3] for row in told} == {(task.id, 1, "w-1")}
    actions = [(action, facts.get("step", "")) for *_, action, facts in told]
    steps = [("step.begun", "match"), ("step.ended", "match"), ("step.begun", "run"), ("step.ended", "run")]
    assert actions == [("task.begun", ""), *steps, (f"task.{ends}", "")]
    end = told[-1][-1]
    assert end["error"] == error
    assert end["function"] == ("" if error else "slugify")
    assert end["seconds"] >= sum(facts["seconds"] for *_, action, facts in told if action == "step.ended")


def test_what_a_model_took_is_told_and_not_what_it_said() -> None:
    """A reply is told with its model, its tokens and its seconds; its text is handed on alone."""
    told: list[Event] = []
    usage = Usage(tokens_in=10, tokens_out=5)
    reply = ModelReply(text="private words", provider="p", model="m", usage=usage, seconds=2.0)
    assert heard(reply, told.append) is reply
    (event,) = told
    assert (event.action, event.facts) == (
        "model.replied", {"model": "p/m", "tokens_in": 10, "tokens_out": 5, "seconds": 2.0},
    )  # fmt: skip
