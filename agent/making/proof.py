"""Completes the verdict on the candidate that the evidence chose: suspect tests left out, the last checks made."""

from collections.abc import Sequence
from dataclasses import replace

from agent.checks import agreement, green
from agent.evidence.jury import Decision
from agent.making.candidates import Candidates, Work, function_of
from agent.source.suites import tests_in, without
from agent.types import Attempt, CheckResult, Verdict
from agent.validator import ENTRY, STRENGTH, validate
from registry import Function


def proven(candidates: Candidates, work: Work, places: Sequence[int], decision: Decision) -> Attempt:
    """The chosen candidate with its whole verdict."""
    chosen = decision.chosen or 0
    attempt = work.slots[places[chosen]]
    function, entry = function_of(attempt), attempt.verdict.results
    suspect = failed_by(attempt)
    agreed = agreement.result_of(decision, chosen)
    if suspect:
        function, entry = without_suspects(candidates, work, attempt, suspect)
        agreed = replace(agreed, evidence={**agreed.evidence, "suspect_tests": list(suspect)})
    if not all(result.passed for result in entry):
        return replace(attempt, verdict=replace(attempt.verdict, results=entry))
    rivals = work.candidates([place for place in places if place != places[chosen]])
    trial = candidates.trial(work.brief, function, attempt.model, tuple(rivals)).moved(attempt.verdict.only)
    strength = validate(trial, STRENGTH)
    if strength.only != trial.only:  # all of it must have been shown in one sandbox
        entry = validate(trial.moved(strength.only), ENTRY).results
    results = (*entry, agreed, *strength.results)
    verdict = Verdict(results=results, environments=strength.environments, only=strength.only)
    return replace(attempt, function=function, verdict=verdict)


def disputed(work: Work, places: Sequence[int], decision: Decision) -> bool:
    """True where it is not plain that the tests are wrong which the chosen candidate fails.

    Another one that stands passes them, or no other one and no person's answer is on the candidate's side. Tests of the
    version before are never wrong.
    """
    standings, chosen = decision.evidence["candidates"], decision.chosen or 0
    failed = set(failed_by(work.slots[places[chosen]]))
    able = [work.slots[place] for place, standing in zip(places, standings, strict=True) if not standing["fallen"]]
    alone = len(standings[chosen]["alike"]) == 1 and not work.brief.answers
    if not failed or failed & set(tests_in(work.brief.kept_tests)):
        return False
    return alone or any(ran_suite(other) and not failed <= set(failed_by(other)) for other in able)


def hopeless(attempt: Attempt) -> bool:
    """True where most tests fail: then the candidate is wrong, and there is nothing to ask a person."""
    counts = next((result.evidence for result in attempt.verdict.results if result.check == green.NAME), {})
    return bool(counts) and counts["passed"] * 2 < counts["tests"]


def failed_by(attempt: Attempt) -> list[str]:
    """The tests that the candidate failed."""
    return next(
        (list(result.evidence["failed"]) for result in attempt.verdict.results if result.check == green.NAME), []
    )


def ran_suite(attempt: Attempt) -> bool:
    """True where tests came to an end: a suite that was stopped has failed no test by name, and passed none."""
    return any(result.check == green.NAME and result.evidence["tests"] for result in attempt.verdict.results)


def without_suspects(
    candidates: Candidates, work: Work, attempt: Attempt, suspect: Sequence[str]
) -> tuple[Function, tuple[CheckResult, ...]]:
    """The function without the tests it fails, where most tests remain and none of these is an older promise."""
    brief, function = work.brief, function_of(attempt)
    older = set(tests_in(brief.kept_tests))
    kept = [name for name in tests_in(brief.suite) if name not in suspect]
    if older & set(suspect) or len(kept) <= len(suspect):
        return function, attempt.verdict.results
    function = replace(function, tests=brief.function(function.source, tests=without(brief.suite, suspect)).tests)
    return function, candidates.judge(brief, function, attempt.model).results
