"""Hostile code against every sandbox: the files under tests/hostile, and a larger collection where there is one."""

import ast
import hashlib
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox import Call, CallResult, FailureKind, Limits, Sandbox

ROOT = Path(__file__).parents[2]
TRICKS = sorted((ROOT / "tests/hostile").glob("*.py"))
COLLECTION = Path(os.environ.get("DATA") or ROOT.parent / "shared/data") / "sandbox/redcode_dev.jsonl"
"""Rows with hostile Python under `code` and a name under `id`; 420 of them take ten seconds."""
ONE = Call(source="def f():\n    return 1\n", function="f")

WRAPPED = """
CODE = {code!r}
def attack():
    exec(compile(CODE, 'function.py', 'exec'), {{'__name__': '__main__'}})
"""


def acceptable(trick: Path) -> list[str]:
    """The outcomes that a trick's header allows; `value` stands for an empty one: nothing was reached."""
    marks = [line for line in trick.read_text("utf-8").splitlines() if line.startswith("# acceptable: ")]
    return marks[0].removeprefix("# acceptable: ").split(", ")


def outcome(result: CallResult) -> str:
    """The failure's kind; `value` where nothing was reached, `reached` where something was."""
    if result.failure is not None:
        return result.failure.kind
    return "reached" if result.value else "value"


def host_state() -> dict[str, str]:
    """What hostile code must not change: the account files, the names in /etc, this file, and no trace of its own."""
    state = {str(path): digest(path) for path in (Path("/etc/passwd"), Path("/etc/hosts"), Path(__file__))}
    state["names"] = " ".join(sorted(entry.name for entry in Path("/etc").iterdir()))
    state["traces"] = " ".join(str(path) for path in Path("/tmp").glob("kowal-hostile*"))
    return state


def digest(path: Path) -> str:
    """The file's digest; empty where it does not exist."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


@pytest.mark.parametrize("trick", TRICKS, ids=lambda path: path.stem)
def test_a_trick_is_contained(box: Sandbox, trick: Path, tally: Callable[[str, int, int], None]) -> None:
    """A hostile file ends as its header says is acceptable, the host is unchanged, and the next call works."""
    before = host_state()
    result = box.call(Call(source=trick.read_text("utf-8"), function="attack"), Limits(wall_clock_s=3))
    contained = outcome(result) in acceptable(trick) and host_state() == before
    tally(f"hostile files, {box.name}", 1, int(contained))
    assert outcome(result) in acceptable(trick), result
    assert host_state() == before
    assert box.call(ONE).value == 1


@pytest.mark.parametrize("trick", TRICKS, ids=lambda path: path.stem)
def test_a_trick_among_tests_is_contained(box: Sandbox, trick: Path) -> None:
    """The same file at work inside a test run changes neither the host nor the next run."""
    before = host_state()
    test = "import function\ndef test_it():\n    r = function.attack()\n    hasattr(r, 'close') and r.close()\n"
    report = box.run_tests({"function.py": trick.read_text("utf-8"), "test_it.py": test}, Limits(wall_clock_s=3))
    assert report.failure is None or report.failure.kind in set(FailureKind)
    assert host_state() == before
    assert box.run_tests({"test_it.py": "def test_it(): pass\n"}).ok


@pytest.mark.parametrize("trick", TRICKS, ids=lambda path: path.stem)
def test_a_trick_says_what_it_tries(trick: Path) -> None:
    """Each hostile file has a docstring, a header with known outcomes, and the function `attack`."""
    tree = ast.parse(trick.read_text("utf-8"))
    assert ast.get_docstring(tree)
    assert set(acceptable(trick)) <= {*map(str, FailureKind), "value"}
    assert "attack" in [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.skipif(not COLLECTION.exists(), reason="the collection of hostile code is not beside this checkout")
def test_a_collection_of_hostile_code_is_contained(box: Sandbox, tally: Callable[[str, int, int], None]) -> None:
    """Every row gets an answer, the host stays as it was, and a benign call after every tenth works.

    Containers start slowly: they get every third row, and with `EVERY=1` in the environment all.
    """
    every = int(os.environ.get("EVERY", "3")) if box.name == "docker" else 1
    rows = [json.loads(line) for line in COLLECTION.read_text("utf-8").splitlines()][::every]
    before = host_state()

    def attempt(number: int) -> str:
        source = WRAPPED.format(code=rows[number]["code"])
        box.call(Call(source=source, function="attack"), Limits(wall_clock_s=2))
        after = box.call(ONE) if number % 10 == 0 else CallResult(value=1)
        return "" if after.value == 1 else f"after {rows[number]['id']}: {after}"

    with ThreadPoolExecutor(2) as pool:
        strayed = [line for line in pool.map(attempt, range(len(rows))) if line]
    tally(f"collection of hostile code, {box.name}", len(rows), len(rows) - len(strayed))
    assert rows
    assert strayed == []
    assert host_state() == before
