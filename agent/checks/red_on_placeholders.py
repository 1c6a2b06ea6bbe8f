"""Check: the suite fails by assertion on stubs that return typed placeholders.

`f(1); assert True` is red on a stub that raises, and green on one that returns anything at all.
"""

from agent.checks.stubs import placeholder_stub, placeholders
from agent.checks.trial import Trial
from agent.types import CheckResult

NAME = "red on placeholders"


def check(trial: Trial) -> CheckResult:
    """Passed where no constant of the declared type satisfies the suite."""
    signature = trial.signature
    values = placeholders(signature.output_schema)
    findings = tuple(
        f"a function that always returns {value!r} is not caught by any assertion: test the result's value"
        for value in values
        if not caught(trial, placeholder_stub(signature, value))
    )
    return CheckResult(
        check=NAME,
        passed=not findings,
        summary=f"{len(values) - len(findings)} of {len(values)} constant stubs caught",
        findings=findings,
        evidence={"placeholders": values, "caught": len(values) - len(findings)},
    )


def caught(trial: Trial, stub: str) -> bool:
    """True where each suite has a test that fails on the stub by an `assert`.

    An error that does not come says nothing of values.
    """
    return all(
        any(outcome.exception == "AssertionError" for outcome in trial.run_suite(stub, suite).outcomes
            if outcome.outcome == "failed")
        for suite in trial.by_author
    )  # fmt: skip
