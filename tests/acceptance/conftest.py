"""A user's machine for a test: folders of its own, a registry that is made already, and the installed command."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

KOWAL = str(Path(sys.executable).with_name("kowal"))
AWAY = "http://127.0.0.1:9"
"""An address where nothing listens."""


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

    def is_sound(self) -> bool:
        """True where git and the index of the registry agree."""
        found = self.run_any("doctor", "--json")
        return next(part["ok"] for part in json.loads(found.stdout) if part["part"] == "registry")

    def run_any(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What a command said, whatever its exit code."""
        process = self.start(*words)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(words, process.returncode, out, err)


def home_in(folder: Path, cache: Path) -> Home:
    """A user whose folders lie here, without settings and without a model server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KOWAL_", "OLLAMA_", "PYTHON"))}
    environment = kept | {
        "KOWAL_REGISTRY": str(folder / "registry.git"),
        "KOWAL_DATABASE": str(folder / "operations.sqlite"),
        "KOWAL_CACHE": str(cache),
        "KOWAL_SETTINGS": str(folder / "kowal.toml"),
        "OLLAMA_HOST": AWAY,
        "COLUMNS": "120",
    }
    return Home(folder=folder, environment=environment)


@pytest.fixture
def bare(tmp_path: Path, cache: Path) -> Home:
    """A user who has not run `kowal init`."""
    return home_in(tmp_path, cache)


@pytest.fixture(scope="session")
def seed(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """A registry with the built-in functions, made once by `kowal init`."""
    home = home_in(tmp_path_factory.mktemp("seed"), cache)
    home.run("init")
    return home.registry


@pytest.fixture
def home(bare: Home, seed: Path) -> Home:
    """A user with a registry of their own."""
    shutil.copytree(seed, bare.registry)
    return bare


@pytest.fixture
def draft() -> Callable[..., str]:
    """A model's reply with a function that counts vowels, and its tests."""
    code = (
        'def count_vowels(text: str) -> int:\n    """Count the vowels in a text.\n\n    Args:\n        text: It.\n'
        '    """\n    return sum(letter in "aeiou" for letter in text.lower())\n'
    )
    tests = (
        "from function import count_vowels\n\n\ndef test_some():\n    assert count_vowels('Adele') == 3\n\n\n"
        "def test_none():\n    assert count_vowels('xz') == 0\n"
    )

    def make(**changed: object) -> str:
        fields = {"name": "count_vowels", "description": "Count the vowels in a text.", "aliases": ["how many vowels"]}
        return json.dumps(fields | {"code": code, "tests": tests} | changed)

    return make
