"""Check: of all candidates for the task this one has the most evidence, and enough of it."""

from collections.abc import Sequence

from agent.checks.trial import Trial
from agent.evidence.calls import promise_of
from agent.evidence.jury import Decision, Ruling, deliberate
from agent.evidence.standing import Candidate, Scale
from agent.specification import misfit
from agent.types import CheckResult

NAME = "agreement"


def check(trial: Trial) -> CheckResult:
    """Passed where the candidates, this one first, are decided in its favour."""
    own = Candidate(source=trial.function.source, model=trial.model)
    return result_of(compare(trial, (own, *trial.rivals)), 0)


def compare(trial: Trial, candidates: Sequence[Candidate], scale: Scale | None = None) -> Decision:
    """What the evidence says of several candidates for what the trial's function is for."""
    specification, answers = trial.specification, tuple(map(promise_of, trial.answers))
    manifest = trial.function.manifest
    stated = [*trial.task.examples, *manifest.examples]
    return deliberate(
        trial.function.name,
        trial.task.text,
        candidates,
        [*trial.by_author, *([trial.earlier_tests] if trial.earlier_tests else [])],
        sandbox=trial.sandbox,
        pinned=tuple(promise for example in stated if (promise := promise_of(example)) not in answers),
        answers=answers,
        promises=tuple(map(promise_of, specification.examples)) if specification else (),
        parameters=manifest.parameters,
        fits=lambda arguments: not misfit(manifest, dict(arguments.named)),
        scale=scale,
    )


def result_of(decision: Decision, place: int) -> CheckResult:
    """What the decision says of the candidate in that place."""
    passed = decision.ruling is Ruling.PROMOTE and decision.chosen == place
    standing = decision.evidence["candidates"][place]
    return CheckResult(
        check=NAME,
        passed=passed,
        summary=summary_of(decision, place),
        findings=() if passed else (*decision.findings, *doubts(decision, place)),
        evidence={**decision.evidence, "alike": len(standing["alike"])},
    )


def summary_of(decision: Decision, place: int) -> str:
    """How many candidates behave like this one, and what that and the tests add up to."""
    evidence = decision.evidence
    standing, total = evidence["candidates"][place], len(evidence["candidates"])
    points = f"{standing['points']:g} points of {evidence['floor']:g}"
    if standing["fallen"]:
        return str(standing["fallen"])
    if total == 1:
        return points
    return f"{len(standing['alike'])} of {total} candidates agree on {evidence['inputs']} inputs, {points}"


def doubts(decision: Decision, place: int) -> tuple[str, ...]:
    """Why a candidate that has not fallen is not the one."""
    if decision.evidence["candidates"][place]["fallen"]:
        return ()
    if decision.chosen != place:
        return (f"another candidate ({(decision.chosen or 0) + 1}) has more evidence on its side",)
    return ("there is too little evidence for it: too few tests or candidates agree",)
