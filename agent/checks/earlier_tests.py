"""Check: what the earlier version promised still holds."""

from agent.checks.denials import denials
from agent.checks.trial import Trial, describe
from agent.types import CheckResult

NAME = "earlier tests"


def check(trial: Trial) -> CheckResult:
    """Passed where every test of the version to be replaced passes on the candidate, or there is none."""
    if not trial.earlier_tests:
        return CheckResult(check=NAME, passed=True, summary="")
    report = trial.run_suite(trial.function.source, trial.earlier_tests)
    denied = denials(trial, [trial.earlier_tests]) if report.ok else ()
    passed = sum(outcome.outcome == "passed" for outcome in report.outcomes)
    return CheckResult(
        check=NAME,
        passed=report.ok and not denied,
        summary=f"{passed}/{len(report.outcomes)} earlier tests",
        findings=denied if report.ok else describe(report),
        evidence={"tests": len(report.outcomes), "passed": passed},
    )
