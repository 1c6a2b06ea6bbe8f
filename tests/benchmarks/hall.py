"""A channel that is served without any worker: a test says what came of a task."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from chat_stand import ChatStand, Posted

from agent.config import Settings
from agent.errors import NotGranted
from agent.rights.approval import Approval
from agent.talking.channel import Heard
from agent.talking.listening import Listening
from agent.types import Event, Listener, Origin, Outcome
from agent.workflow.endings import ending_of
from agent.workflow.kept import written
from registry import Function, Manifest, Registry, TaskRecord, TaskState, Version

GRANT = "http GET api.example.org"
TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


@dataclass(kw_only=True)
class Hall:
    """The channel, served."""

    settings: Settings
    stand: ChatStand
    opening: Callable[[Settings, Any, Listener], Listening]
    registry: Registry
    heard_of: list[Event] = field(default_factory=list)
    serving: Listening = field(init=False)

    def __post_init__(self) -> None:
        self.serving = self.opened()

    def opened(self) -> Listening:
        """What serves the channel."""
        return self.opening(self.settings, self.stand, self.heard_of.append)

    def restart(self) -> None:
        """Another process serves the chat."""
        self.close()
        self.serving = self.opened()

    def close(self) -> None:
        """Nobody serves it."""
        self.serving.petitions.people.close()

    @property
    def tasks(self) -> Any:
        """The tasks."""
        return self.serving.reporter.tasks

    def settle(self) -> None:
        """Take all that happened, and say all that is due."""
        while True:
            self.serving._next_at.clear()
            if not self.serving.turn(0.01):
                break
        self.serving._next_at.clear()
        self.serving.turn(0.01)

    def task(self, text: str = "do it", who: str = "ann", **more: Any) -> tuple[Heard, TaskRecord]:
        """What the person said, and the task that it became."""
        said = self.stand.says(who, text, **more)
        self.settle()
        (found,) = self.serving.chats.under("stand", said.room, said.thread or said.id)
        return said, self.tasks.task(found[1].id)

    def ends(self, task: TaskRecord, outcome: Outcome | Exception) -> TaskRecord:
        """A worker works on the task, and that comes of it."""
        values: dict[str, Any]
        if isinstance(outcome, Exception):
            ending = ending_of(outcome, task)
            values = {"state": ending.state, "reason": ending.reason, "error": ending.error}
            values |= {"waits_for": ending.waits_for}
        else:
            values = {"state": TaskState.DONE, "outcome": written(Outcome, outcome)}
        assert self.tasks.move(self.tasks.task(task.id), values)
        self.settle()
        return self.tasks.task(task.id)

    def version(self, name: str = "fetch", *grants: str, body: str = "return text") -> Version:
        """A version that asks for rights, approved and not signed."""
        manifest = Manifest(name=name, description="Fetches.", input_schema=TEXT, grants=grants)
        source = f"async def {name}(text: str) -> str:\n    {body}\n"
        self.registry.add_candidate(Function(manifest=manifest, source=source, tests="# none\n"), {})
        return self.registry.approve(name, by="test")

    def waits_for_signature(self, **more: Any) -> tuple[Heard, TaskRecord, Posted]:
        """A task that waits for a version to be signed, and the message by which that is asked for."""
        version = self.version("fetch", GRANT)
        said, task = self.task(**more)
        with pytest.raises(NotGranted) as caught:
            Approval(registry=self.registry).refuse_ungranted(version)
        task = self.ends(task, caught.value)
        assert task.state is TaskState.WAITING
        return said, task, next(each for each in self.stand.posted.values() if "👍" in each.text)


def outcome(value: Any = 42, **more: Any) -> Outcome:
    """What a function gave."""
    facts = {"task": "do it", "function": "answers", "version": "1.0.0", "commit": "c" * 40, "status": "production"}
    return Outcome(origin=Origin.MATCHED, value=value, ran=True, **facts | more)
