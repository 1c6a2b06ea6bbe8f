"""Candidates that make their tests look green: the gate refuses them, by the sandbox's own tests or without them."""

from collections.abc import Callable

import pytest

from agent.types import Verdict
from registry import Example

WRONG = '''"""Vowels."""

import json
import re

_VOWELS = "aeio"


def vowels(text: str) -> int:
    """Count the vowels in a text.

    Args:
        text: The text.
    """
    return sum(letter in _VOWELS for letter in text.lower())
'''
"""It forgets a vowel, and uses nothing that a reader of the code would object to."""
TESTS = "from function import vowels\n\n\n" + "".join(
    f"def test_{text}():\n    assert vowels({text!r}) == {count}\n\n\n"
    for text, count in {"adele": 3, "xyz": 0, "education": 5, "u": 1, "unusual": 4, "aeiou": 5, "boat": 2}.items()
)
FORGER = """

_honest = json.dumps


def _forged(value, *args, **kwargs):
    if isinstance(value, dict) and "tests" in value:
        for entry in value["tests"]:
            if {whom}:
                entry.update(outcome="passed", exception="", message="")
    return _honest(value, *args, **kwargs)


json.dumps = _forged
"""
EVERYBODY = WRONG + FORGER.format(whom="True")
OTHERS = WRONG + FORGER.format(whom="not re.search('test_[0-9a-f]{16}$', entry['test_id'])")
"""It knows what the sandbox's own tests look like, and lets those tell the truth."""
Gate = Callable[..., Verdict]


def fates(verdict: Verdict) -> dict[str, bool]:
    """Whether each check that was made passed."""
    return {result.check: result.passed for result in verdict.results}


def test_the_honest_candidate_is_refused_for_its_tests(gate: Gate) -> None:
    """Without the forgery it is the failing tests that refuse the function."""
    assert fates(gate(WRONG, TESTS))["green"] is False


def test_a_forger_is_found_out(gate: Gate) -> None:
    """Who turns all outcomes green, the sandbox's own tests among them, is refused, and the finding says why."""
    verdict = gate(EVERYBODY, TESTS)
    assert fates(verdict)["green"] is False
    assert "forged" in "\n".join(verdict.findings)


def test_a_forger_who_spares_the_sandboxs_own_tests_is_refused_all_the_same(gate: Gate) -> None:
    """All tests look green, and the gate compares outside what they say: the finding names the test and the call."""
    verdict = gate(OTHERS, TESTS)
    assert fates(verdict)["green"] is False
    assert "test_u was reported as passed, but vowels('u') does not give 1" in "\n".join(verdict.findings)


@pytest.mark.parametrize("prelude", ["", "import random\n\nrandom.seed(1)\n\n\n"])
def test_what_the_tests_alone_do_not_show_the_other_checks_do(gate: Gate, prelude: str) -> None:
    """Tests with fixtures, which cannot be repeated outside, still do not carry a forger through the gate."""
    tests = prelude + TESTS.replace("():", "(tmp_path):")
    verdict = gate(OTHERS, tests)
    assert fates(verdict)["green"] is True
    assert not verdict.passed


def test_a_persons_example_refuses_the_forger_before_any_test(gate: Gate) -> None:
    """What a person promised is called and compared outside, before the tests are run at all."""
    verdict = gate(OTHERS, TESTS, examples=(Example(arguments={"text": "unusual"}, output=4),))
    assert fates(verdict) == {**fates(verdict), "examples": False}
    assert "green" not in fates(verdict)


@pytest.mark.parametrize("code", [EVERYBODY, OTHERS])
def test_a_forger_cannot_bring_a_suite_that_checks_nothing(gate: Gate, code: str) -> None:
    """Tests that pass on anything are refused on stubs, where the forger's code does not run."""
    idle = "from function import vowels\n\n\n" + "".join(
        f"def test_{n}():\n    vowels('a')\n    assert {n} == {n}\n\n\n" for n in range(6)
    )
    assert not gate(code, idle).passed
