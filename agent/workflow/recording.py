"""What is kept of a task on its way: its events, and what models replied, so that nothing is asked twice."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from agent.ports import ModelReply, ModelRequest
from agent.types import Event
from agent.workflow.execution import current
from registry import TaskEvent, Tasks
from sandbox import stopping

REPLY = TypeAdapter(ModelReply)


@dataclass(frozen=True, kw_only=True)
class Recording:
    """Keeps what happens in the threads that are at a task. Nothing is kept of others."""

    tasks: Tasks

    def tell(self, event: Event) -> None:
        """Keep the event, soon. A safe point: raises `Stopped` where the task is not wanted any more."""
        execution = current()
        if execution is None:
            return
        stopping.check()
        told = TaskEvent(
            task_id=execution.task_id,
            key=execution.next_key(),
            at=datetime.now(UTC),
            action=event.action,
            facts=event.facts,
        )
        execution.tell(told)

    def remember(self, request: ModelRequest, ask: Callable[[], ModelReply]) -> ModelReply:
        """What was replied to the task's request before, or else to this one, which is kept at once.

        Requests are told apart by all that is in them; the same one made twice has two replies.
        """
        execution = current()
        if execution is None:
            return ask()
        digest = digest_of(request)
        execution.requests[digest] += 1
        key = f"{digest}#{execution.requests[digest]}"
        kept = self.tasks.reply(execution.task_id, key)
        if kept is not None:
            return REPLY.validate_python(kept)
        reply = ask()
        self.tasks.keep_reply(execution.task_id, key, REPLY.dump_python(reply, mode="json"))
        return reply


def digest_of(request: ModelRequest) -> str:
    """SHA-256 of the request, hexadecimal."""
    return hashlib.sha256(json.dumps(asdict(request), sort_keys=True, default=in_json).encode()).hexdigest()


def in_json(value: Any) -> Any:
    """An image as text, a mapping as an object."""
    return value.hex() if isinstance(value, bytes) else dict(value)
