"""Lets functions into the registry: a proven candidate with its evidence, or files from elsewhere through the gate."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from agent.brief import Brief, script_of
from agent.checks.trial import Trial
from agent.composition import callees_of
from agent.errors import NotPromoted
from agent.evidence.replay import Replay, replay
from agent.making.twins import Near, Twins
from agent.packages import Shelf
from agent.promoter import Promoter
from agent.sandboxes import Sandboxes
from agent.source.suites import joined
from agent.types import Event, Listener, Task, Verdict, version_facts
from agent.validator import evidence_of, validate
from registry import Difference, Function, Operations, Registry, Status, UnknownFunction, Version
from sandbox import Limits

STANDS: Mapping[Status, str] = {Status.PRODUCTION: "function.promoted", Status.CANARY: "function.canary"}
"""The event that tells where a new version stands; with any other status it waits for a person."""


@dataclass(frozen=True, kw_only=True)
class Admission:
    """The only way into the registry, for a model's candidates and for files alike."""

    registry: Registry
    operations: Operations
    sandboxes: Sandboxes
    shelf: Shelf
    promoter: Promoter
    limits: Limits
    listener: Listener

    def admit(
        self,
        function: Function,
        *,
        source: str,
        suites: Sequence[str] = (),
        explain: bool = False,
        as_itself: bool = False,
    ) -> Version:
        """Let a function in that came from elsewhere, or give the one in production that does the same.

        Of several suites, each by an author of its own, every one must be able to fail. Where a function of that name
        is registered, its tests must hold, too. `as_itself` keeps one that another does the same as, under its name.
        Raises `NotPromoted`.
        """
        replaces = self._registered(function.name)
        for suite in suites:
            function = replace(function, tests=joined(function.tests, suite))
        function = self._locked(function)
        callees = callees_of(self.registry, function)
        script = script_of(None, callees, function.manifest.grants)
        trial = Trial(
            function=function,
            sandbox=self.sandboxes.for_proof(function, script),
            second=self.sandboxes.second(function, script),
            task=Task(text=function.manifest.description),
            earlier_tests=replaces.function.tests if replaces else "",
            limits=self.limits,
            suites=tuple(suites),
            callees={callee.name: callee.version for callee in callees},
        )
        verdict = validate(trial, explain=explain)
        if not verdict.passed:
            raise NotPromoted(
                f"`{function.name}` did not pass the gate: {verdict.summary}",
                advice="Mend it and repeat the command.",
                kept="The registry is as it was.",
                findings=list(verdict.findings),
                checks=[asdict(result) for result in verdict.results],
            )
        evidence = evidence_of(verdict, {"source": source}) | self.shelf.evidence(function, {}, source)
        near = None if replaces or as_itself else self._twins.nearest(function, evidence, trial.task)
        if near and near.is_twin:
            return self._instead(near, function, trial.task)
        evidence |= self._nearly(near, function)
        version = self.promoter.admit(function, evidence, replaces=replaces)
        self._tell_admitted(version, verdict)
        return version

    def let_in(
        self, brief: Brief, function: Function, verdict: Verdict, evidence: Mapping[str, Any], **facts: object
    ) -> Version:
        """The version that a proven candidate became, or that of the function in production which does the same.

        The latter serves the task's words from then on, and nothing is registered. Where calls that people made before
        are answered otherwise now, the version waits for a person.
        Raises `NameTaken` or `Superseded` where the registry has changed since.
        """
        old = brief.replaces
        known = self._registered(function.name)
        is_here = known is not None and known.digest == function.digest  # by a turn of the task that was cut short
        near = None if old or is_here else self._twins.nearest(function, evidence, brief.task)
        if near and near.is_twin:
            return self._instead(near, function, brief.task)
        done = self._replayed(old, function, evidence) if old else Replay(calls=0, differences=())
        counted = (
            {"replay": {"calls": done.calls, "different": len(done.differences), "missed": done.missed}} if old else {}
        )
        counted |= self.shelf.evidence(function, brief.askers, "an earlier version") | self._nearly(near, function)
        version = self.promoter.admit(function, {**evidence, **counted}, replaces=old, waits=bool(done.differences))
        if old is not None and done.differences:
            self.operations.keep_differences(rows_of(old, version, done))
        self._tell_admitted(version, verdict, **facts)
        return version

    @property
    def _twins(self) -> Twins:
        """What finds functions that are there already."""
        limits = self.limits
        return Twins(registry=self.registry, operations=self.operations, sandboxes=self.sandboxes, limits=limits)

    def _instead(self, twin: Near, function: Function, task: Task) -> Version:
        """The function that does the same, which the task's words mean from now on."""
        version = twin.version
        if not (task.examples or task.wishes):  # else the words alone mean something wider
            self.operations.learn(task.text, version.name, f"does the same as {function.name}")
        self._tell("function.twin", **version_facts(version), made=function.name, **twin.counts)
        return version

    def _nearly(self, near: Near | None, function: Function) -> dict[str, Any]:
        """What the evidence holds of a function that does nearly the same, which is told; nothing where none does."""
        if near is None:
            return {}
        self._tell("function.near", **version_facts(near.version), made=function.name, **near.counts)
        return {"near": near.as_json()}

    def _replayed(self, old: Version, function: Function, evidence: Mapping[str, Any]) -> Replay:
        """The recorded calls of the version before, made on both, each where it would run."""
        calls = self.operations.recorded_calls(old.name)
        new = replace(old, function=function, evidence=evidence)
        places = self.sandboxes.for_run(old), self.sandboxes.for_run(new)
        done = replay(old, function, calls, places, self.limits)
        if calls:
            self._tell("calls.replayed", name=function.name, **counts_of(done))
        return done

    def _locked(self, function: Function) -> Function:
        """The function with a lock that the package index bears out; its own where that holds. Raises `NotPromoted`."""
        found = self.shelf.locked(function.manifest.requirements, keeping=function.lock)
        if found.fault:
            raise NotPromoted(
                f"`{function.name}` needs packages that cannot be had: {found.fault}",
                advice="Mend `requirements` in function.json, or remove requirements.lock to have it made anew.",
                kept="The registry is as it was.",
                findings=[found.fault],
            )
        return replace(function, lock=found.lock)

    def _registered(self, name: str) -> Version | None:
        """The version that a newcomer of that name would follow."""
        try:
            return self.registry.get(name)
        except UnknownFunction:
            return None

    def _tell_admitted(self, version: Version, verdict: Verdict, **facts: object) -> None:
        if version.status is not Status.TESTING:
            self._tell("function.approved", **version_facts(version), summary=verdict.summary, **facts)
        self._tell(STANDS.get(version.status, "function.waits"), **version_facts(version))

    def _tell(self, action: str, **facts: object) -> None:
        self.listener(Event(action=action, facts=facts))


def counts_of(done: Replay) -> dict[str, int]:
    """How many calls were compared, how many of them are answered otherwise, and how many could not be compared."""
    return {"calls": done.calls, "different": len(done.differences), "missed": done.missed}


def rows_of(old: Version, new: Version, done: Replay) -> list[Difference]:
    """What answers otherwise, for whoever approves: it is people's data and stays out of git."""
    return [
        Difference(
            function=new.name,
            old=old.version,
            new=new.label,
            arguments=changed.arguments,
            before=changed.before,
            after=changed.after,
        )
        for changed in done.differences
    ]
