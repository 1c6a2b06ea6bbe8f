"""The quickstart is true: its commands, typed one after the other beside a running service, say what it shows."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "quickstart.md").read_text("utf-8")
LINES = [line for block in re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
         for line in block.splitlines()]  # fmt: skip
NOT_HERE = {"make setup"}
"""What has made the environment of this very run."""
TYPED = [line.removeprefix("$ ") for line in LINES if line.startswith("$ ")]
COMMANDS = [command for command in TYPED if command not in NOT_HERE]
SHOWN = [line for line in LINES if not line.startswith("$ ")]
SERVE = "kowal serve"
DEADLINE_S = 120


@pytest.fixture
def environment(tmp_path: Path, cache: Path) -> dict[str, str]:
    """A newcomer's environment, at a port of its own. All built-in functions are let in by another test."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KOWAL_", "OLLAMA_"))}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "KOWAL_REGISTRY": str(tmp_path / "registry.git"),
        "KOWAL_SETTINGS": str(tmp_path / "kowal.toml"),
        "KOWAL_CACHE": str(cache),
        "KOWAL_BUILT_INS": '["count_words"]',
        "KOWAL_HTTP__PORT": str(port),
        "KOWAL_LOG": "text",
        "OLLAMA_HOST": "http://127.0.0.1:9",
    }


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """What the service says."""
    return tmp_path / "log"


def typed(commands: list[str], environment: dict[str, str]) -> str:
    """What these commands say, typed in one shell in the checkout, each in lines of its own; each must end well."""
    script = "\necho\n".join(commands).replace(":8420", f":{environment['KOWAL_HTTP__PORT']}")
    done = subprocess.run(
        ["bash", "-e", "-c", script], cwd=ROOT, env=environment, text=True, timeout=280, check=False,
        stdin=subprocess.DEVNULL, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def ready(service: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the service says so."""
    deadline = time.monotonic() + DEADLINE_S
    while "kowal serve is ready" not in log.read_text():
        assert service.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def test_every_command_of_the_quickstart_works(environment: dict[str, str], log: Path) -> None:
    """A newcomer comes from the checkout to an answer over HTTP without an error, and sees what the page shows."""
    if shutil.which("curl") is None:
        pytest.skip("the quickstart asks over HTTP with curl, and there is none")
    before, after = COMMANDS[: COMMANDS.index(SERVE)], COMMANDS[COMMANDS.index(SERVE) + 1 :]
    assert "kowal init" in before
    assert set(TYPED) >= NOT_HERE
    said = typed(before, environment)
    assert [line for line in SHOWN if line not in said.splitlines()] == []
    with log.open("wb") as sink, subprocess.Popen(
        SERVE.split(), cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink
    ) as service:  # fmt: skip
        try:
            ready(service, log)
            said = typed(after, environment)
            service.terminate()
            assert service.wait(DEADLINE_S) == 0, log.read_text()
        finally:
            service.kill()
    (task,) = (json.loads(found) for found in said.splitlines() if '"outcome"' in found)
    assert (task["state"], task["outcome"]["value"], task["outcome"]["function"]) == ("done", 6, "count_words")
