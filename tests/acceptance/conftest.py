"""A user's machine for a test: folders of its own, a registry that is made already, and the installed command."""

import contextlib
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from integrations.llm.fake_ollama import Rule

KOWAL = str(Path(sys.executable).with_name("kowal"))
AWAY = "http://127.0.0.1:9"
"""An address where nothing listens."""
BUILT_INS = (
    "business_days_between", "compare_semver", "count_words", "csv_group_sum", "extract_emails", "parse_log_levels",
    "slugify", "validate_iban",
)  # fmt: skip
"""What a user's registry begins with here: to prove all of them takes most of a minute."""
FEW = ("count_words", "slugify", "validate_iban")
"""What it begins with where the test is of how a registry is made."""
DEADLINE_S = 60


@dataclass(frozen=True, kw_only=True)
class Home:
    """One user's folders and environment."""

    folder: Path
    environment: Mapping[str, str]
    command: str = KOWAL

    @property
    def registry(self) -> Path:
        """The registry."""
        return self.folder / "registry.git"

    def with_(self, **changed: str) -> "Home":
        """The same user with other variables."""
        return replace(self, environment={**self.environment, **changed})

    def start(self, *words: str, **options: Any) -> subprocess.Popen[str]:
        """A `kowal` process in the folder."""
        streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            [self.command, *words], cwd=self.folder, env=dict(self.environment), text=True, **streams | options
        )

    def run(self, *words: str, code: int = 0, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """What a command said, which must end with that exit code."""
        process = self.start(*words)
        out, err = process.communicate(timeout=seconds)
        assert process.returncode == code, f"kowal {' '.join(words)[:300]}: {process.returncode}\n{out}\n{err}"
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def json(self, *words: str, code: int = 0) -> Any:
        """The one JSON document that a command printed."""
        return json.loads(self.run(*words, "--json", code=code).stdout)

    def python(self, program: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """What a Python program said."""
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=self.folder, env=dict(self.environment), capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
        return done

    def stands(self, task: str, *states: str) -> dict[str, Any]:
        """The queued task once it stands in one of these states."""
        deadline = time.monotonic() + 2 * DEADLINE_S
        while (found := self.json("tasks", "show", task))["state"] not in states:
            assert time.monotonic() < deadline, found
            time.sleep(0.1)
        return dict(found)

    def is_sound(self) -> bool:
        """True where git and the index of the registry agree."""
        found = self.run_any("doctor", "--json")
        return next(part["ok"] for part in json.loads(found.stdout) if part["part"] == "registry")

    def run_any(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What a command said, whatever its exit code."""
        process = self.start(*words)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(words, process.returncode, out, err)


class Terminal:
    """A command at a terminal: its answers come through a pipe, all else is seen and typed here."""

    def __init__(self, home: Home, *words: str) -> None:
        self.master, slave = pty.openpty()
        self.process = home.start(*words, stdin=slave, stderr=slave)
        os.close(slave)
        self.seen = ""

    def until(self, text: str) -> None:
        """Reads until the text is seen."""
        while text not in self.seen:
            self.seen += self._read() or pytest.fail(f"{text!r} never came:\n{self.seen}")

    def types(self, line: str) -> None:
        """A line and Enter."""
        os.write(self.master, f"{line}\n".encode())

    def interrupt(self) -> None:
        """Ctrl-C; once more where it came at the moment in which Python begins to read, and is not seen there."""
        for _ in range(3):
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
                return

    def end(self) -> tuple[int, str]:
        """The exit code, and what came through the pipe."""
        while piece := self._read():
            self.seen += piece
        out, _ = self.process.communicate(timeout=DEADLINE_S)
        os.close(self.master)
        return self.process.returncode, out

    def _read(self) -> str:
        ready, _, _ = select.select([self.master], [], [], DEADLINE_S)
        try:
            return os.read(self.master, 65536).decode(errors="replace") if ready else ""
        except OSError:  # how a terminal says that the other side has hung up
            return ""


@pytest.fixture
def terminal() -> type[Terminal]:
    """Starts a command at a terminal: `terminal(home, "run", "...")`."""
    return Terminal


def home_in(folder: Path, cache: Path) -> Home:
    """A user whose folders lie here, without settings and without a model server."""
    left_out = ("KOWAL_", "OLLAMA_", "PYTHON")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == "PYTHONPATH" or not name.startswith(left_out)  # by which a second checkout tests itself
    }
    environment = kept | {
        "KOWAL_BUILT_INS": json.dumps(BUILT_INS),
        "KOWAL_REGISTRY": str(folder / "registry.git"),
        "KOWAL_DATABASE": str(folder / "operations.sqlite"),
        "KOWAL_CACHE": str(cache),
        "KOWAL_REPLIES__KEEP_DAYS": "0",  # the cache is that of all tests
        "KOWAL_SETTINGS": str(folder / "kowal.toml"),
        "KOWAL_SANDBOX": "wasm",
        "KOWAL_LOG": "text",
        "OLLAMA_HOST": AWAY,
        "KOWAL_HTTP__ON": "false",  # several of them run side by side, and the port is one
        "COLUMNS": "120",
    }
    return Home(folder=folder, environment=environment)


@pytest.fixture
def bare(tmp_path: Path, cache: Path) -> Home:
    """A user who has not run `kowal init`."""
    return home_in(tmp_path, cache)


@pytest.fixture
def sparse(bare: Home) -> Home:
    """The same, whose registry begins with three functions."""
    return bare.with_(KOWAL_BUILT_INS=json.dumps(FEW))


@pytest.fixture(scope="session")
def seed(once: Callable[[str, Callable[[Path], None]], Path], cache: Path) -> Path:
    """A registry with the built-in functions, made once by `kowal init`."""

    def fill(draft: Path) -> None:
        home_in(draft, cache).run("init")

    return home_in(once("seed", fill), cache).registry


@pytest.fixture
def home(bare: Home, seed: Path) -> Home:
    """A user with a registry of their own."""
    shutil.copytree(seed, bare.registry)
    return bare


@pytest.fixture
def author() -> Callable[..., tuple[Rule, ...]]:
    """A model that makes a function which counts vowels: what it says to each request on the way.

    `first` are the letters that its candidates count before they are mended; `extends` has it answer to a wish to
    extend the function, and to nothing else.
    """

    def make(letters: str = "aeiou", *, first: str = "", extends: bool = False) -> tuple[Rule, ...]:
        specification, tests = specification_of(letters), tests_of(letters)
        if extends:
            return (
                Rule(match="as it is in use", reply=code_of(letters)),
                Rule(match="<function>", reply=specification),
                Rule(match=f"vowels {letters}", reply=tests),
            )
        return (
            Rule(match="This candidate did not pass", reply=code_of(letters)),
            Rule(match="Some of its tests", reply=code_of(first or letters)),
            Rule(match="<specification>", reply=tests),
            Rule(match="<task>", reply=specification),
        )

    return make


def specification_of(letters: str) -> str:
    """The specification as a model writes it."""
    return json.dumps(
        {
            "name": "count_vowels",
            "description": f"Count the vowels in a text: the vowels {letters}.",
            "aliases": ["how many vowels", "count the vowels in a text"],
            "signature": "def count_vowels(text: str) -> int",
            "parameters": {"text": "The text."},
            "examples": [{"in": {"text": "Adele"}, "out": 3}],
        }
    )


def tests_of(letters: str) -> str:
    """The tests as a model writes them."""
    rows = {"Adele": 3, "xz": 0, "education": 5, "OUIJA": 4, "banana boat in sea": 8, "u": 1, "a quick": 3, "": 0}
    rows |= {f"{letter * number} x": number for number, letter in enumerate(letters, 1) if letter not in "aeiou"}
    rows |= {f"x{letters[-1] * 3}": 3}
    tests = (f"def test_{number}():\n    assert count_vowels({text!r}) == {count}\n"
             for number, (text, count) in enumerate(rows.items(), 1))  # fmt: skip
    return "```python\nfrom function import count_vowels\n\n\n" + "\n\n".join(tests) + "```"


def code_of(letters: str) -> str:
    """A candidate as a model writes it."""
    return (
        '```python\ndef count_vowels(text: str) -> int:\n    """Count the vowels in a text.\n\n    Args:\n'
        f'        text: It.\n    """\n    return sum(letter in "{letters}" for letter in text.lower())\n```'
    )


@pytest.fixture
def worker(home: Home) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a worker, and gives it once it is ready; what is left over is killed at the end."""
    started: list[subprocess.Popen[str]] = []

    def start(user: Home = home, *words: str) -> subprocess.Popen[str]:
        process = user.start("worker", *words)
        started.append(process)
        line = process.stdout.readline() if process.stdout else ""
        assert "works on up to" in line, process.communicate(timeout=DEADLINE_S)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=DEADLINE_S)


@pytest.fixture
def ended() -> Callable[..., str]:
    """Ends a worker by a signal, which is a good end, and gives what it had said."""

    def end(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> str:
        process.send_signal(number)
        out, err = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 0, f"{process.returncode}\n{out}\n{err}"
        assert "Traceback" not in err
        return err

    return end
