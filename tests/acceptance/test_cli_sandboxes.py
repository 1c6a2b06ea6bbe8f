"""The setting `sandbox = "auto"` from the command line: what is used, what is recorded, what is refused."""

from pathlib import Path

import pytest

from agent.loader import load

AUTO = {"KOWAL_SANDBOX": "auto"}
AWAY = {**AUTO, "KOWAL_BACKENDS__DOCKER__HOST": "unix:///nowhere/docker.sock"}
"""No engine answers there."""
THREADED = '''from concurrent.futures import ThreadPoolExecutor


def total_length(texts: list[str]) -> int:
    """Add up the lengths of some texts, each counted by a thread.

    Args:
        texts: The texts.
    """
    with ThreadPoolExecutor() as workers:
        return sum(workers.map(len, texts))
'''
PLAIN = '''def total_length(texts: list[str]) -> int:
    """Add up the lengths of some texts.

    Args:
        texts: The texts.
    """
    return sum(map(len, texts))
'''
TESTS = "from function import total_length\n" + "".join(
    f"\n\ndef test_{number}():\n    assert total_length({texts!r}) == {length}\n"
    for number, (texts, length) in enumerate(
        [(["a"], 1), ([], 0), (["ab", "c"], 3), (["", "xyz"], 3), (["hello", "you"], 8), (["ab"] * 5, 10)]
    )
)
MANIFEST = """{
  "name": "total_length",
  "description": "Add up the lengths of some texts.",
  "input_schema": {
    "type": "object",
    "properties": {"texts": {"type": "array", "items": {"type": "string"}}},
    "required": ["texts"],
    "additionalProperties": false
  },
  "output_schema": {"type": "integer"},
  "examples": [{"in": {"texts": ["ab", "c"]}, "out": 3}]
}
"""
PLAIN_RUN = """
import sys
from agent import execute_task
assert execute_task("count words in a text", text="to be or not to be") == 6
print(sorted({"docker", "sandbox.backends.docker"} & set(sys.modules)))
"""


@pytest.fixture(scope="module")
def engine() -> None:
    """Skips where no engine answers."""
    box = load("sandbox.backends", "docker").open({}, lambda _: None)
    absence = box.absence()
    box.close()
    if absence is not None:
        pytest.skip(f"{absence}. {absence.advice}")


@pytest.fixture
def plain(threaded: Path) -> Path:
    """The same without threads."""
    (threaded / "function.py").write_text(PLAIN)
    return threaded


@pytest.fixture
def threaded(tmp_path: Path) -> Path:
    """A function with threads, as files."""
    folder = tmp_path / "total_length"
    folder.mkdir()
    for name, text in (("function.py", THREADED), ("test_function.py", TESTS), ("function.json", MANIFEST)):
        (folder / name).write_text(text)
    return folder


def test_a_plain_run_never_touches_docker(home):
    """With `auto` a function that was proven in WebAssembly runs without the other back end being imported."""
    assert home.with_(**AUTO).python(PLAIN_RUN).stdout.strip() == "[]"


def test_the_doctor_says_which_are_used(home):
    """The choice, and of each back end whether it is there; one that is not there is no fault."""
    told = home.with_(**AWAY).run("doctor", code=1).stdout
    assert "✓ sandbox          auto: functions are proven in wasm, and in docker where it works" in told
    assert "– sandbox docker   No Docker engine answers at unix:///nowhere/docker.sock" in told
    assert "wasm alone, as the settings say" in home.run("doctor", code=1).stdout


def test_without_an_engine_everything_plain_works(home, plain):
    """A function is let in by the embedded sandbox alone, and its evidence names that one."""
    user = home.with_(**AWAY)
    user.run("functions", "import", str(plain))
    assert user.json("functions", "show", "total_length")["evidence"]["verdict"]["validated_on"] == ["wasm"]
    assert user.json("functions", "run", "total_length", "-a", 'texts=["ab","c"]')["value"] == 3


def test_threads_without_an_engine_are_refused_with_the_reason(home, threaded):
    """There is no way around the sandbox: what it lacks is named."""
    told = home.with_(**AWAY).run("functions", "import", str(threaded), code=4).stderr
    assert "can't start new thread" in told


@pytest.mark.usefixtures("engine")
def test_threads_are_proven_and_run_in_docker(home, threaded):
    """With an engine it is let in, says where it was proven, and without the engine it does not run: exit code 8."""
    user = home.with_(**AUTO)
    user.run("functions", "import", str(threaded))
    assert user.json("functions", "show", "total_length")["evidence"]["verdict"]["validated_on"] == ["docker"]
    assert user.json("functions", "run", "total_length", "-a", 'texts=["ab","c"]')["value"] == 3
    for words in (("functions", "run", "total_length", "-a", 'texts=["ab","c"]'), ("verify", "total_length")):
        told = home.with_(**AWAY).run(*words, code=8).stderr
        assert "`total_length` 1.0.0 was proven in docker, which cannot run it here" in told
        assert "Install Docker Engine" in told


@pytest.mark.usefixtures("engine")
def test_a_plain_function_is_proven_in_both(home, plain):
    """The evidence names both, `verify` asks both, and without the engine says that it could ask only one."""
    user = home.with_(**AUTO)
    user.run("functions", "import", str(plain))
    assert user.json("functions", "show", "total_length")["evidence"]["verdict"]["validated_on"] == ["wasm", "docker"]
    (verified,) = user.json("verify", "total_length")
    assert (verified["holds"], verified["validated_on"], verified["unchecked"]) == (True, ["wasm", "docker"], [])
    (verified,) = home.with_(**AWAY).json("verify", "total_length")
    assert verified["holds"]
    assert verified["unchecked"][0].startswith("not checked in docker: No Docker engine answers")
