"""Traps that gates of this kind fell into: each suite or candidate here looks like evidence and is none."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from agent.checks import mutation
from agent.checks.trial import Trial
from agent.errors import NotPromoted
from agent.source.signature import read_signature
from agent.types import CheckResult, Task, Verdict
from agent.validator import SUITE_GATE, validate
from registry import Function, Manifest
from sandbox import Sandbox

CODE = '''_VOWELS = "aeiou"


def vowels(text: str) -> int:
    """Count the vowels in a text."""
    return sum(letter in _VOWELS for letter in text.lower())
'''
IMPORT = "import pytest\nfrom function import vowels\n\n\n"
SOLID = IMPORT + "".join(
    f"def test_value_{number}():\n    assert vowels({text!r}) == {count}\n\n\n"
    for number, (text, count) in enumerate(
        {"Adele": 3, "xyz": 0, "education": 5, "boat in sea": 5, "U": 1, "": 0}.items()
    )
)
"""A suite that does, to which each trap is added: it must not hide in good company."""
TASK = Task(text="count the vowels", arguments={"text": "Adele"})

Judge = Callable[..., Verdict]


def trial_of(sandbox: Sandbox, code: str, tests: str) -> Trial:
    """A function before the gate."""
    signature = read_signature(code)
    schemas = {"input_schema": signature.input_schema, "output_schema": signature.output_schema}
    manifest = Manifest(name=signature.name, description="Does it.", **schemas)
    return Trial(function=Function(manifest=manifest, source=code, tests=tests), sandbox=sandbox, task=Task(text="x"))


@pytest.fixture
def suite_gate(wasm: Sandbox) -> Judge:
    """Puts a suite before the checks that it must pass before any candidate exists."""
    return lambda tests: validate(trial_of(wasm, CODE, tests), SUITE_GATE)


def failed(verdict: Verdict) -> str:
    """The name of the check that refused; empty where all passed."""
    return next((result.check for result in verdict.results if not result.passed), "")


def said(verdict: Verdict) -> str:
    """All findings as one text."""
    return "\n".join(verdict.findings)


def test_a_suite_that_does_passes(suite_gate: Judge) -> None:
    """What the traps are added to is a valid suite: it is the trap that is refused."""
    verdict = suite_gate(SOLID)
    assert verdict.passed, said(verdict)


# --- red for the wrong reason


@pytest.mark.parametrize(
    ("tests", "why"),
    [
        (SOLID.replace("import vowels", "import vowels, _VOWELS"), "import only the function itself"),
        (SOLID.replace("import vowels", "import vovels as vowels"), "import only the function itself"),
        (SOLID + "LATE = vowels('aa')\n\n\ndef test_l():\n    assert LATE == 2\n", "import only the function itself"),
        (SOLID + "from collections import no_such_name\n", "import only the function itself"),
        ("import numpy_is_not_here\n" + SOLID, "numpy_is_not_here"),
        (SOLID + "def test_private():\n    from function import _VOWELS\n    assert vowels(_VOWELS) == 5\n",
         "test_private is broken by itself"),
        (SOLID + "def test_attribute():\n    import function\n    assert vowels(function._VOWELS) == 5\n",
         "test_attribute is broken by itself"),
        (SOLID + "def test_name():\n    assert vowels(unknown) == 5\n", "test_name is broken by itself"),
    ],
)  # fmt: skip
def test_an_import_error_is_no_valid_red(suite_gate: Judge, tests: str, why: str) -> None:
    """A suite that is red because something cannot be imported or is not there has not seen the function."""
    verdict = suite_gate(tests)
    assert failed(verdict) in ("static", "red on stub")
    assert why in said(verdict)


@pytest.mark.parametrize(
    "body",
    [
        "    assert False\n",
        "    assert 1 == 2\n",
        "    pytest.fail('not yet')\n",
        "    with pytest.raises(ValueError):\n        pass\n",
        "    assert callable(vowels) is None\n",
        "    text = 'Adele'\n    assert text == 3\n    assert vowels(text) == 3\n",
    ],
)
def test_an_assertion_that_always_fails_is_no_valid_red(suite_gate: Judge, body: str) -> None:
    """Thirty-six tests of `assert False` are red on every stub, by assertion, and say nothing of the function."""
    alone = IMPORT + "".join(f"def test_{number}():\n{body}\n\n" for number in range(36))
    for tests in (alone, f"{SOLID}def test_it():\n{body}"):
        verdict = suite_gate(tests)
        assert failed(verdict) == "red on stub"
        assert "without reaching the function" in said(verdict)


@pytest.mark.parametrize(
    "body", ["assert False", "assert True", "count_vowels('a')", "assert isinstance(count_vowels('a'), int)"]
)
def test_a_suite_that_cannot_tell_is_sent_back_and_no_candidate_is_asked(
    workshop: Callable[..., Any], body: str
) -> None:
    """Its author hears what was found, thrice; then the task ends before anybody has written code to such a suite."""
    shop = workshop(test=[f"from function import count_vowels\n\n\ndef test_it():\n    {body}\n"])
    with pytest.raises(NotPromoted, match="usable suite of tests in 3 tries") as caught:
        shop.agent.execute(TASK)
    assert shop.teller.asked_for() == ["specify", "test", "test", "test"]
    assert caught.value.facts["findings"][0] in shop.teller.requests[-1].messages[-1].content
    assert len(shop.operations.attempts(caught.value.facts["task_id"])) == 4
    assert shop.registry.list() == []


# --- green whatever the function does


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("    assert True\n", "red on stub"),
        ("    pass\n", "red on stub"),
        ("    assert callable(vowels)\n", "red on stub"),
        ("    try:\n        assert vowels('Adele') == 3\n    except Exception:\n        pass\n", "red on stub"),
        ("    vowels('Adele')\n", "red on placeholders"),
        ("    vowels('Adele')\n    assert True\n", "red on placeholders"),
        ("    assert isinstance(vowels('Adele'), int)\n", "red on placeholders"),
        ("    result = vowels('Adele')\n    assert type(result) is int\n", "red on placeholders"),
        ("    assert vowels('Adele') is not None\n", "red on placeholders"),
        ("    assert vowels('Adele') >= 0\n", "red on placeholders"),
        ("    assert vowels('Adele') == vowels('Adele')\n", "red on placeholders"),
    ],
)
def test_a_suite_without_a_value_is_refused(suite_gate: Judge, body: str, why: str) -> None:
    """`f(1); assert True` is red where the stub raises, and so are tests of types: a constant gets through them all."""
    assert failed(suite_gate(f"{IMPORT}def test_it():\n{body}")) == why


@pytest.mark.parametrize(
    "tests",
    [
        SOLID + "def test_copy():\n    def vowels(text):\n        return 2\n    assert vowels('aa') == 2\n",
        SOLID + "def vowels(text):\n    return len(text)\n\n\ndef test_copy():\n    assert vowels('aa') == 2\n",
        "def vowels(text):\n    return len(text)\n\n\ndef test_copy():\n    assert vowels('aa') == 2\n",
        SOLID + "class Own:\n    def vowels(self, text):\n        return 2\n\n\n"
        "def test_copy():\n    assert Own().vowels('aa') == 2\n",
        SOLID + "def test_copy():\n    scope = {}\n    exec('def vowels(text):\\n    return 2', scope)\n"
        "    assert scope['vowels']('aa') == 2\n",
        SOLID + "def test_copy(monkeypatch):\n    import function\n    monkeypatch.setattr(function, 'vowels', len)\n"
        "    assert function.vowels('a') == 1\n",
    ],
)  # fmt: skip
def test_a_suite_that_tests_its_own_copy_is_refused(suite_gate: Judge, tests: str) -> None:
    """A copy of the function in the suite passes its tests whoever wrote the function."""
    verdict = suite_gate(tests)
    assert failed(verdict) == "red on stub"
    assert "passes even on" in said(verdict)


# --- outcomes that are none


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ("@pytest.mark.skip\ndef test_x():\n    assert vowels('a') == 1\n", "skipped"),
        ("@pytest.mark.skipif(True, reason='no')\ndef test_x():\n    assert vowels('a') == 1\n", "skipped"),
        ("def test_x():\n    pytest.skip('no')\n", "skipped"),
        ("@pytest.mark.xfail\ndef test_x():\n    assert vowels('a') == 2\n", "xfailed"),
        ("@pytest.mark.xfail\ndef test_x():\n    assert vowels('a') == 1\n", "xpassed"),
        ("def test_x():\n    pytest.xfail('no')\n", "xfailed"),
        ("@pytest.mark.parametrize('text', [pytest.param('a', marks=pytest.mark.xfail)])\n"
         "def test_x(text):\n    assert vowels(text) == 2\n", "xfailed"),
    ],
)  # fmt: skip
def test_a_skip_or_an_expected_failure_counts_for_nothing(suite_gate: Judge, gate: Judge, more: str, word: str) -> None:
    """It is refused in a suite by itself, and in one that comes with its function."""
    verdict = suite_gate(SOLID + more)
    assert failed(verdict) == "red on stub"
    assert "may not be skipped" in said(verdict)
    verdict = gate(CODE, SOLID + more)
    assert failed(verdict) == "green"
    assert word in said(verdict)


@pytest.mark.parametrize(
    "tests",
    [
        "\n",
        IMPORT + "def check_value():\n    assert vowels('a') == 1\n",
        SOLID + "for name in [name for name in globals() if name.startswith('test')]:\n    del globals()[name]\n",
        IMPORT + "class TestIt:\n    __test__ = False\n\n    def test_it(self):\n        assert vowels('a') == 1\n",
        "import pytest\n\npytest.skip('no', allow_module_level=True)\n" + SOLID,
        "import pytest\n\nmissing = pytest.importorskip('numpy')\n" + SOLID,
        SOLID + "pytestmark = pytest.mark.skip\n",
    ],
    ids=["nothing", "no name", "deleted", "no class", "module skipped", "import skipped", "all skipped"],
)
def test_no_outcome_is_no_success(suite_gate: Judge, gate: Judge, tests: str) -> None:
    """A run in which nothing was tested shows nothing, though nothing failed in it."""
    assert failed(suite_gate(tests)) == "red on stub"
    assert failed(gate(CODE, tests)) == "green"


@pytest.mark.parametrize(
    ("code", "tests"),
    [
        (CODE, SOLID + "def test_exit():\n    import os\n    os._exit(0)\n"),
        (CODE, SOLID + "def test_exit():\n    raise SystemExit(0)\n"),
        (CODE, SOLID + "def test_exit():\n    raise KeyboardInterrupt\n"),
        (
            CODE,
            SOLID.replace("def test_value_3", "def test_a():\n    pytest.exit('enough', returncode=0)\n\n\ndef test_v"),
        ),
        (CODE, SOLID + "raise SystemExit(0)\n"),
        ("raise SystemExit(0)\n" + CODE, SOLID),
        ("import os\n\nos.abort()\n" + CODE, SOLID),
        (CODE.replace("return", "raise SystemExit(0)\n    return"), SOLID),
        (CODE.replace("    return", "    if text == 'U':\n        raise KeyboardInterrupt\n    return"), SOLID),
    ],
    ids=["process", "exit", "interrupt", "pytest", "module", "source", "abort", "function", "one call"],
)
def test_a_run_that_ends_early_is_no_success(gate: Judge, code: str, tests: str) -> None:
    """Fewer outcomes than tests is a failure, whatever the exit code says; nothing is left out of the count."""
    verdict = gate(code, tests)
    assert failed(verdict) in ("static", "green")
    for result in verdict.results:
        if result.check == "green" and result.evidence["tests"]:
            assert result.evidence["passed"] < result.evidence["tests"]
            assert result.evidence["tests"] >= tests.count("def test")


# --- mutants


@pytest.fixture
def mutate(wasm: Sandbox) -> Callable[[str, str], CheckResult]:
    """Puts a function and its suite before the mutation check."""
    return lambda code, tests: mutation.check(trial_of(wasm, code, tests))


LOOP = '''def halvings(n: int) -> int:
    """Count how often a number can be halved."""
    count = 0
    while n > 0:
        n //= 2
        count += 1
    return count
'''
SUMMING = '''def halvings(n: int) -> int:
    """Add up the remainders of three."""
    total = 0
    for number in range(n):
        total += number % 3
    return total
'''
HALVINGS = "from function import halvings\n\n\n"


@pytest.mark.parametrize("fixture", ["", "@pytest.fixture\ndef eight():\n    return 8\n\n\n"], ids=["plain", "fixture"])
def test_a_time_out_is_no_kill(mutate: Callable[[str, str], CheckResult], fixture: str) -> None:
    """Mutants that never end are counted by themselves: a suite that minds no value has killed none of them."""
    given = "eight" if fixture else ""
    body = f"def test_it({given}):\n    assert halvings({given or 8}) is not None\n"
    result = mutate(LOOP, f"import pytest\n{HALVINGS}{fixture}{body}")
    assert result.evidence["timed out"] >= 1
    assert result.evidence["killed"] <= 1
    assert not result.passed


def test_a_check_that_judged_no_mutant_is_no_perfect_score(mutate: Callable[[str, str], CheckResult]) -> None:
    """Where every mutant ran out of its turns, no survivor was seen and no kill either: that is a failure and told."""
    result = mutate(SUMMING, HALVINGS + "def test_it():\n    assert halvings(300_000) == 300_000\n")
    assert (result.evidence["killed"], result.evidence["survived"]) == (0, 0)
    assert result.evidence["timed out"] > 0
    assert (result.passed, result.evidence["score"]) == (False, 0.0)
    assert "smaller inputs" in result.findings[0]


def test_no_mutants_to_make_is_no_failure(mutate: Callable[[str, str], CheckResult]) -> None:
    """A function in which no small fault can be put is not held to kill any, and claims none."""
    code = 'def halvings(n: int) -> int:\n    """Not at all."""\n    return None\n'
    assert mutation.mutants_of(code) == ()
    result = mutate(code, HALVINGS + "def test_it():\n    assert halvings(1) is None\n")
    assert (result.passed, result.summary) == (True, "")
    assert sum(result.evidence[word] for word in ("killed", "survived", "timed out", "invalid")) == 0


def test_survivors_are_counted_one_by_one(mutate: Callable[[str, str], CheckResult]) -> None:
    """Every mutant has a fate of its own, and the counts add up to all of them."""
    result = mutate(LOOP, HALVINGS + "def test_it():\n    assert halvings(0) == 0\n")
    counts = {word: result.evidence[word] for word in ("killed", "survived", "timed out", "invalid")}
    assert sum(counts.values()) == len(mutation.mutants_of(LOOP))
    assert counts["survived"] == len(result.findings) > 0
    assert result.evidence["score"] == round(counts["killed"] / (counts["killed"] + counts["survived"]), 3)


# --- a score that ran on nothing


def specification(**changed: object) -> str:
    """A model's specification of a function that counts vowels."""
    fields = {
        "name": "count_vowels",
        "description": "Count the vowels.",
        "signature": "def count_vowels(text: str) -> int",
    }
    return json.dumps(fields | changed)


def test_tests_are_not_all_called_suspect(workshop: Callable[..., Any]) -> None:
    """Where every candidate fails most of the suite the suite is not thrown out: nothing is promoted."""
    wrong = "from function import count_vowels\n\n\n" + "".join(
        f"def test_{number}():\n    assert count_vowels({'a' * number!r}) == {wanted}\n\n\n"
        for number, wanted in enumerate((0, 7, 7, 7, 4, 5))
    )
    code = CODE.replace("def vowels", "def count_vowels")
    shop = workshop(specify=[specification()], test=[wrong], generate=[code], repair=[code])
    with pytest.raises(NotPromoted) as caught:
        shop.agent.create(TASK)
    assert caught.value.facts["findings"]
    assert shop.registry.list() == []


def test_candidates_that_agree_on_failing_do_not_agree(workshop: Callable[..., Any]) -> None:
    """Two that raise on every input give the same everywhere, and that is no evidence for either."""
    broken = 'def count_vowels(text: str) -> int:\n    """Count."""\n    return int(text[0:0] or "none")\n'
    other = 'def count_vowels(text: str) -> int:\n    """Count."""\n    raise ValueError(text)\n'
    shop = workshop(generate=[broken, other], repair=[broken, other])
    with pytest.raises(NotPromoted):
        shop.agent.create(TASK)
    compared = [event.facts for event in shop.events if event.action == "candidates.compared"]
    assert {facts["ruling"] for facts in compared} <= {"refuse", "ask"}
    assert shop.registry.list() == []
