"""Joining an earlier version's tests with new ones drops and changes no promise."""

import ast
import warnings

import pytest

from agent.suites import joined

OLD = '''"""What f promises."""

import pytest
from function import f

WANTED = 1


def helper():
    return WANTED


def test_one():
    assert f(1) == helper()
'''


def names(suite: str) -> list[str]:
    """The functions in a suite."""
    return [node.name for node in ast.parse(suite).body if isinstance(node, ast.FunctionDef)]


def run(suite: str, name: str, f=lambda x: x) -> None:
    """Run one test of a suite against a function, without pytest."""
    tree = ast.parse(suite)
    tree.body = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    scope: dict = {"f": f, "pytest": pytest}
    exec(compile(tree, "suite", "exec"), scope)
    scope[name]()


def test_the_old_suite_stands_first_and_untouched():
    """Every old line is still there, comments included, before anything new."""
    suite = joined(OLD + "# a reason\n", "from function import f\n\n\ndef test_two():\n    assert f(2) == 2\n")
    assert suite.startswith(OLD + "# a reason\n")
    assert names(suite) == ["helper", "test_one", "test_two"]


def test_a_test_whose_name_is_taken_gets_another():
    """A new test never takes an old one's place, not even twice, nor that of another new one."""
    suite = joined(OLD, "def test_one():\n    assert f(5) == 5\n\n\ndef test_one_2():\n    assert f(6) == 6\n")
    assert names(suite) == ["helper", "test_one", "test_one_3", "test_one_2"]
    again = joined(suite, "async def test_one():\n    assert f(7) == 7\n")
    assert "async def test_one_4()" in again


def test_repeated_tests_are_left_out():
    """A model that repeats the old suite adds nothing; one that repeats part of it adds the rest."""
    assert joined(OLD, OLD) == OLD
    assert joined(OLD, OLD.replace("    return WANTED", "    return  WANTED  # the same")) == OLD
    assert names(joined(OLD, OLD + "\n\ndef test_two():\n    assert f(2) == 2\n")) == ["helper", "test_one", "test_two"]


def test_new_helpers_and_constants_do_not_change_old_tests():
    """An old test goes on to mean what it meant, and a new one means what its author wrote."""
    new = "WANTED: int = 2\n\n\ndef helper():\n    return WANTED\n\n\ndef test_two():\n    assert f(2) == helper()\n"
    suite = joined(OLD, new)
    run(suite, "test_one")
    run(suite, "test_two")
    with pytest.raises(AssertionError):
        run(suite, "test_one", f=lambda x: 2)


def test_a_fixture_of_the_same_name_stays_with_its_tests():
    """A renamed fixture is renamed where it is asked for, too."""
    old = "@pytest.fixture\ndef text():\n    return 'a'\n\n\ndef test_one(text):\n    assert f(text) == 1\n"
    new = "@pytest.fixture\ndef text():\n    return 'b'\n\n\ndef test_two(text):\n    assert f(text=text) == 2\n"
    suite = joined(old, new)
    assert "def text_2():" in suite
    assert "def test_two(text_2):\n    assert f(text=text_2) == 2" in suite


def test_what_belongs_on_top_of_a_file_is_not_put_in_its_middle():
    """A new suite's docstring and `from __future__` line would be faults there."""
    suite = joined(OLD, '"""New."""\n\nfrom __future__ import annotations\n\n\ndef test_two():\n    assert f(2)\n')
    compile(suite, "suite", "exec")
    assert "__future__" not in suite
    assert suite.count('"""') == 2


@pytest.mark.parametrize(
    "new", ["def test_two(:\n", "x = " + "-" * 100_000 + "1", "\x00"], ids=["syntax", "deep", "null"]
)
def test_what_is_no_python_is_appended_for_the_gate_to_name(new):
    """Joining never raises: the fault is in the file, and the gate says where."""
    assert joined(OLD, new) == f"{OLD.rstrip()}\n\n\n{new}"
    assert joined(new, OLD) == f"{new.rstrip()}\n\n\n{OLD}"


def test_joining_is_silent():
    """Python's warnings about a model's style are not ours to print."""
    with warnings.catch_warnings(action="error"):
        assert "test_two" in joined(OLD, 'def test_two():\n    assert f("\\d")\n')
