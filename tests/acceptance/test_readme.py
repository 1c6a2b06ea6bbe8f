"""The README is true: its commands run, its transcript is what they print, its Python does what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
NOT_HERE = {"make test"}
"""This very run."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> dict[str, str]:
    """A newcomer's environment: no settings, a registry that does not exist yet, no model server.

    All built-in functions are let in by another test.
    """
    home = tmp_path_factory.mktemp("newcomer")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KOWAL_", "OLLAMA_"))}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "KOWAL_REGISTRY": str(home / "registry.git"),
        "KOWAL_SETTINGS": str(home / "kowal.toml"),
        "KOWAL_CACHE": str(cache),
        "KOWAL_BUILT_INS": '["count_words", "csv_group_sum", "slugify", "business_days_between"]',
        "OLLAMA_HOST": "http://127.0.0.1:9",
        "COLUMNS": "120",
    }


def blocks(language: str) -> list[str]:
    """The README's fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """The commands the README shows, in their order, but for this very run."""
    lines = [line for block in blocks("console") for line in block.splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.removeprefix("$ ") not in NOT_HERE]


def run(command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command line as a newcomer would, in the checkout; what it says is all in `stdout`."""
    return subprocess.run(
        command, shell=True, cwd=ROOT, env=environment, text=True, timeout=280, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def stable(text: str) -> list[str]:
    """The lines of a transcript, without what differs from run to run: figures, commits, blanks, file places."""
    lines = (re.sub(r"\s+", " ", line).strip() for line in text.splitlines())
    hidden = (re.sub(r"commit [0-9a-f]{7}|[\d.]+ m?s\b|http://\S+?(?=\)|$)", "#", line) for line in lines)
    return [line for line in hidden if line and line != "..."]


def test_every_command_of_the_readme_works(environment: dict[str, str]):
    """A newcomer who types the README's commands one after the other meets no error, and sees the transcript."""
    assert len(commands()) >= 9
    for command in commands():
        done = run(command, environment)
        assert done.returncode == 0, f"$ {command}\n{done.stdout}"
        if command == "make demo":
            printed = stable(done.stdout)
            assert [line for line in stable(blocks("text")[0]) if line not in printed] == [], done.stdout
    assert "make demo" in commands()


def test_the_python_of_the_readme_holds(environment: dict[str, str], tmp_path: Path):
    """The README's Python runs as it stands, from any folder, assertions included."""
    program = "\n".join(blocks("python"))
    assert "assert execute_task" in program
    assert "assert outcome" in program
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
