"""Code that makes failing tests look green, against every sandbox: the files under tests/hostile/green."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox import FailureKind, Limits, Sandbox

FORGERS = sorted((Path(__file__).parents[1] / "hostile/green").glob("*.py"))
BEFORE = {
    "when it is imported": "from function import attack\n\nattack()\n\n\ndef test_first():\n    pass\n",
    "when it is called": "from function import attack\n\n\ndef test_first():\n    attack()\n",
}
"""The test file that lets the code in; the others are loaded, or run, after it."""
RED = """import pytest


def test_value():
    found = [41]
    assert found == [42]


def test_refusal():
    with pytest.raises(ValueError):
        found = 41


def test_error():
    raise RuntimeError("found")
"""
"""Tests that fail with whatever function."""
HONEST = {"test_it.py": "def test_it():\n    pass\n"}


def acceptable(forger: Path) -> list[str]:
    """The failures that a forger's header allows."""
    marks = [line for line in forger.read_text("utf-8").splitlines() if line.startswith("# acceptable: ")]
    return marks[0].removeprefix("# acceptable: ").split(", ")


@pytest.mark.parametrize("moment", BEFORE)
@pytest.mark.parametrize("forger", FORGERS, ids=lambda path: path.stem)
def test_a_forged_green_is_a_named_failure(
    box: Sandbox, forger: Path, moment: str, tally: Callable[[str, int, int], None]
) -> None:
    """Failing tests are no success, whatever the code does to pytest, to our reporter or to the test files."""
    files = {"function.py": forger.read_text("utf-8"), "test_a.py": BEFORE[moment], "test_b.py": RED}
    report = box.run_tests(files, Limits(wall_clock_s=10))
    named = report.failure is not None and report.failure.kind in acceptable(forger)
    tally(f"forged greens, {box.name}", 1, int(named))
    assert named, report
    assert not any(one.outcome == "passed" for one in report.outcomes if one.test_id.startswith("test_b.py"))
    assert box.run_tests(HONEST).ok


@pytest.mark.parametrize("forger", FORGERS, ids=lambda path: path.stem)
def test_a_forger_says_what_it_tries(forger: Path) -> None:
    """Each file has a docstring, a header with failures by their names, and the function `attack`."""
    tree = ast.parse(forger.read_text("utf-8"))
    assert ast.get_docstring(tree)
    assert set(acceptable(forger)) <= set(map(str, FailureKind))
    assert "attack" in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize(
    "module",
    [
        "import pytest\npytestmark = pytest.mark.parametrize('n', [1, 2])\ndef test_it(n):\n    assert n\n",
        "import pytest\n@pytest.fixture(autouse=True, params=[1, 2])\ndef n(request):\n    yield request.param\n"
        "def test_it(n):\n    assert n\n",
        "import pytest\n@pytest.fixture(autouse=True)\ndef quiet(monkeypatch):\n    monkeypatch.setenv('A', 'b')\n"
        "def test_it():\n    import os\n    assert os.environ['A'] == 'b'\n",
        "def pytest_generate_tests(metafunc):\n    metafunc.parametrize('n', [1, 2])\ndef test_it(n):\n    assert n\n",
        "def test_it(): pass  # no line end",
        "def test_it():\n    assert '\\d' == chr(92) + 'd'\n",
        "class TestIt:\n    def test_it(self):\n        assert True\n    \n    \t",
    ],
)
def test_honest_suites_of_all_kinds_are_believed(box: Sandbox, module: str) -> None:
    """What a module says of all its tests does not make an honest run look forged, nor add tests to its report."""
    report = box.run_tests({"test_it.py": module})
    assert report.ok, report
    assert {one.test_id.partition("[")[0].rpartition("::")[2] for one in report.outcomes} == {"test_it"}


def test_nothing_of_the_sandboxs_own_tests_is_reported(box: Sandbox) -> None:
    """The outcomes and the output are those of the suite: its names, its count, its lines, what it printed."""
    report = box.run_tests({"test_it.py": "def test_it():\n    print('mine')\n    assert 1 == 2"})
    assert [one.test_id for one in report.outcomes] == ["test_it.py::test_it"]
    assert report.failure is not None
    assert report.failure.message == "1 of 1 tests did not pass"
    assert report.output == "mine\n"
    assert report.outcomes[0].message.startswith("test_it.py:3: in test_it\n")
