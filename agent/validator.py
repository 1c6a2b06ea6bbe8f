"""The gate: runs the checks in their order, cheapest first, and stops at the first that fails."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from agent.checks import (
    earlier_tests,
    examples_hold,
    green,
    mutation,
    readable,
    red_on_placeholders,
    red_on_stub,
    static,
    takes_arguments,
)
from agent.checks.trial import Check, Trial
from agent.types import CheckResult, Verdict

GATE: tuple[Check, ...] = (
    readable.check,
    static.check,
    takes_arguments.check,
    examples_hold.check,
    green.check,
    red_on_stub.check,
    red_on_placeholders.check,
    mutation.check,
    earlier_tests.check,
)
"""The examples come first after reading: they cost milliseconds and are a person's word."""


def validate(trial: Trial, gate: Sequence[Check] = GATE) -> Verdict:
    """The verdict on a candidate. Raises `SandboxError` only where the sandbox itself is at fault."""
    results: list[CheckResult] = []
    for check in gate:
        started = time.perf_counter()
        result = check(trial)
        results.append(replace(result, seconds=round(time.perf_counter() - started, 4)))
        if not result.passed:
            break
    return Verdict(results=tuple(results), environment=trial.sandbox.environment())


def evidence_of(verdict: Verdict, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """What `evidence.json` keeps: the verdict, and where the candidate came from."""
    return {
        "verdict": {
            "passed": verdict.passed,
            "summary": verdict.summary,
            "environment": dict(verdict.environment),
            "checks": [asdict(result) for result in verdict.results],
        },
        "provenance": dict(provenance),
    }
