"""How Python callers say what they want: examples, requirements, and the names that are public."""

import subprocess
import sys

import pytest

import agent
from agent.api import log, sorted_requirements
from agent.errors import BadTask
from agent.examples import read_example, read_examples
from agent.loop import MOST_TASK_CHARS, refuse_unreadable
from agent.types import CheckResult, Event, Task, Verdict
from registry import Example

WANTED = Example.model_validate({"in": {"text": "a b"}, "out": 2})


@pytest.mark.parametrize(
    "example", [WANTED, ({"text": "a b"}, 2), [{"text": "a b"}, 2], {"in": {"text": "a b"}, "out": 2}]
)
def test_an_example_has_three_forms(example):
    """A pair, an object with `in` and `out`, or an `Example` mean the same."""
    assert read_example(example) == WANTED


def test_values_in_examples_cross_as_json():
    """Dates and tuples are taken in the form in which they reach the function."""
    import datetime

    example = read_example(({"day": datetime.date(2026, 2, 3), "n": (1, 2)}, {3}))
    assert (example.arguments, example.output) == ({"day": "2026-02-03", "n": [1, 2]}, [3])


@pytest.mark.parametrize(
    "example",
    ["a b", 5, None, ("a", 2), ({"text": "a"},), ({"text": "a"}, 1, 2), {"in": {"text": "a"}}, {"in": "a", "out": 2},
     {"in": {"text": "a"}, "out": 2, "why": "x"}, ({"text": object()}, 2), ({"text": float("nan")}, 2)],
)  # fmt: skip
def test_what_is_no_example_is_bad_input(example):
    """Anything else is refused before a model or a sandbox is asked."""
    with pytest.raises(BadTask) as caught:
        read_example(example)
    assert caught.value.advice


def test_none_is_a_result_like_any_other():
    """An example may promise None."""
    assert read_examples([({"text": ""}, None), {"in": {}, "out": None}])[0].output is None


def test_requirements_are_packages_or_sentences():
    """PEP 508 names are packages; whatever else is said is a wish."""
    packages, wishes = sorted_requirements(["numpy", "pandas>=2", "must ignore case", "no more than 3 lines", ""])
    assert packages == ("numpy", "pandas>=2")
    assert wishes == ("must ignore case", "no more than 3 lines", "")


@pytest.mark.parametrize("text", ["", "  \n", "x" * (MOST_TASK_CHARS + 1), "x" * 1_000_000, "half \ud800"])
def test_a_text_that_is_no_wish_is_refused(text):
    """Empty, endless and broken texts are the caller's to mend; the error stays short."""
    with pytest.raises(BadTask) as caught:
        refuse_unreadable(Task(text=text))
    assert caught.value.advice
    assert len(str(caught.value)) < 200


def test_a_verdict_without_checks_is_no_pass():
    """Nothing shown is nothing proven."""
    good = CheckResult(check="a", passed=True, summary="fine")
    bad = CheckResult(check="b", passed=False, summary="not fine", findings=("why",))
    assert not Verdict(results=()).passed
    assert Verdict(results=(good,)).passed
    both = Verdict(results=(good, bad))
    assert (both.passed, both.summary, both.findings) == (False, "b: not fine", ("why",))


def test_every_public_name_is_there():
    """`agent.__all__` is what can be imported, sorted; other names are not."""
    assert list(agent.__all__) == sorted(agent.__all__)
    assert all(getattr(agent, name).__name__ == name for name in agent.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        agent.no_such_name  # noqa: B018


def test_importing_the_package_imports_nothing_heavy():
    """What needs no function pays for none: the libraries come with the first use."""
    heavy = {"rapidfuzz", "sqlalchemy", "git", "ollama", "httpx", "eryx", "pytest", "pydantic", "rich", "typer"}
    code = f"import sys, agent, agent.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_progress_goes_to_the_logger(caplog: pytest.LogCaptureFixture):
    """What takes long, and every step, can be followed from Python by the logger `kowal`."""
    with caplog.at_level("INFO", logger="kowal"):
        log(Event(action="progress", facts={"line": "Proving 1/8"}))
        log(Event(action="match.found", facts={"name": "count_words"}))
    assert [record.getMessage() for record in caplog.records] == ["Proving 1/8", "match.found {'name': 'count_words'}"]
