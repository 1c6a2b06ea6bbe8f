"""Check: every test passes on the candidate, the same tests that were red on the stub."""

from agent.checks.trial import Trial, describe
from agent.types import CheckResult

NAME = "green"


def check(trial: Trial) -> CheckResult:
    """Passed where nothing failed, was skipped or went missing."""
    report = trial.run_suite(trial.function.source)
    passed = sum(outcome.outcome == "passed" for outcome in report.outcomes)
    total = len(report.outcomes)
    return CheckResult(
        check=NAME,
        passed=report.ok,
        summary=f"{passed}/{total} tests" if total else "the tests did not run",
        findings=() if report.ok else describe(report),
        evidence={"tests": total, "passed": passed},
    )
