"""The gate, check by check: what it must refuse, what it must let pass, and in which words it says why."""

from collections.abc import Callable

import pytest

from agent.checks import examples_hold
from agent.checks.trial import Trial
from agent.errors import NotPromoted
from agent.source.signature import read_signature
from agent.types import Task, Verdict
from agent.validator import GATE, SUITE_GATE, validate
from registry import Example, Function, Manifest
from sandbox import Limits, Sandbox

CODE = '''"""Vowels."""

_VOWELS = "aeiou"


def vowels(text: str) -> int:
    """Count the vowels in a text.

    Args:
        text: The text.
    """
    if "\\0" in text:
        raise ValueError("the text holds a null")
    return sum(letter in _VOWELS for letter in text.lower())
'''
TESTS = """import pytest
from function import vowels


def test_some():
    assert vowels("Adele") == 3


def test_none():
    assert vowels("xyz") == 0


@pytest.mark.parametrize(("text", "count"), [("", 0), ("aa", 2)])
def test_edges(text, count):
    assert vowels(text) == count


def test_bad():
    with pytest.raises(ValueError, match="null"):
        vowels("\\0")
"""
IMPORT = "import pytest\nfrom function import vowels\n\n\n"
SOLID = "".join(
    f"def test_value_{number}():\n    assert vowels({text!r}) == {count}\n\n\n"
    for number, (text, count) in enumerate(
        {"Adele": 3, "xyz": 0, "education": 5, "boat in sea": 5, "U": 1, "": 0}.items()
    )
)
"""Enough evidence for a right function, so that it is the check in question that refuses."""


@pytest.fixture
def suite_gate(wasm: Sandbox) -> Callable[..., Verdict]:
    """Puts a suite before the checks that it must pass before any candidate exists."""

    def judge(tests: str, code: str = CODE) -> Verdict:
        signature = read_signature(code)
        schemas = {"input_schema": signature.input_schema, "output_schema": signature.output_schema}
        function = Function(
            manifest=Manifest(name="vowels", description="Counts vowels.", **schemas), source=code, tests=tests
        )
        return validate(Trial(function=function, sandbox=wasm, task=Task(text="count the vowels")), SUITE_GATE)

    return judge


def example(text: object, count: object) -> Example:
    """A promised call."""
    return Example(arguments={"text": text}, output=count)


def failed(verdict) -> str:
    """The name of the check that refused; empty where all passed."""
    return next((result.check for result in verdict.results if not result.passed), "")


def said(verdict) -> str:
    """All findings as one text."""
    return "\n".join(verdict.findings)


def test_a_sound_candidate_passes_with_evidence(gate):
    """Every check passes, in the gate's order, and counts what it saw."""
    verdict = gate(CODE, TESTS, examples=(example("Adele", 3),), arguments={"text": "x"})
    assert verdict.passed, verdict.findings
    assert len(verdict.results) == len(GATE)
    evidence = {result.check: result.evidence for result in verdict.results}
    assert evidence["green"] == {"tests": 5, "passed": 5, "failed": []}
    assert evidence["agreement"]["alike"] == 1
    assert evidence["agreement"]["candidates"][0]["points"] >= evidence["agreement"]["floor"]
    assert evidence["red on stub"] == {"tests": 5, "red": 5}
    assert evidence["red on placeholders"] == {"placeholders": [0, 1], "caught": 2}
    assert (evidence["mutation"]["survived"], evidence["mutation"]["timed out"]) == (0, 0)
    assert evidence["mutation"]["killed"] >= 5
    assert evidence["properties"]["inputs"] >= 80
    assert evidence["examples"] == {"stated": 1, "own": 0, "held": 1}
    assert verdict.findings == ()
    assert verdict.validated_on == ("wasm",)
    assert "5/5 tests" in verdict.summary


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("def vowels(text: str -> int:\n", "line 1"),
        (CODE.replace("text: str", "text"), "`text` has no type"),
        (CODE.replace(" -> int", ""), "annotate the result"),
        ("def vowels(text: str) -> int:\n    return 0\n", "no docstring"),
        (CODE + "\n\ndef helper(text: str) -> int:\n    return 0\n", "exactly one public function"),
        (CODE.replace("def vowels", "def count"), "announced as `vowels`"),
        (CODE.replace("-> int", "-> None"), "returns None"),
        (CODE.replace("text: str", "text: bytes"), "no JSON form"),
    ],
)
def test_readable_refuses_what_cannot_be_offered(gate, code, why):
    """A source without one typed, documented function of the promised name is refused before anything runs."""
    verdict = gate(code, TESTS)
    assert failed(verdict) == "readable"
    assert len(verdict.results) == 1
    assert why in said(verdict)


def test_readable_names_the_line_of_a_broken_test_file(gate):
    """Tests that are no Python are named as the test file's fault."""
    verdict = gate(CODE, TESTS + "\ndef test_(:\n")
    assert failed(verdict) == "readable"
    assert "test_function.py: line" in said(verdict)


def test_readable_refuses_a_manifest_that_does_not_fit_its_function(wasm, workshop):
    """What `function.json` says of the parameters is what callers are held to: it must be true."""
    schema = {"type": "object", "properties": {"txt": {"type": "string"}}, "required": ["txt"]}
    manifest = Manifest(name="vowels", description="Counts vowels.", input_schema=schema)
    with pytest.raises(NotPromoted, match="txt") as caught:
        workshop().agent.admit(Function(manifest=manifest, source=CODE, tests=TESTS), source="import")
    assert caught.value.kept
    assert "text" in str(caught.value.facts["findings"])


@pytest.mark.parametrize(
    ("task", "why"),
    [
        ({"arguments": {"document": "x"}}, "no argument `document`"),
        ({"arguments": {"text": 5}}, "must be string"),
        ({"positional": ("a", "b")}, "2 were given"),
    ],
)
def test_arguments_refuses_a_function_its_caller_cannot_call(gate, task, why):
    """What the caller already holds must fit."""
    verdict = gate(CODE, TESTS, **task)
    assert failed(verdict) == "arguments"
    assert why in said(verdict)


def test_arguments_leaves_missing_ones_to_the_caller(gate):
    """A caller without arguments may still get a function that needs some."""
    assert gate(CODE, TESTS).passed


@pytest.mark.parametrize(
    ("promised", "why"),
    [
        (example("Adele", 4), "must give 4, not 3"),
        (example("Adele", "3"), 'must give "3", not 3'),
        (example("Adele", True), "must give true, not 3"),
        (example("\0", 0), "ValueError: the text holds a null"),
        (Example(arguments={"txt": "a"}, output=1), "no argument `txt`"),
        (Example(arguments={}, output=1), "needs `text`"),
    ],
)
def test_examples_refuses_what_breaks_a_persons_word(gate, promised, why):
    """An example that fails, raises or does not fit names the call, what was promised and what came."""
    verdict = gate(CODE, TESTS, examples=(example("a", 1), promised))
    assert failed(verdict) == "examples"
    assert len(verdict.findings) == 1
    assert why in said(verdict)


def test_examples_compares_outside_the_sandbox(gate):
    """A result that claims to be equal to everything is compared as the JSON that it is."""
    code = CODE.replace("return sum(", "class Any(int):\n        __eq__ = lambda *_: True\n    return Any(-1) or sum(")
    verdict = gate(code, TESTS, examples=(example("Adele", 3),))
    assert failed(verdict) == "examples"


def test_examples_stops_a_candidate_that_loops(gate, wasm):
    """A call that never ends is stopped by its limit, and the finding says so."""
    code = CODE.replace("    return sum", "    while text:\n        pass\n    return sum")
    limits = Limits(wall_clock_s=0.5)
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    function = Function(manifest=Manifest(name="vowels", description="", input_schema=schema), source=code, tests=TESTS)
    trial = Trial(function=function, sandbox=wasm, task=Task(text="x", examples=(example("a", 1),)), limits=limits)
    result = examples_hold.check(trial)
    assert not result.passed
    assert "stopped" in result.findings[0]


@pytest.mark.parametrize(
    ("code", "tests", "why"),
    [
        (CODE.replace("aeiou", "aeio"), TESTS + '\n\ndef test_u():\n    assert vowels("u") == 1\n', "test_u failed"),
        (CODE, IMPORT + SOLID + "def test_undefined():\n    assert vowels(texts) == 1\n", "NameError"),
        (CODE, IMPORT + SOLID + "def test_fixture(no_such):\n    assert vowels('') == 0\n", "no_such"),
        (CODE, TESTS + "\n\ndef test_exit():\n    import sys\n    sys.exit(0)\n", "test_exit failed"),
        (CODE.replace("    return sum", "    while text: print('x' * 10_000)\n    return sum"), TESTS, ""),
        (CODE, TESTS + "\n\ndef test_files():\n    open('/etc/passwd').read()\n", "test_files failed"),
    ],
)  # fmt: skip
def test_green_refuses_what_does_not_pass_whole(gate, code, tests, why):
    """A test that fails, for whatever reason, refuses the candidate, and the finding names it."""
    verdict = gate(code, tests)
    assert failed(verdict) == "green"
    assert verdict.findings
    assert why in said(verdict)


def test_green_stops_tests_that_loop(gate, monkeypatch):
    """A suite that never ends is stopped by its limit."""
    monkeypatch.setattr("agent.checks.trial.TEST_LIMITS", Limits(wall_clock_s=2.0))
    verdict = gate(CODE, TESTS + "\n\ndef test_loop():\n    while True:\n        pass\n")
    assert failed(verdict) == "green"
    assert "stopped" in said(verdict)


@pytest.mark.parametrize(
    ("tests", "why"),
    [
        (IMPORT + SOLID + "def test_any():\n    with pytest.raises(Exception):\n        vowels('\\0')\n",
         "test_any passes even on"),
        (IMPORT + SOLID + "def test_swallow():\n    try:\n        vowels('a')\n    except Exception:\n        pass\n",
         "test_swallow passes even on"),
        (IMPORT + SOLID + "def test_name():\n    with pytest.raises(NameError):\n        unknown\n",
         "test_name passes even on"),
        (IMPORT + SOLID + "@pytest.fixture\ndef count():\n    return vowels('aa')\n\n\ndef test_fixture(count):\n"
         "    assert count == 2\n", "test_fixture ended as `error`"),
    ],
)  # fmt: skip
def test_red_on_stub_refuses_tests_that_do_not_reach_the_function(gate, tests, why):
    """A test that passes on a stub, or fails there for a reason of its own, shows nothing about the function."""
    verdict = gate(CODE, tests)
    assert failed(verdict) == "red on stub"
    assert why in said(verdict)


@pytest.mark.parametrize(
    "body",
    [
        "    assert vowels('xyz') == 0\n",
        "    with pytest.raises(ValueError):\n        vowels('\\0')\n    vowels('aa')\n",
    ],
)  # fmt: skip
def test_red_on_placeholders_refuses_tests_that_do_not_mind_the_value(suite_gate, body):
    """Tests that a constant satisfies are refused, however red they are on a stub that raises."""
    constant = CODE.replace("return sum(letter in _VOWELS for letter in text.lower())", "return 0")
    for code in (CODE, constant):
        verdict = suite_gate(IMPORT + "def test_it():\n" + body, code)
        assert failed(verdict) == "red on placeholders"
        assert "always returns" in said(verdict)


def test_a_constant_function_with_honest_tests_is_refused(gate):
    """Tests that mind the value do not pass on a function that does not."""
    constant = CODE.replace("return sum(letter in _VOWELS for letter in text.lower())", "return 3")
    assert failed(gate(constant, TESTS)) == "green"


def test_earlier_tests_refuses_a_broken_promise(gate):
    """A new version that passes its own tests and breaks an old one is refused, and the old test is named."""
    code = CODE.replace("text.lower()", "text")
    tests = IMPORT + "".join(
        f"def test_lower_{text}():\n    assert vowels({text!r}) == {count}\n\n\n"
        for text, count in {"adele": 3, "xyz": 0, "education": 5, "a": 1, "boat": 2, "aeiou": 5}.items()
    )
    verdict = gate(code, tests, earlier=TESTS)
    assert failed(verdict) == "earlier tests"
    assert "test_some failed" in said(verdict)
    assert gate(CODE, tests, earlier=TESTS).passed


def test_other_kinds_of_functions_pass(gate):
    """Coroutines, dates, options, lists and truths are functions like any other."""
    code = (
        "from datetime import date\n\n\n"
        'async def vowels(day: date, names: list[str] | None = None) -> list[str]:\n    """Name the day."""\n'
        "    return [day.isoformat(), *(names or [])]\n"
    )
    tests = (
        "from datetime import date\n\nimport pytest\nfrom function import vowels\n\n\n"
        "def test_day():\n    with pytest.raises(StopIteration) as stop:\n"
        "        vowels(date(2026, 2, 3), ['a']).send(None)\n    assert stop.value.value == ['2026-02-03', 'a']\n"
    )
    days = [f"2026-0{month}-03" for month in range(1, 6)]
    promised = tuple(Example(arguments={"day": day}, output=[day]) for day in days)
    verdict = gate(code, tests, examples=promised)
    assert verdict.passed, verdict.findings


@pytest.mark.parametrize(
    ("result", "value"), [("bool", "text == 'a'"), ("dict[str, int]", "{text: 1}"), ("Any", "[text]")]
)
def test_placeholders_of_each_type_are_caught(suite_gate, result, value):
    """Honest tests catch the constants of whatever type is declared."""
    code = f'from typing import Any\n\n\ndef vowels(text: str) -> {result}:\n    """Do it."""\n    return {value}\n'
    tests = IMPORT + "".join(
        f"def test_{text}():\n    text = {text!r}\n    assert vowels(text) == ({value})\n\n\n" for text in ("a", "b")
    )
    verdict = suite_gate(tests, code)
    assert verdict.passed, verdict.findings
