"""The jury on real candidates in a real sandbox, and the tests' own proof by mutants."""

from collections.abc import Callable
from typing import Any

import pytest

from agent.checks import mutation
from agent.checks.trial import Trial
from agent.evidence.jury import Decision, Ruling, deliberate
from agent.evidence.standing import Candidate
from agent.evidence.statements import Arguments, Promise
from agent.source.signature import read_signature
from agent.types import CheckResult, Task
from registry import Function, Manifest
from sandbox import Sandbox

TASK = '''def top(numbers: list[int], count: int) -> list[int]:
    """Return the `count` largest numbers, largest first.

    >>> top([1, 3, 2], 2)
    [3, 2]
    """
'''
RIGHT = "def top(numbers, count):\n    return sorted(numbers, reverse=True)[:count]\n"
RIGHT_TOO = (
    "def top(numbers, count):\n    ordered = sorted(numbers)\n    ordered.reverse()\n    return ordered[:count]\n"
)
WITHOUT_REPEATS = "def top(numbers, count):\n    return sorted(set(numbers), reverse=True)[:count]\n"
SMALLEST = "def top(numbers, count):\n    return sorted(numbers)[:count]\n"
ENDLESS = "def top(numbers, count):\n    while True:\n        pass\n"
FICKLE = (
    "seen = []\ndef top(numbers, count):\n    seen.append(1)\n    return sorted(numbers)[::-1][:count] + seen[9:]\n"
)
SUITE = "assert top([5, 4], 1) == [5]\nassert top([2, 2, 1], 2) == [2, 2]\nassert len(top([], 3)) == 0\n"


@pytest.fixture
def jury(wasm: Sandbox) -> Callable[..., Decision]:
    """Decides between sources, each by a model of another family."""

    def decide(*sources: str, suite: str = SUITE, **more: Any) -> Decision:
        models = ("gpt", "qwen", "phi", "falcon", "claude")
        offered = [Candidate(source=source, model=model) for source, model in zip(sources, models, strict=False)]
        return deliberate("top", TASK, offered, [suite], sandbox=wasm, **more)

    return decide


def test_two_right_ones_are_promoted_over_wrong_ones(jury: Callable[..., Decision]) -> None:
    """Different code with the same behaviour is one group; what breaks the task's example or never ends falls."""
    decision = jury(SMALLEST, RIGHT, ENDLESS, RIGHT_TOO)
    assert (decision.ruling, decision.chosen in (1, 3)) == (Ruling.PROMOTE, True)
    assert [finding.partition(":")[0] for finding in decision.findings] == ["candidate 1", "candidate 3"]


def test_a_doubt_becomes_a_question_and_its_answer_decides(jury: Callable[..., Decision]) -> None:
    """Two readings of the task are parted by one concrete input; the answer promotes the right one."""
    first = jury(RIGHT, WITHOUT_REPEATS, suite="assert top([5, 4], 1) == [5]\n")
    assert first.ruling is Ruling.ASK
    assert first.question is not None
    assert [choice.candidates for choice in first.question.choices] == [(1,), (2,)]
    numbers, count = first.question.arguments.positional
    answer = Promise(arguments=first.question.arguments, value=sorted(numbers, reverse=True)[:count])
    second = jury(RIGHT, WITHOUT_REPEATS, suite="assert top([5, 4], 1) == [5]\n", answers=[answer])
    assert (second.ruling, second.chosen) == (Ruling.PROMOTE, 0)


def test_a_suite_with_its_own_copy_tests_the_candidate(jury: Callable[..., Decision]) -> None:
    """A copy of a right function in the suite does not let a wrong candidate pass."""
    decision = jury(WITHOUT_REPEATS, suite=f"{RIGHT}\n{SUITE}")
    assert decision.ruling is not Ruling.PROMOTE
    assert decision.evidence["candidates"][0]["suspect_tests"] == 1


def test_a_candidate_that_remembers_falls(jury: Callable[..., Decision]) -> None:
    """The same call twice with two results is found, though every single answer was right at first."""
    assert jury(FICKLE, FICKLE).ruling is not Ruling.PROMOTE


def test_a_persons_example_by_name_is_pinned(jury: Callable[..., Decision]) -> None:
    """Examples with named arguments, as people give them, rule out what breaks them."""
    example = Promise(arguments=Arguments(named=(("numbers", [2, 2]), ("count", 2))), value=[2, 2])
    decision = jury(RIGHT, WITHOUT_REPEATS, pinned=[example])
    assert decision.findings == ("candidate 2: top(numbers=[2, 2], count=2) must give [2, 2]",)


def test_broken_statements_say_nothing(jury: Callable[..., Decision]) -> None:
    """An assertion that fails for want of a name or an import counts for nobody and against nobody."""
    suite = "assert top([1], 1) == unknown\nimport nothing_like_it\nassert nothing_like_it.x(top([1], 1))\n"
    standing = jury(RIGHT, suite=suite).evidence["candidates"][0]
    assert (standing["failed_tests"], standing["suspect_tests"]) == (0, 0)


def test_what_does_not_load_is_told(jury: Callable[..., Decision]) -> None:
    """A syntax error and a missing function are findings, not errors of ours."""
    decision = jury("def top(:\n", "def other():\n    return 1\n")
    assert decision.ruling is Ruling.REFUSE
    assert all("does not load" in finding for finding in decision.findings)


# --- mutants

COUNT = '''def vowels(text: str) -> int:
    """Counts the vowels."""
    found = 0
    for letter in text.lower():
        if letter in "aeiou":
            found += 1
    return found
'''


@pytest.fixture
def mutate(wasm: Sandbox) -> Callable[..., CheckResult]:
    """Runs the mutation check on a source with a suite."""

    def check(tests: str, source: str = COUNT) -> CheckResult:
        schema = read_signature(source).input_schema
        manifest = Manifest(name="vowels", description="Counts vowels.", input_schema=schema)
        function = Function(manifest=manifest, source=source, tests=tests)
        return mutation.check(Trial(function=function, sandbox=wasm, task=Task(text="count the vowels")))

    return check


STRONG = (
    "from function import vowels\n\n\n"
    "def test_some():\n    assert vowels('Abecadło i') == 5\n    assert vowels('xyz') == 0\n"
)


def test_a_strong_suite_kills_the_mutants(mutate: Callable[..., CheckResult]) -> None:
    """Tests of the result's value notice faults; the figures are told apart."""
    result = mutate(STRONG)
    assert result.passed, result.findings
    assert result.evidence["killed"] >= 6
    assert set(result.evidence) == {"killed", "survived", "timed out", "invalid", "score", "floor"}


def test_a_weak_suite_does_not(mutate: Callable[..., CheckResult]) -> None:
    """Tests of the type alone let faults live, and the findings name line and change."""
    result = mutate("from function import vowels\n\n\ndef test_type():\n    assert isinstance(vowels('ab'), int)\n")
    assert not result.passed
    assert any("line 5" in finding for finding in result.findings)


def test_an_endless_mutant_is_no_kill(mutate: Callable[..., CheckResult]) -> None:
    """A time-out is counted by itself: it does not show that a test looked at the result."""
    source = (
        'def vowels(text: str) -> int:\n    """Counts."""\n    place = found = 0\n    while place < len(text):\n'
        "        found += text[place] in 'aeiou'\n        place += 1\n    return found\n"
    )
    result = mutate("from function import vowels\n\n\ndef test_it():\n    assert vowels('abe') >= 0\n", source)
    assert result.evidence["timed out"] >= 1
    assert not result.passed


def test_suites_with_parameters_and_fixtures_are_run(mutate: Callable[..., CheckResult]) -> None:
    """Parameters need no pytest; a fixture does, and then pytest itself runs the mutants."""
    rows = (
        "import pytest\nfrom function import vowels\n\n\n"
        "@pytest.mark.parametrize(('text', 'count'), [('abe', 2), ('xz', 0)])\n"
        "def test_it(text, count):\n    assert vowels(text) == count\n"
    )
    fixture = (
        "import pytest\nfrom function import vowels\n\n\n@pytest.fixture\ndef word():\n    return 'abe'\n\n\n"
        "def test_it(word):\n    assert vowels(word) == 2\n"
    )
    assert mutate(rows).passed
    assert mutate(fixture).evidence["killed"] >= 3
