"""Runs a registered version: arguments checked against the schema, one fresh sandbox, the run written down."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from agent.arguments import bind
from agent.clock import StepClock
from agent.errors import BadArguments, ModelError, RunFailed
from agent.fault import Fault, fault_of
from agent.generator import Generator
from agent.journal import Invocation, Journal
from agent.rights.broker import Broker
from agent.rights.session import Session, refuse_files
from agent.sandboxes import Sandboxes
from agent.types import Event, Listener, Origin, Task, version_facts
from agent.warden import Warden
from registry import Version
from sandbox import Call, CallResult, Limits

NO_FILES: Mapping[str, bytes] = MappingProxyType({})
SHORTEST_S = 0.01
"""What a call gets at the end of its run's time, in which it does nothing more."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a run gave."""

    version: Version
    """The version that ran."""
    result: CallResult
    run_id: int
    backend: str
    """The sandbox in which it ran."""
    reached: tuple[str, ...] = ()
    """What it asked of its host and got, each once."""


@dataclass(frozen=True, kw_only=True)
class Ran(Answer):
    """A run, failed or not, as it was written down."""

    fault: Fault
    moved: str
    """What became of the version by it, in a sentence; empty where it stays as it is."""


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Calls functions in a sandbox, and nowhere else."""

    sandboxes: Sandboxes
    generator: Generator
    journal: Journal
    warden: Warden
    broker: Broker
    limits: Limits
    listener: Listener

    def run(self, task: Task, version: Version, clock: StepClock, origin: Origin, score: float | None) -> Answer:
        """The version's value for the task's arguments.

        Raises `BadArguments`, `NotGranted`, `RunFailed`, `SandboxError`.
        """
        return self._good(self._ran(self._asked(task, version, clock, origin, score), clock))

    def serve(self, task: Task, version: Version, clock: StepClock, origin: Origin, score: float | None) -> Answer:
        """As `run`, but the function's canary takes its share of the calls.

        Where the canary gives no value, the version answers: nobody is worse off for a trial. Where the task states
        examples, the version is run that was held to them.
        """
        asked = self._asked(task, version, clock, origin, score)
        tried = None if task.examples else self._on_trial(asked)
        if tried is not None:
            ran = self._ran(tried, clock)
            if ran.result.failure is None:
                return self._good(ran)
            facts = {"why": ran.result.failure.message, "fault": ran.fault, "instead": version.version}
            self.listener(Event(action="canary.failed", facts=version_facts(tried.version) | facts))
        return self._good(self._ran(asked, clock))

    def _asked(self, task: Task, version: Version, clock: StepClock, origin: Origin, score: float | None) -> Invocation:
        self.broker.approval.refuse_ungranted(version)  # before a model is asked for arguments
        with clock.step("arguments"):
            arguments = self._arguments(task, version)
        return Invocation(task=task, version=version, arguments=arguments, origin=origin, score=score)

    def _on_trial(self, asked: Invocation) -> Invocation | None:
        """The same call of the canary, where it is the canary's turn and it takes such arguments."""
        canary = self.warden.stand_in(asked.version, asked.call)
        if canary is None:
            return None
        try:
            arguments = bind(canary.function.manifest, asked.arguments)
        except BadArguments:
            return None
        return replace(asked, version=canary, arguments=arguments)

    def _ran(self, asked: Invocation, clock: StepClock) -> Ran:
        version = asked.version
        session = self.broker.open(version, lambda *called: self._called(*called)[0])
        with clock.step("run"):
            result, backend = self._called(version, asked.arguments, session, asked.task.files)
        fault = fault_of(result.failure, version, troubled=session is not None and session.troubled)
        run_id = self.journal.keep_run(asked, result, fault)
        if session is not None:
            session.close(run_id, "ok" if result.failure is None else result.failure.kind.value)
        return Ran(
            version=version,
            result=result,
            run_id=run_id,
            backend=backend,
            reached=session.reached if session is not None else (),
            fault=fault,
            moved=self.warden.review(version, fault),
        )

    def _called(
        self,
        version: Version,
        arguments: Mapping[str, Any],
        session: Session | None,
        files: Mapping[str, bytes] = NO_FILES,
    ) -> tuple[CallResult, str]:
        """What the call gave, in a sandbox with the session for its host, and in which sandbox that was."""
        call = Call(source=version.function.source, function=version.name, arguments=arguments)
        if session is None:
            if files:
                refuse_files(version)
            sandbox = self.sandboxes.for_run(version)
            return sandbox.call(call, self.limits), sandbox.name
        sandbox = self.sandboxes.for_run(version, session.surroundings(files))
        limits = replace(self.limits, wall_clock_s=max(session.seconds_left(), SHORTEST_S))
        return session.returned(sandbox.call(call, limits)), sandbox.name

    def _good(self, ran: Ran) -> Answer:
        """The run, where it gave a value. Raises `RunFailed`."""
        version, failure = ran.version, ran.result.failure
        if failure is not None:
            raise RunFailed(
                f"`{version.name}` {version.version} failed: {failure.message}",
                kept=f"{ran.moved or 'The function stays as it is.'} This was run {ran.run_id}.",
                kind=failure.kind.value,
                fault=ran.fault,
                traceback=failure.traceback,
                output=ran.result.output,
                run_id=ran.run_id,
            )
        facts = version_facts(version) | {"seconds": ran.result.seconds, "backend": ran.backend}
        facts["reached"] = list(ran.reached)
        self.listener(Event(action="run.finished", facts=facts))
        return ran

    def _arguments(self, task: Task, version: Version) -> Mapping[str, Any]:
        """The given arguments; what is missing is read out of the task's words by a model, then checked."""
        manifest = version.function.manifest
        try:
            return bind(manifest, task.arguments, task.positional)
        except BadArguments as error:
            if not error.facts.get("missing") or not task.text:
                raise
            lacking = error
        found = self._found_in_words(task, version, lacking)
        given = dict(zip(manifest.parameters, task.positional, strict=False)) | dict(task.arguments)
        try:
            return bind(manifest, {**found, **given})
        except BadArguments as misfit:
            if misfit.facts.get("missing") or misfit.facts.get("argument") in given:
                raise
            raise lacking from misfit  # what the model read does not do: whoever asked is asked

    def _found_in_words(self, task: Task, version: Version, error: BadArguments) -> Mapping[str, Any]:
        """What a model reads there of what the function takes. Raises the error where no model can be asked."""
        try:
            found = self.generator.arguments(task, version)
        except ModelError:
            raise error from None
        return {name: value for name, value in found.items() if name in version.function.manifest.parameters}
