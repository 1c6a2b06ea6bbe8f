"""Joining suites drops and changes no promise; parting one hides half of it and all that only that half uses."""

import ast
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.source import suites
from agent.source.suites import joined, visible_half, without

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


# --- what a coder sees


def suite_of(count: int) -> str:
    """A suite with so many tests."""
    tests = (f"def test_{number}():\n    assert f({number}) == {number * 1111}\n" for number in range(count))
    return "from function import f\n\n\n" + "\n\n".join(tests)


@given(st.integers(min_value=1, max_value=20))
def test_half_of_the_tests_stay_hidden(count):
    """Every second test is left out, name and values; the first always stays."""
    seen = visible_half(suite_of(count))
    assert suites.tests_in(seen) == tuple(f"test_{number}" for number in range(0, count, 2))
    assert not [number for number in range(1, count, 2) if str(number * 1111) in seen.split()]


def test_tests_in_classes_are_parted_one_by_one():
    """A suite that is one class hides as much as one without; a class that hides all its tests is gone."""
    inner = "".join(f"    def test_{number}(self):\n        assert f({number}) == {number}\n\n" for number in range(4))
    seen = visible_half(
        f"class TestOne:\n    ONE = 1\n\n{inner}\nclass TestTwo:\n    def test_5(self):\n        pass\n"
    )
    assert [f"test_{number}" in seen for number in (0, 1, 2, 3, 5)] == [True, False, True, False, True]
    assert "ONE = 1" in seen
    assert "TestTwo" not in visible_half("def test_a(): pass\n\nclass TestTwo:\n    def test_b(self): pass\n")


def test_what_only_hidden_tests_use_is_hidden_too():
    """Constants, fixtures and helpers of the hidden half hold its values; what both halves use stays."""
    suite = """
import pytest
SHARED, DEEP, WANTED = 1, 4712, 2
SECRET = 4711
TABLE = [(1, SECRET)]
pytestmark = []

@pytest.fixture(autouse=True)
def quiet():
    yield

@pytest.fixture
def hidden_text():
    return helper()

def helper():
    return "4713"

def both():
    return SHARED

def test_seen():
    assert f(both()) == 1

@pytest.mark.parametrize(("given", "wanted"), TABLE)
@pytest.mark.usefixtures("hidden_text")
def test_hidden(given, wanted):
    assert f(both()) == SHARED
"""
    seen = visible_half(suite)
    assert not [word for word in ("4711", "4713", "TABLE", "helper", "hidden_text") if word in seen]
    assert all(word in seen for word in ("SHARED", "both", "quiet", "pytestmark", "import pytest"))


def test_without_leaves_the_named_tests_out():
    """Everything but those tests stays, helpers of the same name included; without names nothing changes at all."""
    suite = (
        OLD + "\n\ndef test_two():\n    assert f(2) == 2\n\n\nclass TestMore:\n    def test_two(self):\n        pass\n"
    )
    assert without(suite, ()) is suite
    left = without(suite, ["test_one", "TestMore", "helper"])
    assert names(left) == ["helper", "test_two"]
    assert suites.tests_in(left) == ("test_two",)


def test_the_tests_of_a_suite_are_what_pytest_collects():
    """Functions and classes by their names, helpers and other things not."""
    suite = (
        OLD + "class TestMore:\n    pass\n\nclass Tester:\n    pass\n\nasync def test_two():\n    pass\ntest_x = 1\n"
    )
    assert suites.tests_in(suite) == ("test_one", "TestMore", "Tester", "test_two")
