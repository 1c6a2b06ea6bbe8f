"""What every check gets to see: the candidate, the sandbox, and what people were promised."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from agent.evidence.standing import Candidate
from agent.source.signature import Signature, read_signature
from agent.specification import Specification
from agent.types import CheckResult, Task
from registry import Example, Function
from sandbox import Limits, Sandbox, TestReport

TEST_LIMITS = Limits(wall_clock_s=30.0)
"""A suite may take longer than a call: it makes many."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One candidate before the gate."""

    function: Function
    sandbox: Sandbox
    task: Task
    """What it was made for: a person's examples and arguments bind it."""
    earlier_tests: str = ""
    """The tests of the version this one is to replace."""
    limits: Limits = field(default_factory=Limits)
    """What one call may use."""
    specification: Specification | None = None
    """What it was made to; None for a function that came from elsewhere."""
    suites: tuple[str, ...] = ()
    """Its tests by author, where several wrote some; else there is the one suite that it brings."""
    model: str = ""
    """Who wrote it, as `provider/model`."""
    rivals: tuple[Candidate, ...] = ()
    """Other functions that were written for the same task."""
    answers: tuple[Example, ...] = ()
    """What a person answered to questions about it."""
    callees: Mapping[str, str] = field(default_factory=dict)
    """The versions of the functions that it may call, by name."""
    second: Sandbox | None = None
    """Another sandbox that can run it too, with the same around it."""
    only: str = ""
    """Why the first sandbox could not run it, where it stands before the gate in the second one alone."""

    def moved(self, why: str) -> "Trial":
        """The same in the second sandbox alone, where there is one and a reason."""
        return replace(self, sandbox=self.second, second=None, only=why) if self.second and why else self

    @property
    def by_author(self) -> tuple[str, ...]:
        """The suites, one or several."""
        return self.suites or (self.function.tests,)

    @property
    def signature(self) -> Signature:
        """The candidate's signature. Raises `UnreadableSignature`; the first check sees to that."""
        return read_signature(self.function.source)

    def run_suite(self, source: str, tests: str | None = None) -> TestReport:
        """What the tests say of a source: the candidate's own, a stub, or another."""
        files: Mapping[str, str] = {
            "function.py": source,
            "test_function.py": self.function.tests if tests is None else tests,
        }
        return self.sandbox.run_tests(files, TEST_LIMITS)


class Check(Protocol):
    """One question to a candidate."""

    def __call__(self, trial: Trial) -> CheckResult:
        """The answer. Never raises for what the candidate does wrong."""
        ...


def describe(report: TestReport, limit: int = 6) -> tuple[str, ...]:
    """The report's failures in words, one a test, at most `limit` of them."""
    bad = [outcome for outcome in report.outcomes if outcome.outcome != "passed"]
    lines = [f"{short(outcome.test_id)} {outcome.outcome}: {last_lines(outcome.message)}" for outcome in bad[:limit]]
    if len(bad) > limit:
        lines.append(f"and {len(bad) - limit} more")
    if not bad and report.failure is not None:
        lines.append(f"{report.failure.message}: {last_lines(report.failure.traceback)}".rstrip(": "))
    return tuple(lines)


def short(test_id: str) -> str:
    """The test's name without the file's."""
    return test_id.rpartition("::")[2] or test_id


def last_lines(text: str, count: int = 6) -> str:
    """The lines where pytest says what was expected and what came, without its drawing of the difference."""
    marked = [line.removeprefix("E").strip() for line in text.splitlines() if line.startswith("E ")]
    telling = [line for line in marked or text.splitlines() if line and not line.startswith(("- ", "+ ", "? "))]
    return " / ".join(telling[:count])
