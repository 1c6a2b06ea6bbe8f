"""Writes down what happened, runs and attempts, in the operational database."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from agent.generator import Proposal
from agent.types import Attempt, Origin, Task
from registry import AttemptRecord, Operations, Run, Version
from sandbox import CallResult


@dataclass(frozen=True, kw_only=True)
class Journal:
    """The agent's view of the operational database."""

    operations: Operations

    def keep_run(self, task: Task, version: Version, origin: Origin, result: CallResult, *, score: float | None) -> int:
        """Record one run; its number. Argument values are not kept."""
        failure = result.failure
        return self.operations.record_run(
            Run(
                task=task.text,
                function=version.name,
                version=version.version,
                digest=version.digest,
                commit=version.commit,
                started_at=datetime.now(UTC),
                seconds=result.seconds,
                outcome="ok" if failure is None else failure.kind.value,
                message="" if failure is None else failure.message,
                origin=origin.value,
                score=score,
            )
        )

    def keep_attempt(self, task_id: str, attempt: Attempt, proposal: Proposal) -> int:
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
