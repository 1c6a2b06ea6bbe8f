"""Writes down what happened, runs and attempts, in the operational database."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from agent.fault import Fault
from agent.generator import Proposal
from agent.types import Attempt, Origin, Task
from registry import AttemptRecord, Operations, RecordedCall, Run, Version
from sandbox import CallResult

MOST_RECORDED_BYTES = 64 << 10
"""A call whose arguments and value are longer as JSON is not kept for replay."""


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """A version with the arguments that it gets, and who asked for it."""

    task: Task
    version: Version
    arguments: Mapping[str, Any]
    """As they are bound: JSON values by parameter name."""
    origin: Origin
    score: float | None
    """How well the function fits the task; None where nothing was matched."""

    @cached_property
    def text(self) -> str:
        """The arguments' canonical JSON: equal calls have equal text."""
        return json.dumps(self.arguments, sort_keys=True, separators=(",", ":"))

    @cached_property
    def call(self) -> str:
        """SHA-256 of that text, hexadecimal: which call this is, without saying what is in it."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Journal:
    """The agent's view of the operational database."""

    operations: Operations
    recorded_calls: int
    """How many calls of a function are kept for replay, arguments and value; 0 keeps none."""

    def keep_run(self, asked: Invocation, result: CallResult, fault: Fault) -> int:
        """Record one run; its number. Arguments are kept only where the call is recorded for replay."""
        version, failure = asked.version, result.failure
        run = Run(
            task=asked.task.text,
            function=version.name,
            version=version.version,
            digest=version.digest,
            commit=version.commit,
            started_at=datetime.now(UTC),
            seconds=result.seconds,
            outcome="ok" if failure is None else failure.kind.value,
            message="" if failure is None else failure.message,
            origin=asked.origin.value,
            score=asked.score,
            call=asked.call,
            fault=fault,
        )
        recorded = self._recorded(asked, result, run.started_at)
        return self.operations.record_run(run, recorded, keep=self.recorded_calls)

    def keep_attempt(self, task_id: str, attempt: Attempt, proposal: Proposal[Any]) -> int:
        """Record one reply of a model with the gate's verdict; its number."""
        function, reply = attempt.function, proposal.reply
        return self.operations.record_attempt(
            AttemptRecord(
                task_id=task_id,
                number=attempt.number,
                model=reply.model,
                provider=reply.provider,
                purpose=proposal.purpose.value,
                created_at=datetime.now(UTC),
                name=function.name if function else "",
                source=function.source if function else "",
                tests=function.tests if function else "",
                reply=reply.text,
                verdict=asdict(attempt.verdict) | {"passed": attempt.verdict.passed},
                tokens_in=reply.usage.tokens_in,
                tokens_out=reply.usage.tokens_out,
                seconds=reply.seconds,
            )
        )

    def _recorded(self, asked: Invocation, result: CallResult, now: datetime) -> RecordedCall | None:
        """The call for replay, where it gave a value, is short, and is of a function that reaches nothing."""
        version = asked.version
        if not self.recorded_calls or result.failure is not None or version.function.manifest.grants:
            return None
        room = MOST_RECORDED_BYTES - len(asked.text)
        if room < 0 or len(json.dumps(result.value)) > room:
            return None
        return RecordedCall(
            function=version.name,
            call=asked.call,
            arguments=asked.arguments,
            value=result.value,
            version=version.version,
            recorded_at=now,
        )
