"""Derives a verdict anew, offline, from what git holds, and says what has changed since it was first reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.brief import script_of
from agent.checks.trial import Trial
from agent.composition import Callee
from agent.evidence.standing import Candidate
from agent.sandboxes import Sandboxes, environments_in, proven_in
from agent.specification import Specification
from agent.types import CheckResult, Task, Verdict
from agent.validator import validate
from registry import Example, Version
from sandbox import Limits, Surroundings


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What a second look at a version showed."""

    version: Version
    verdict: Verdict
    """As it is reached today."""
    changed: tuple[str, ...]
    """What is not as it was: a sandbox, its Python, its pytest."""
    differs: tuple[str, ...]
    """Checks whose answer is not the one that git holds."""
    unchecked: tuple[str, ...] = ()
    """The sandboxes in which it was proven and could not be looked at now, each with the reason."""

    @property
    def holds(self) -> bool:
        """True where the version would still be let in."""
        return self.verdict.passed


def verify(
    version: Version, sandboxes: Sandboxes, limits: Limits, callees: Sequence[Callee] = (), *, explain: bool = False
) -> Verification:
    """The verdict on a version as it is reached now; `explain` asks all checks. No model is asked.

    `callees` are what it calls (`agent.composition.callees_of`).

    It stands before the gate where it was proven, as far as that is to be had. Raises `SandboxUnavailable` where
    nothing of that is, `SandboxError` where a sandbox is at fault.
    """
    verdict = validate(trial_of(version, sandboxes, limits, callees), explain=explain)
    kept = version.evidence.get("verdict", {})
    missed = [name for name in proven_in(version.evidence) if name not in verdict.validated_on]
    reasons = {name: sandboxes.why_not(name, version.function) for name in missed}
    return Verification(
        version=version,
        verdict=verdict,
        changed=changes(environments_in(version.evidence), verdict.environments),
        differs=differences(kept.get("checks", ()), verdict.results),
        unchecked=tuple(f"not checked in {name}: {reason}" for name, reason in reasons.items() if reason),
    )


def trial_of(version: Version, sandboxes: Sandboxes, limits: Limits, callees: Sequence[Callee] = ()) -> Trial:
    """The version before the gate once more, with all that git holds of how it was made."""
    evidence, function = version.evidence, version.function
    provenance = evidence.get("provenance", {})
    specification = evidence.get("specification")
    specified = Specification.model_validate(specification) if specification else None
    script = script_of(specified, callees, function.manifest.grants)
    first, second = sandboxes.for_run(version, Surroundings(script=script)), sandboxes.second(function, script)
    return Trial(
        function=function,
        sandbox=first,
        second=second if second and second.name != first.name else None,
        task=Task(text=str(provenance.get("task", function.manifest.description))),
        limits=limits,
        specification=specified,
        model=str(provenance.get("model", "")),
        rivals=tuple(Candidate(**rival) for rival in evidence.get("rivals", ())),
        answers=tuple(map(Example.model_validate, evidence.get("answers", ()))),
        callees={callee.name: callee.version for callee in callees},
    )


def changes(then: Sequence[Mapping[str, str]], now: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """Each part of an environment that is another now, where there is that back end both times."""
    today = {place["backend"]: place for place in now}
    pairs = [(place, today[place["backend"]]) for place in then if place.get("backend") in today]
    return tuple(
        f"{old['backend']} {name}: {old[name]} then, {new.get(name, 'none')} now"
        for old, new in pairs
        for name in old
        if old[name] != new.get(name)
    )


def differences(then: Any, now: tuple[CheckResult, ...]) -> tuple[str, ...]:
    """Each check that answers otherwise than it did, and each that was not asked then."""
    kept = {entry["check"]: entry["passed"] for entry in then}
    said = {True: "passed", False: "failed", None: "not asked"}
    return tuple(
        f"{result.check}: {said[kept.get(result.check)]} then, {said[result.passed]} now"
        for result in now
        if kept.get(result.check) != result.passed
    )
