"""What every sandbox back end owes for a test run: real pytest, every outcome by name, no way to leave early unseen."""

from typing import Any

import pytest

from sandbox import FailureKind, Limits, Sandbox

OUTCOMES = """
import pytest

def test_passes(): assert True
def test_fails(): assert [1, 2] == [1, 3]
def test_says_no(): pytest.fail('no')
def test_expects():
    with pytest.raises(ValueError): pass
def test_raises(): raise ValueError('x')
def test_skips(): pytest.skip('s')
@pytest.mark.skipif(True, reason='r')
def test_is_skipped(): assert False
@pytest.mark.xfail
def test_xfails(): assert False
@pytest.mark.xfail
def test_xpasses(): pass
@pytest.mark.parametrize('a', [1, 2], ids=['one', 'two'])
def test_each(a): assert a == 1
@pytest.fixture
def broken(): raise RuntimeError('set-up')
def test_setup(broken): pass
@pytest.fixture
def late():
    yield 1
    raise RuntimeError('tear-down')
def test_teardown(late): pass
class TestClass:
    def test_method(self): raise type('Failed', (Exception,), {})()
class Own(AssertionError): pass
def test_own(): raise Own
"""

EXPECTED = {
    "test_passes": ("passed", "", False),
    "test_fails": ("failed", "AssertionError", True),
    "test_says_no": ("failed", "Failed", True),
    "test_expects": ("failed", "Failed", True),
    "test_raises": ("failed", "ValueError", False),
    "test_skips": ("skipped", "", False),
    "test_is_skipped": ("skipped", "", False),
    "test_xfails": ("xfailed", "", False),
    "test_xpasses": ("xpassed", "", False),
    "test_each[one]": ("passed", "", False),
    "test_each[two]": ("failed", "AssertionError", True),
    "test_setup": ("error", "RuntimeError", False),
    "test_teardown": ("error", "RuntimeError", False),
    "TestClass::test_method": ("failed", "test_it.Failed", False),
    "test_own": ("failed", "test_it.Own", True),
}


def test_every_outcome_has_its_name(tests: Any) -> None:
    """Outcome, exception and whether it was an assertion are told for each test, by pytest's own node id."""
    report = tests(OUTCOMES)
    seen = {o.test_id: (o.outcome, o.exception, o.by_assertion) for o in report.outcomes}
    assert seen == {f"test_it.py::{name}": facts for name, facts in EXPECTED.items()}
    assert report.failure.kind is FailureKind.TESTS_FAILED


def test_the_message_shows_both_sides_of_an_assertion(tests: Any) -> None:
    """A failed assertion's message names the values, as pytest's rewriting gives them."""
    message = tests("def test_it():\n    found = [1, 2]\n    assert found == [1, 3]\n").outcomes[0].message
    assert "[1, 2] == [1, 3]" in message
    assert len(tests("def test_it():\n    a = 'x' * 10 ** 6\n    assert a == 1\n").outcomes[0].message) <= 2_000


def test_each_message_shows_its_own_lines(tests: Any) -> None:
    """Of several tests that fail, in one file or in two, each is shown with the lines of its file where it failed."""
    report = tests(
        "from other import f\n\ndef test_a():\n    f(1)\n\ndef test_b():\n    assert f(0) == 1\n",
        other="def f(n):\n    if n:\n        raise ValueError(n)\n    return n\n",
        test_other="def test_c():\n    c = 3\n    assert c == 4\n",
    )
    shown = {one.test_id.partition("::")[2]: one.message for one in report.outcomes}
    assert "test_it.py:4: in test_a\n    f(1)\n" in shown["test_a"]
    assert "other.py:3: in f\n    raise ValueError(n)\n" in shown["test_a"]
    assert "test_it.py:7: in test_b\n    assert f(0) == 1\n" in shown["test_b"]
    assert "test_other.py:3: in test_c\n    assert c == 4\n" in shown["test_c"]


@pytest.mark.parametrize(
    "body",
    [
        "def test_it(tmp_path):\n    p = tmp_path / 'x'\n    p.write_text('ż')\n    assert p.read_text() == 'ż'\n",
        "def test_it(capsys):\n    print('hi')\n    assert capsys.readouterr().out == 'hi\\n'\n",
        "import os\ndef test_it(monkeypatch):\n    monkeypatch.setenv('A', 'b')\n    assert os.environ['A'] == 'b'\n",
        "import warnings\ndef test_it(recwarn):\n    warnings.warn('x')\n    assert len(recwarn) == 1\n",
        "import pytest\ndef test_it():\n    with pytest.raises(ValueError, match='x'): raise ValueError('x')\n",
        "import pytest\ndef test_it():\n    assert 0.1 + 0.2 == pytest.approx(0.3)\n",
        "import datetime, decimal\ndef test_it():\n    assert decimal.Decimal('0.1') * 3 == decimal.Decimal('0.3')\n",
        "import random\ndef test_it():\n    random.seed(1)\n"
        "    a = random.random()\n    random.seed(1)\n    assert a == random.random()\n",
    ],
)
def test_what_tests_commonly_use_works(tests: Any, body: str) -> None:
    """The fixtures and helpers that ordinary tests use are there."""
    report = tests(body)
    assert report.ok, report


def test_files_beside_the_tests_are_imported(tests: Any) -> None:
    """The function's module and a conftest.py are plain files among the others, and both are found."""
    conftest = "import pytest\n@pytest.fixture\ndef one(): return 1\n"
    report = tests(
        "from function import f\ndef test_it(one): assert f() == one\n",
        function="def f(): return 1\n",
        conftest=conftest,
    )
    assert report.ok, report


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_module\ndef test_it(): pass\n", "no_such_module"),
        ("def test_it(:\n", "SyntaxError"),
        ("raise RuntimeError('at import')\n", "at import"),
        ("import sys\nsys.exit(0)\n", ""),
        ("import pytest\npytest.exit('x', returncode=0)\n", ""),
        ("raise KeyboardInterrupt\n", ""),
        ("x = 1\n", ""),
        ("", ""),
        ("class TestIt:\n    def __init__(self): pass\n    def test_it(self): pass\n", ""),
    ],
)
def test_what_cannot_be_collected_says_why(tests: Any, text: str, reason: str) -> None:
    """Tests that do not import, or are none, are no success, and the reason is in the report."""
    report = tests(text)
    assert not report.ok
    assert report.outcomes == ()
    assert report.failure.kind in (FailureKind.TESTS_NOT_COLLECTED, FailureKind.EXCEPTION)
    assert reason in report.failure.traceback


@pytest.mark.parametrize("files", [{}, {"function.py": "x = 1\n"}, {"test_\0.py": ""}, {"test_it.py": "'\ud800'"}])
def test_no_test_file_is_no_success(box: Sandbox, files: dict[str, str]) -> None:
    """Without a readable test file the answer is that nothing was collected."""
    assert box.run_tests(files).failure.kind is FailureKind.TESTS_NOT_COLLECTED  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "name", ["a/test_it.py", "../test_it.py", "/test_it.py", "test_it.txt", "", ".", "..", "test_it"]
)
def test_file_names_are_plain(box: Sandbox, name: str) -> None:
    """A name with a folder in it, or of no Python file, is refused before a sandbox starts."""
    with pytest.raises(ValueError, match="plain name"):
        box.run_tests({name: "def test_it(): pass\n"})


@pytest.mark.parametrize(
    "leave",
    [
        "raise KeyboardInterrupt",
        "pytest.exit('x', returncode=0)",
        "request.session.shouldstop = 'x'",
        "request.session.shouldfail = 'x'",
        "sys.exit(0)",
        "raise GeneratorExit",
        "raise BaseException",
        "os._exit(0)",
    ],
)
@pytest.mark.parametrize("where", ["test", "set-up", "tear-down"])
def test_a_run_that_is_left_early_is_no_success(tests: Any, leave: str, where: str) -> None:
    """Whoever ends the run before its last test does not turn the tests before it into a success."""
    act = {
        "test": ("pass", "act(request)", "pass"),
        "set-up": ("act(request)", "pass", "pass"),
        "tear-down": ("pass", "pass", "act(request)"),
    }[where]
    report = tests(
        "import os, pytest, sys\n"
        f"def act(request):\n    {leave}\n"
        f"@pytest.fixture\ndef around(request):\n    {act[0]}\n    yield\n    {act[2]}\n"
        "def test_before(): pass\n"
        f"def test_leaves(around, request):\n    {act[1]}\n"
        "def test_after(): assert False\n"
    )
    assert not report.ok
    assert not any(o.outcome == "passed" for o in report.outcomes if "after" in o.test_id)


def test_the_last_test_that_leaves_is_no_success(tests: Any) -> None:
    """The same where there is no test after it."""
    for leave in ("raise KeyboardInterrupt", "import pytest; pytest.exit('x', returncode=0)", "import os; os._exit(0)"):
        assert not tests(f"def test_before(): pass\ndef test_leaves():\n    {leave}\n").ok


@pytest.mark.parametrize(
    ("body", "allowed"),
    [
        ("while True: pass", "timeout"),
        ("import os; os._exit(0)", "crash"),
        ("import json; json.loads('[' * 100_000)", "crash tests-failed"),
        ("x = bytearray(1 << 30)", "tests-failed memory"),
        ("while True: print('x' * 1000)", "output-limit timeout memory exception tests-failed crash"),
        ("a = []\n    for _ in range(50_000): a = [a]\n    assert a == 1", "tests-failed crash"),
    ],
)
def test_limits_hold_in_a_test_run(tests: Any, body: str, allowed: str) -> None:
    """Loops, exits, nesting, memory and floods are stopped in tests as they are in calls, and the next run works."""
    report = tests(f"def test_it():\n    {body}\n", limits=Limits(wall_clock_s=2))
    assert report.failure.kind in allowed.split()
    assert tests("def test_it(): pass\n").ok


def test_two_hundred_tests(tests: Any) -> None:
    """A long list of tests is reported one by one and in order."""
    report = tests("import pytest\n@pytest.mark.parametrize('i', range(200))\ndef test_it(i): assert i != 150\n")
    assert [o.test_id for o in report.outcomes] == [f"test_it.py::test_it[{i}]" for i in range(200)]
    assert [o.test_id for o in report.outcomes if o.outcome != "passed"] == ["test_it.py::test_it[150]"]


def test_a_test_that_overwrites_its_file_changes_nothing_later(tests: Any) -> None:
    """A run starts from the files it was given, whatever an earlier one wrote over them."""
    text = "import pathlib\ndef test_it():\n    pathlib.Path(__file__).write_text('def test_z(): pass')\n    assert 0\n"
    for _ in range(2):
        assert [o.test_id for o in tests(text).outcomes] == ["test_it.py::test_it"]


def test_printing_is_in_the_output(tests: Any) -> None:
    """What failing tests print is part of the run's output, within its limit."""
    report = tests("def test_it():\n    print('mark-of-the-test')\n    assert 0\n")
    assert "mark-of-the-test" in report.output
    assert (
        len(
            tests(
                "def test_it():\n    print('x' * 10 ** 6)\n    assert 0\n", limits=Limits(max_output_bytes=2_000)
            ).output
        )
        <= 2_000
    )
