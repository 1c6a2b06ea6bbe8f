"""Check: every test passes on the candidate, the same tests that were red on the stub."""

from agent.checks.denials import denials
from agent.checks.trial import Trial, describe
from agent.types import CheckResult
from sandbox import TestReport

NAME = "green"


def check(trial: Trial) -> CheckResult:
    """Passed where nothing failed, was skipped or went missing, and no test passed that cannot have passed."""
    report = trial.run_suite(trial.function.source)
    passed = sum(outcome.outcome == "passed" for outcome in report.outcomes)
    total = len(report.outcomes)
    denied = denials(trial, trial.by_author) if report.ok else ()
    return CheckResult(
        check=NAME,
        passed=report.ok and not denied,
        summary=f"{passed}/{total} tests" if total else "the tests did not run",
        findings=denied if report.ok else describe(report),
        evidence={"tests": total, "passed": passed, "failed": failed_tests(report)},
    )


def failed_tests(report: TestReport) -> list[str]:
    """The tests at the top of the suite that did not pass, each once."""
    names = [outcome.test_id.partition("::")[2] for outcome in report.outcomes if outcome.outcome != "passed"]
    return list(dict.fromkeys(name.partition("::")[0].partition("[")[0] for name in names))
