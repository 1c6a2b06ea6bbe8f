"""The gate: which checks there are, in their order, cheapest first; stops at the first that fails."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from agent.checks import (
    agreement,
    earlier_tests,
    examples_hold,
    green,
    mutation,
    properties,
    readable,
    red_on_placeholders,
    red_on_stub,
    rights,
    second_sandbox,
    specified,
    static,
    takes_arguments,
)
from agent.checks.trial import Check, Trial
from agent.types import CheckResult, Verdict

READING: tuple[Check, ...] = (readable.check, static.check, specified.check, takes_arguments.check)
"""What can be said of a candidate without its tests."""
ENTRY: tuple[Check, ...] = (*READING, examples_hold.check, green.check, rights.check)
"""What each candidate by itself must pass. The examples come before the tests: they are a person's word."""
STRENGTH: tuple[Check, ...] = (
    red_on_stub.check,
    red_on_placeholders.check,
    mutation.check,
    properties.check,
    earlier_tests.check,
    second_sandbox.check,
)
"""What the chosen one must pass besides: tests that can fail, and what holds of every function."""
GATE: tuple[Check, ...] = (*ENTRY, agreement.check, *STRENGTH)
"""All of it, for a function that comes alone."""
SUITE_GATE: tuple[Check, ...] = (readable.check, static.check, red_on_stub.check, red_on_placeholders.check)
"""What a suite must pass before any candidate exists."""


def validate(trial: Trial, gate: Sequence[Check] = GATE, *, explain: bool = False) -> Verdict:
    """The verdict on a candidate: the checks up to the first that fails; with `explain` all that can be asked.

    Where it fails for want of what the sandbox lacks, it stands before the whole gate once more in the second one
    alone. Raises `SandboxError` only where the sandbox itself is at fault.
    """
    verdict = answered(trial, gate, explain=explain)
    moved = trial.moved(second_sandbox.beyond(verdict.findings))
    if moved is trial:
        return verdict
    there = answered(moved, gate, explain=explain)
    return verdict if second_sandbox.beyond(there.findings) else there


def answered(trial: Trial, gate: Sequence[Check], *, explain: bool) -> Verdict:
    """What the checks say in the trial's sandbox."""
    results: list[CheckResult] = []
    for check in gate:
        started = time.perf_counter()
        result = check(trial)
        results.append(replace(result, seconds=round(time.perf_counter() - started, 4)))
        if not result.passed and (not explain or result.check == readable.NAME):
            break
    unread = results[-1].check == readable.NAME  # then nothing was run
    return Verdict(results=tuple(results), environments=() if unread else shown_in(trial, results), only=trial.only)


def shown_in(trial: Trial, results: Sequence[CheckResult]) -> tuple[Mapping[str, str], ...]:
    """The sandboxes in which the results were shown: the second one where it was asked and said the same."""
    same = any(result.check == second_sandbox.NAME and result.evidence.get("same") for result in results)
    places = (trial.sandbox, trial.second) if same else (trial.sandbox,)
    return tuple(place.environment() for place in places if place is not None)


def evidence_of(verdict: Verdict, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """What `evidence.json` keeps: the verdict, and where the candidate came from."""
    return {
        "verdict": {
            "passed": verdict.passed,
            "summary": verdict.summary,
            "validated_on": list(verdict.validated_on),
            "environments": [dict(environment) for environment in verdict.environments],
            "checks": [asdict(result) for result in verdict.results],
        },
        "provenance": dict(provenance),
    }
