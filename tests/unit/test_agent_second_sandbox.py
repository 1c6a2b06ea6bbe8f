"""What counts as a difference between two sandboxes. Nothing is run: each tells what a test wants it to."""

from collections.abc import Mapping
from typing import Any

import pytest

from agent.checks import second_sandbox
from agent.checks.second_sandbox import alike, beyond
from agent.checks.trial import Trial
from agent.types import CheckResult, Task
from agent.validator import shown_in, validate
from registry import Example, Function, Manifest
from sandbox import Answer, Calls, Failure, FailureKind, Limits, SandboxError, TestOutcome, TestReport

SOURCE = 'def f(x: int) -> int:\n    """X."""\n    return x\n'
TESTS = "from function import f\n\n\ndef test_one():\n    assert f(1) == 1\n"
SCHEMA = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
PASSED = TestReport(outcomes=(TestOutcome(test_id="test_function.py::test_one", outcome="passed"),))


class Told:
    """A sandbox that gives one answer to all calls and one report to all suites, or breaks."""

    def __init__(
        self,
        name: str,
        answer: Answer,
        *,
        python: str = "3.14.0",
        report: TestReport = PASSED,
        broken: SandboxError | None = None,
    ) -> None:
        self.name, self.answer, self.python, self.report, self.broken = name, answer, python, report, broken

    def call_many(self, calls: Calls, limits: Limits | None = None) -> tuple[Answer, ...]:
        """The answer, once a call."""
        del limits
        return tuple(self.answer for _ in calls.calls)

    def run_tests(self, files: Mapping[str, str], limits: Limits | None = None) -> TestReport:
        """The report."""
        del files, limits
        if self.broken:
            raise self.broken
        return self.report

    def environment(self) -> dict[str, str]:
        """Its Python."""
        return {"backend": self.name, "python": self.python, "engine": "told"}


def gives(value: Any, shape: str = "") -> Answer:
    """An answer."""
    return Answer(value=value, shape=shape)


def fails(message: str, kind: FailureKind = FailureKind.EXCEPTION) -> Answer:
    """A failure; its exception is what stands before the colon."""
    return Answer(failure=Failure(kind=kind, message=message, exception=message.partition(":")[0]))


def trial(here: Told, there: Told | None, **more: Any) -> Trial:
    """The function before both."""
    manifest = Manifest(name="f", description="X.", input_schema=SCHEMA, output_schema={"type": "integer"},
                        examples=(Example(arguments={"x": 3}, output=3),))  # fmt: skip
    function = Function(manifest=manifest, source=SOURCE, tests=TESTS)
    return Trial(function=function, sandbox=here, second=there, task=Task(text="x"), **more)  # type: ignore[arg-type]


def checked(here: Told, there: Told | None, **more: Any) -> CheckResult:
    """What the check says."""
    return second_sandbox.check(trial(here, there, **more))


def test_without_a_second_sandbox_nothing_is_asked() -> None:
    """It passes, and the evidence claims one sandbox."""
    alone = trial(Told("wasm", gives(1)), None)
    result = second_sandbox.check(alone)
    assert (result.passed, result.summary, dict(result.evidence)) == (True, "", {})
    assert [place["backend"] for place in shown_in(alone, [result])] == ["wasm"]


def test_the_same_in_both_is_said() -> None:
    """It passes, says on how many inputs, and the evidence claims both."""
    both = trial(Told("wasm", gives(1)), Told("docker", gives(1), python="3.14.8"))
    result = second_sandbox.check(both)
    assert result.passed
    assert result.summary.startswith("the same in docker (CPython 3.14.8, told) on ")
    assert result.evidence["inputs"] > 20
    assert [place["backend"] for place in shown_in(both, [result])] == ["wasm", "docker"]


def test_another_value_is_a_finding_in_words() -> None:
    """The call, both answers and both places: what a model needs to mend it."""
    both = trial(Told("wasm", gives(2)), Told("docker", gives(3), python="3.14.8"))
    result = second_sandbox.check(both)
    assert not result.passed
    assert len(result.findings) == second_sandbox.MOST_FINDINGS
    wanted = "gives 2 in wasm (CPython 3.14.0, told) and gives 3 in docker (CPython 3.14.8, told)"
    assert result.findings[0].startswith("f(x=")
    assert wanted in result.findings[0]
    assert [place["backend"] for place in shown_in(both, [result])] == ["wasm"]


def test_a_test_that_fails_there_is_a_finding() -> None:
    """The suite's outcomes are compared one by one."""
    bad = TestOutcome(
        test_id="test_function.py::test_one", outcome="failed", exception="AssertionError", message="E   assert 1 == 2"
    )
    report = TestReport(outcomes=(bad,), failure=Failure(kind=FailureKind.TESTS_FAILED, message="1 failed"))
    result = checked(Told("wasm", gives(1)), Told("docker", gives(1), report=report))
    assert not result.passed
    assert "test_one passed in wasm" in result.findings[0]
    assert "failed (assert 1 == 2) in docker" in result.findings[0]


def test_a_test_that_fails_in_both_is_no_difference() -> None:
    """That is for the check `green` to say, where all checks are asked."""
    bad = TestOutcome(test_id="test_function.py::test_one", outcome="failed", message="E   assert 1 == 2")
    report = TestReport(outcomes=(bad,), failure=Failure(kind=FailureKind.TESTS_FAILED, message="1 failed"))
    assert checked(Told("wasm", gives(1), report=report), Told("docker", gives(1), report=report)).passed


def test_a_suite_that_does_not_load_there_is_a_finding() -> None:
    """No outcome at all is one, too."""
    report = TestReport(failure=Failure(kind=FailureKind.CRASH, message="it brought the interpreter down"))
    result = checked(Told("wasm", gives(1)), Told("docker", gives(1), report=report))
    assert not result.passed
    assert "the suite runs in wasm" in result.findings[0]
    assert "brought the interpreter down" in result.findings[0]


def test_another_minor_version_makes_a_difference_a_note() -> None:
    """It is kept in the evidence as a version difference, is no finding, and the second place is not claimed."""
    both = trial(Told("wasm", gives(2)), Told("docker", gives(3), python="3.13.5"))
    result = second_sandbox.check(both)
    assert (result.passed, result.findings) == (True, ())
    assert "gives 3 in docker (CPython 3.13.5" in result.evidence["version_differences"][0]
    assert "differences in docker (CPython 3.13.5" in result.summary
    assert [place["backend"] for place in shown_in(both, [result])] == ["wasm"]


def test_the_same_under_another_minor_version_counts() -> None:
    """Where nothing differs, both places are claimed."""
    both = trial(Told("wasm", gives(2)), Told("docker", gives(2), python="3.13.5"))
    assert len(shown_in(both, [second_sandbox.check(both)])) == 2


@pytest.mark.parametrize(
    "lack", ["ModuleNotFoundError: No module named '_gdbm'", "RuntimeError: can't start new thread"]
)
def test_what_cannot_run_there_is_no_finding(lack: str) -> None:
    """It is said, and the second place is not claimed."""
    both = trial(Told("wasm", gives(2)), Told("docker", fails(lack)))
    result = second_sandbox.check(both)
    assert (result.passed, result.findings) == (True, ())
    assert result.summary.startswith("not in docker: ")
    assert lack in result.summary
    assert [place["backend"] for place in shown_in(both, [result])] == ["wasm"]


def test_an_engine_at_fault_is_no_fault_of_the_function() -> None:
    """What the engine says is kept; the second place is not claimed."""
    result = checked(Told("wasm", gives(1)), Told("docker", gives(1), broken=SandboxError("the engine is gone")))
    assert (result.passed, result.findings) == (True, ())
    assert result.summary == "not in docker: it could not be asked: the engine is gone"
    assert not result.evidence["same"]


def test_the_first_sandbox_at_fault_is_an_error() -> None:
    """Nothing can be said of a function then."""
    report = TestReport(failure=Failure(kind=FailureKind.CRASH, message="x"))
    broken = Told("wasm", gives(1), broken=SandboxError("gone"))
    with pytest.raises(SandboxError):
        checked(broken, Told("docker", gives(1), report=report))


def test_a_suite_that_was_stopped_there_is_no_finding() -> None:
    """How fast a machine is says nothing of the function."""
    report = TestReport(failure=Failure(kind=FailureKind.TIMEOUT, message="it was stopped after 30 s"))
    result = checked(Told("wasm", gives(1)), Told("docker", gives(1), report=report))
    assert (result.passed, result.summary) == (True, "not in docker: it was stopped after 30 s")


@pytest.mark.parametrize(
    ("here", "there", "same"),
    [
        (gives(1), gives(1.0), True),
        (gives(0.1 + 0.2), gives(0.3), True),
        (gives(1), gives(True), False),
        (gives([1, 2], "list"), gives([1, 2], "tuple"), False),
        (gives({"a": 1, "b": 2}), gives({"b": 2, "a": 1}), True),
        (gives(None), fails("ValueError: x"), False),
        (fails("ValueError: x"), fails("ValueError: y"), True),
        (fails("ValueError: x"), fails("KeyError: x"), False),
        (gives(1), fails("", FailureKind.TIMEOUT), True),
        (gives(1), fails("", FailureKind.MEMORY), True),
        (gives(1), fails("", FailureKind.CRASH), False),
    ],
)
def test_when_two_answers_are_alike(here: Answer, there: Answer, same: bool) -> None:
    """Values as people compare them, containers by kind, errors by class; limits of a machine fit everything."""
    assert alike(here, there) is same
    assert alike(there, here) is same


@pytest.mark.parametrize(
    "finding",
    [
        "test_all failed: RuntimeError: can't start new thread",
        "function.py line 1: there is no module `fcntl`",
        "function.py line 4: `os` has no `fork`",
        "test_x failed: AttributeError: module 'os' has no attribute 'WNOHANG'",
        "test_x failed: NotImplementedError: This Python build lacks multiprocessing.synchronize, usually due to",
        "test_x failed: OSError: [Errno 58] wasi does not support processes.",
        "test_x failed: OSError: bind() not supported in sandbox",
        "ZoneInfoNotFoundError: 'No time zone found with key Europe/Warsaw'",
    ],
)
def test_what_the_guest_lacks_is_known_by_its_words(finding: str) -> None:
    """As the guest says it, measured; a plain wrong answer says nothing of the kind."""
    assert beyond(["assert 1 == 2", finding]) == finding
    assert beyond(["assert 1 == 2", "KeyError: 'x'"]) == ""


def lacking(trial: Trial) -> CheckResult:
    """A check that the first sandbox fails for want of threads, and the second by a wrong answer."""
    wrong = {"wasm": "RuntimeError: can't start new thread", "docker": "assert 1 == 2", "good": ""}[trial.sandbox.name]
    return CheckResult(check="lacking", passed=not wrong, summary=wrong, findings=(wrong,) if wrong else ())


def test_what_the_first_lacks_has_all_asked_of_the_second_alone() -> None:
    """The verdict is that of the second sandbox, and says why the first is left out."""
    both = trial(Told("wasm", gives(1)), Told("good", gives(1)))
    verdict = validate(both, [lacking, second_sandbox.check])
    assert verdict.passed
    assert verdict.validated_on == ("good",)
    assert verdict.only == "RuntimeError: can't start new thread"
    assert verdict.summary == "only in good: RuntimeError: can't start new thread"


def test_a_fault_that_shows_in_the_second_is_the_one_that_is_told() -> None:
    """A model is told what is wrong with its code, not what the first sandbox lacks."""
    verdict = validate(trial(Told("wasm", gives(1)), Told("docker", gives(1))), [lacking])
    assert verdict.findings == ("assert 1 == 2",)


def test_what_both_lack_is_told_as_the_first_says_it() -> None:
    """A module that nobody has is the code's fault, not the sandbox's."""

    def typo(trial: Trial) -> CheckResult:
        finding = f"`os` has no `frok` in {trial.sandbox.name}"
        return CheckResult(check="typo", passed=False, summary=finding, findings=(finding,))

    verdict = validate(trial(Told("wasm", gives(1)), Told("docker", gives(1))), [typo])
    assert verdict.findings == ("`os` has no `frok` in wasm",)
    assert verdict.only == ""
