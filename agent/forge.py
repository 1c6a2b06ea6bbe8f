"""Makes functions: generate, validate, repair within the budget, promote. Every attempt is kept."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from agent.checks.trial import Trial
from agent.clock import StepClock
from agent.errors import BadTask, ModelError, NoFunctionFits, NotPromoted
from agent.generator import Generator, Proposal
from agent.journal import Journal
from agent.promoter import Promoter
from agent.types import Attempt, CheckResult, Event, Listener, Task, Verdict, version_facts
from agent.validator import evidence_of, validate
from registry import Function, NameTaken, Registry, Status, UnknownFunction, Version
from sandbox import Limits, Sandbox

Propose = Callable[[Attempt | None, int], Proposal]
"""The last attempt (None at first) and a seed in, a model's answer out. Raises `ModelError`."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A new version, and what it took."""

    version: Version
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, kw_only=True)
class Forge:
    """The only way into the registry, for a model's candidates and for files alike."""

    registry: Registry
    sandbox: Sandbox
    generator: Generator
    promoter: Promoter
    journal: Journal
    attempts: int
    """How many candidates a task may cost."""
    limits: Limits
    listener: Listener

    def make(self, task: Task, clock: StepClock) -> Made:
        """A new function for the task. Raises `NoFunctionFits` where no model answers, `NotPromoted`."""
        self._refuse_packages(task)

        def propose(failed: Attempt | None, seed: int) -> Proposal:
            taken = {listing.name: listing.description for listing in self.registry.list()}
            if failed is None:
                return self.generator.propose(task, taken=taken, seed=seed)
            return self.generator.repair(task, failed, taken=taken, seed=seed)

        return self._prove(task, clock, propose, replaces=None)

    def improve(self, current: Version, wish: Task, clock: StepClock) -> Made:
        """A new version that does what the wish adds and all that the old one promised. Raises as `make` does."""
        self._refuse_packages(wish)

        def propose(failed: Attempt | None, seed: int) -> Proposal:
            return self.generator.enhance(current, wish, failed, seed=seed)

        return self._prove(wish, clock, propose, replaces=current)

    def admit(self, function: Function, *, source: str) -> Version:
        """Let a function in that came from elsewhere, through the same gate. Raises `NotPromoted`.

        Where a function of that name is registered, its tests must hold, too.
        """
        task, replaces = Task(text=function.manifest.description), self._registered(function.name)
        earlier = replaces.function.tests if replaces else ""
        verdict = validate(
            Trial(function=function, sandbox=self.sandbox, task=task, earlier_tests=earlier, limits=self.limits)
        )
        if not verdict.passed:
            raise NotPromoted(
                f"`{function.name}` did not pass the gate: {verdict.summary}",
                advice="Mend it and repeat the command.",
                kept="The registry is as it was.",
                findings=list(verdict.findings),
            )
        version = self.promoter.admit(function, evidence_of(verdict, {"source": source}), replaces=replaces)
        self._tell_admitted(version, verdict)
        return version

    def _prove(self, task: Task, clock: StepClock, propose: Propose, *, replaces: Version | None) -> Made:
        task_id, tried = uuid.uuid4().hex, list[Attempt]()
        while len(tried) < self.attempts:
            with clock.step("generate"):
                proposal = self._proposal(propose, tried, task_id)
            with clock.step("validate"):
                attempt = self._judge(len(tried) + 1, proposal, task, replaces)
            tried.append(attempt)
            self.journal.keep_attempt(task_id, attempt, proposal)
            provenance = provenance_of(task, task_id, tried, proposal.prompt, replaces)
            with clock.step("promote"):
                version = self._let_in(attempt, provenance, replaces)
            if isinstance(version, Version):
                self._tell_admitted(version, attempt.verdict, number=attempt.number, model=attempt.model)
                return Made(version=version, attempts=tuple(tried))
            tried[-1] = replace(attempt, verdict=version)
            self._tell_refused(tried[-1])
        raise NotPromoted(
            f"{len(tried)} candidates were made and none passed the gate; the last: {tried[-1].verdict.summary}",
            kept=f"All attempts with their findings: kowal attempts {task_id}",
            task_id=task_id,
            findings=list(tried[-1].verdict.findings),
        )

    def _let_in(self, attempt: Attempt, provenance: Mapping[str, Any], replaces: Version | None) -> Version | Verdict:
        """The version that a proven candidate became, or the verdict that keeps it out."""
        if attempt.function is None or not attempt.verdict.passed:
            return attempt.verdict
        try:
            evidence = evidence_of(attempt.verdict, provenance)
            return self.promoter.admit(attempt.function, evidence, replaces=replaces)
        except NameTaken as error:
            return unreadable(f"{error} Choose another name.")

    def _registered(self, name: str) -> Version | None:
        """The version that a newcomer of that name would follow."""
        try:
            return self.registry.get(name)
        except UnknownFunction:
            return None

    def _refuse_packages(self, task: Task) -> None:
        """Say at once what no candidate could mend: the sandbox has no place for packages."""
        if task.requirements and not self.sandbox.provides_packages:
            raise BadTask(
                f"The sandbox `{self.sandbox.name}` has the standard library only, not {', '.join(task.requirements)}",
                advice="Leave the package out: say in words what it is for, and let the function do without.",
            )

    def _proposal(self, propose: Propose, tried: list[Attempt], task_id: str) -> Proposal:
        number = len(tried) + 1
        self._tell("model.asked", number=number, of=self.attempts)
        try:
            return propose(tried[-1] if tried else None, number)
        except ModelError as error:
            raise NoFunctionFits(
                f"No function fits, and no model could make one: {error}",
                advice=error.advice,
                kept=f"{len(tried)} attempts: kowal attempts {task_id}" if tried else "",
            ) from error

    def _judge(self, number: int, proposal: Proposal, task: Task, replaces: Version | None) -> Attempt:
        reply, verdict = proposal.reply, unreadable(proposal.fault)
        if proposal.function is not None:
            earlier = replaces.function.tests if replaces else ""
            verdict = validate(
                Trial(
                    function=proposal.function,
                    sandbox=self.sandbox,
                    task=task,
                    earlier_tests=earlier,
                    limits=self.limits,
                )
            )
        return Attempt(
            number=number,
            model=f"{reply.provider}/{reply.model}",
            function=proposal.function,
            verdict=verdict,
            tokens=reply.usage.tokens_in + reply.usage.tokens_out,
            cost_eur=reply.usage.cost_eur,
            seconds=round(reply.seconds, 3),
        )

    def _tell_refused(self, attempt: Attempt) -> None:
        self._tell(
            "candidate.refused",
            name=attempt.function.name if attempt.function else "",
            number=attempt.number,
            of=self.attempts,
            model=attempt.model,
            why=attempt.verdict.summary,
            findings=list(attempt.verdict.findings),
            seconds=attempt.seconds,
        )

    def _tell_admitted(self, version: Version, verdict: Verdict, **facts: Any) -> None:
        self._tell("function.approved", **version_facts(version), summary=verdict.summary, **facts)
        in_production = version.status is Status.PRODUCTION
        self._tell("function.promoted" if in_production else "function.waits", **version_facts(version))

    def _tell(self, action: str, **facts: Any) -> None:
        self.listener(Event(action=action, facts=facts))


def unreadable(fault: str) -> Verdict:
    """The verdict on a reply that holds no candidate."""
    result = CheckResult(check="reply", passed=False, summary=fault, findings=(fault,))
    return Verdict(results=(result,))


def provenance_of(
    task: Task, task_id: str, tried: list[Attempt], prompt: str, replaces: Version | None
) -> dict[str, Any]:
    """Where a candidate comes from, for `evidence.json`."""
    provenance = {
        "task": task.text,
        "task_id": task_id,
        "model": tried[-1].model,
        "prompts": prompt,
        "attempts": len(tried),
        "refused": [earlier.verdict.summary for earlier in tried[:-1]],
    }
    return provenance | ({"replaces": f"{replaces.name} {replaces.version}"} if replaces else {})
