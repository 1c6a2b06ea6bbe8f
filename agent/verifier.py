"""Derives a verdict anew, offline, from what git holds, and says what has changed since it was first reached."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.checks.trial import Trial
from agent.evidence.standing import Candidate
from agent.specification import Specification
from agent.types import CheckResult, Task, Verdict
from agent.validator import validate
from registry import Example, Version
from sandbox import Limits, Sandbox


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What a second look at a version showed."""

    version: Version
    verdict: Verdict
    """As it is reached today."""
    changed: tuple[str, ...]
    """What is not as it was: the sandbox, its Python, its pytest."""
    differs: tuple[str, ...]
    """Checks whose answer is not the one that git holds."""

    @property
    def holds(self) -> bool:
        """True where the version would still be let in."""
        return self.verdict.passed


def verify(version: Version, sandbox: Sandbox, limits: Limits, *, explain: bool = False) -> Verification:
    """The verdict on a version as it is reached now; `explain` asks all checks. No model is asked.

    Raises `SandboxError`.
    """
    verdict = validate(trial_of(version, sandbox, limits), explain=explain)
    kept = version.evidence.get("verdict", {})
    return Verification(
        version=version,
        verdict=verdict,
        changed=changes(kept.get("environment", {}), sandbox.environment()),
        differs=differences(kept.get("checks", ()), verdict.results),
    )


def trial_of(version: Version, sandbox: Sandbox, limits: Limits) -> Trial:
    """The version before the gate once more, with all that git holds of how it was made."""
    evidence, function = version.evidence, version.function
    provenance = evidence.get("provenance", {})
    specification = evidence.get("specification")
    return Trial(
        function=function,
        sandbox=sandbox,
        task=Task(text=str(provenance.get("task", function.manifest.description))),
        limits=limits,
        specification=Specification.model_validate(specification) if specification else None,
        model=str(provenance.get("model", "")),
        rivals=tuple(Candidate(**rival) for rival in evidence.get("rivals", ())),
        answers=tuple(map(Example.model_validate, evidence.get("answers", ()))),
    )


def changes(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Each part of the environment that is another now."""
    return tuple(
        f"{name}: {then[name]} then, {now.get(name, 'none')} now" for name in then if then[name] != now.get(name)
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
