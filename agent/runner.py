"""Runs a registered version: arguments checked against the schema, one fresh sandbox, the run written down."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.arguments import bind
from agent.clock import StepClock
from agent.errors import BadArguments, ModelError, RunFailed
from agent.generator import Generator
from agent.journal import Journal
from agent.types import Event, Listener, Origin, Task, version_facts
from registry import Version
from sandbox import Call, CallResult, Limits, Sandbox


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a run gave."""

    result: CallResult
    run_id: int


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Calls functions in the sandbox, and nowhere else."""

    sandbox: Sandbox
    generator: Generator
    journal: Journal
    limits: Limits
    listener: Listener

    def run(self, task: Task, version: Version, clock: StepClock, origin: Origin, score: float | None) -> Answer:
        """The version's value for the task's arguments. Raises `BadArguments`, `RunFailed`, `SandboxError`."""
        with clock.step("arguments"):
            arguments = self._arguments(task, version)
        call = Call(source=version.function.source, function=version.name, arguments=arguments)
        with clock.step("run"):
            result = self.sandbox.call(call, self.limits)
        run_id = self.journal.keep_run(task, version, origin, result, score=score)
        if result.failure is not None:
            raise RunFailed(
                f"`{version.name}` {version.version} failed: {result.failure.message}",
                kept=f"The function stays as it is; this was run {run_id}.",
                kind=result.failure.kind.value,
                traceback=result.failure.traceback,
                output=result.output,
                run_id=run_id,
            )
        facts = version_facts(version) | {"seconds": result.seconds, "backend": self.sandbox.name}
        self.listener(Event(action="run.finished", facts=facts))
        return Answer(result=result, run_id=run_id)

    def _arguments(self, task: Task, version: Version) -> Mapping[str, Any]:
        """The given arguments; what is missing is read out of the task's words by a model, then checked."""
        manifest = version.function.manifest
        try:
            return bind(manifest, task.arguments, task.positional)
        except BadArguments as error:
            if not error.facts.get("missing") or not task.text:
                raise
            found = self._found_in_words(task, version, error)
        given = dict(zip(manifest.parameters, task.positional, strict=False)) | dict(task.arguments)
        return bind(manifest, {**found, **given})

    def _found_in_words(self, task: Task, version: Version, error: BadArguments) -> Mapping[str, Any]:
        try:
            return self.generator.arguments(task, version)
        except ModelError:
            raise error from None
