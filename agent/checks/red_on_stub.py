"""Check: every test is collected, and fails on a stub that raises its own marker error.

A test that passes on the stub shows nothing about the function; one that fails for want of an import, or by an
assertion that has nothing to do with the stub's error, shows nothing either.
"""

from agent.checks.stubs import MARKER, raising_stub
from agent.checks.trial import Trial, describe, last_lines, short
from agent.types import CheckResult
from sandbox import FailureKind, TestOutcome, TestReport

NAME = "red on stub"


def check(trial: Trial) -> CheckResult:
    """Passed where each test reaches the function and minds what it does."""
    report = trial.run_suite(raising_stub(trial.signature))
    if report.failure is not None and report.failure.kind is not FailureKind.TESTS_FAILED:
        return not_collected(report)
    findings = tuple(fault for outcome in report.outcomes if (fault := fault_of(outcome)))
    total = len(report.outcomes)
    return CheckResult(
        check=NAME,
        passed=not findings,
        summary=f"red on the stub {total - len(findings)}/{total}",
        findings=findings,
        evidence={"tests": total, "red": total - len(findings)},
    )


def fault_of(outcome: TestOutcome) -> str:
    """Why the test's outcome on the stub is no valid red; empty where it is one."""
    name = short(outcome.test_id)
    if outcome.outcome == "passed":
        return f"{name} passes even on a function that only raises an error: it checks nothing"
    if outcome.outcome != "failed":
        return f"{name} ended as `{outcome.outcome}`: tests may not be skipped, expected to fail, or break in set-up"
    if not outcome.by_assertion and not outcome.exception.endswith(MARKER):
        return f"{name} is broken by itself, before it reaches the function: {last_lines(outcome.message, 2)}"
    if outcome.by_assertion and MARKER not in outcome.message:  # an assertion about the stub's error shows it
        return f"{name} fails without reaching the function, or hides its errors: {last_lines(outcome.message, 2)}"
    return ""


def not_collected(report: TestReport) -> CheckResult:
    """The suite could not even be loaded or finished on a stub that imports well."""
    failure = report.failure
    summary = failure.message if failure is not None else "the tests did not run"
    hint = "import only the function itself, with `from function import NAME`, and the standard library or pytest"
    return CheckResult(check=NAME, passed=False, summary=summary, findings=(*describe(report), hint))
