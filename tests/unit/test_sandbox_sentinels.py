"""What the host makes of a test report: its own tests among the others say whether it can be believed."""

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import FailureKind, Limits, Surroundings, TestReport
from sandbox.base import BaseSandbox
from sandbox.sentinels import watched

Entry = dict[str, Any]
SUITE = "def test_it():\n    assert True\n"


class Guest(BaseSandbox):
    """A guest that reports the given outcomes of its own, and what `forge` makes of those of the host's tests."""

    name = "guest"

    def __init__(self, words: list[str], forge: Callable[[list[Entry]], list[Entry]], **more: Any) -> None:
        self.own = [{"test_id": f"test_it.py::test_{number}", "outcome": word} for number, word in enumerate(words)]
        self.forge, self.more = forge, more

    def _exchange(self, request: Mapping[str, Any], limits: Limits, around: Surroundings) -> dict[str, Any]:
        theirs = [entry for name, text in request["files"].items() for entry in honest(name, text)]
        return {"tests": [*self.own, *self.forge(theirs)], **self.more}


def honest(name: str, text: str) -> list[Entry]:
    """How the host's tests in a file end when they are run."""
    found = re.findall(r"^def (test_[0-9a-f]{16})\(\):\n    (.+)", text, re.MULTILINE)
    ends = ((test, "passed" if re.fullmatch(r"assert \d+", body) else "failed") for test, body in found)
    return [{"test_id": f"{name}::{test}", "outcome": end} for test, end in ends]


def green(entries: list[Entry]) -> list[Entry]:
    """All of them passed."""
    return [entry | {"outcome": "passed"} for entry in entries]


def report_of(
    words: list[str], forge: Callable[[list[Entry]], list[Entry]] = list, *, suite: str = SUITE, **more: Any
) -> TestReport:
    """The host's report."""
    return Guest(words, forge, **more).run_tests({"function.py": "", "test_it.py": suite})


@pytest.mark.parametrize(
    ("outcomes", "ok"),
    [([], False), (["passed"], True), (["passed", "skipped"], False), (["xpassed"], False), (["nonsense"], False)],
)
def test_a_run_is_good_only_where_all_passed(outcomes: list[str], ok: bool) -> None:
    """No test, a skipped one, or an outcome that nobody knows is no success."""
    assert report_of(outcomes).ok is ok


@pytest.mark.parametrize("suite", [SUITE, "import pytest\npytestmark = []\n", "def test_it(:\n", "def f(x):\n  '"])
@pytest.mark.parametrize(
    "forge",
    [
        green,
        lambda _: [],
        lambda entries: [entry for entry in entries if entry["outcome"] == "passed"],
        lambda entries: entries[1:],
        lambda entries: [entry | {"outcome": "failed"} for entry in entries] + green(entries[:1]),
        lambda entries: [*entries, *green(entries)],
    ],
)
def test_a_good_run_is_believed_only_with_the_hosts_tests(
    suite: str, forge: Callable[[list[Entry]], list[Entry]]
) -> None:
    """Where one of them is missing or ended otherwise, the run is forged, and no outcome of it is told."""
    report = report_of(["passed", "passed"], forge, suite=suite)
    assert report.failure is not None
    assert report.failure.kind is FailureKind.TESTS_FORGED
    assert report.outcomes == ()


def test_what_must_fail_and_passed_is_forged_whatever_else_went_wrong() -> None:
    """A forged pass is told before the other failures of the run."""
    failure = {"kind": "tests-failed", "message": "pytest stopped"}
    for report in (report_of(["failed"], green), report_of(["passed"], green, failure=failure)):
        assert report.failure is not None
        assert report.failure.kind is FailureKind.TESTS_FORGED


@pytest.mark.parametrize("kind", ["timeout", "crash", "tests-failed", "output-limit"])
def test_a_run_that_was_cut_short_keeps_its_failure(kind: str) -> None:
    """Tests of the host's that did not come to run forge nothing where the run says that it failed."""
    report = report_of(["passed"], lambda _: [], failure={"kind": kind, "message": "x"})
    assert report.failure is not None
    assert report.failure.kind == kind
    assert [one.outcome for one in report.outcomes] == ["passed"]


@given(st.text(max_size=80))
def test_any_module_is_sent_whole(text: str) -> None:
    """A module keeps its lines where they are; one that cannot be read is sent as it is."""
    sent = watched({"test_it.py": text, "function.py": text})
    assert sent.files["function.py"] == text
    assert sent.files["test_it.py"].startswith(text.rstrip("\n"))
    assert sent.must
    readable = sent.files["test_it.py"] != text
    assert readable == all(name.startswith("test_it.py::") for name in sent.must)
    for name in {name.partition("::")[0] for name in sent.must}:
        ast.parse(sent.files[name])


def test_nobody_can_know_the_hosts_tests() -> None:
    """Their names, their order and how many must pass differ from run to run."""
    runs = [watched({"test_it.py": SUITE}) for _ in range(50)]
    assert len({name for run in runs for name in run.must}) == sum(len(run.must) for run in runs)
    assert len({tuple(run.must.values()) for run in runs}) > 1


def test_without_a_test_file_nothing_is_added() -> None:
    """Where there is nothing to run, there is nothing to watch."""
    assert watched({"function.py": "x = 1\n"}).files == {"function.py": "x = 1\n"}
