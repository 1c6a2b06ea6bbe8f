"""The service over HTTP, as programs meet it: the README's commands, and a whole task from wish to signature."""

import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from served import Served

from integrations.llm.fake_ollama import FakeOllama, Script

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
SECTION = README[README.index("## From other programs") : README.index("## What a function may reach")]


class Faced(Served):
    """A service with its HTTP face, and a port of its own."""

    def __init__(self, home: Any, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        super().__init__(home.with_(KOWAL_HTTP__ON="true", KOWAL_HTTP__PORT=str(self.port)), folder)

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://127.0.0.1:{self.port}"

    def is_ready(self) -> bool:
        """Whether it says so itself."""
        try:
            return httpx.get(f"{self.url}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def said(self) -> str:
        """Nobody speaks here."""
        return ""


@pytest.fixture
def faced(tmp_path: Path) -> Iterator[Callable[[Any], Faced]]:
    """Starts services; none is left at the end."""
    started: list[Faced] = []

    def start(home: Any) -> Faced:
        service = Faced(home, tmp_path)
        started.append(service)
        service.waited(service.is_ready)
        return service

    yield start
    for service in started:
        service.end()


def token(home: Any, name: str, *scopes: str) -> str:
    """A token for that person, as the command prints it."""
    words = [word for scope in scopes for word in ("--scope", scope)]
    return str(home.run("tokens", "create", name, *words).stdout.strip())


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_the_readmes_commands_work(home: Any, faced: Callable[[Any], Faced], tmp_path: Path) -> None:
    """The token, both requests and the Python of the section, as they stand, but for the port."""
    made = re.search(r"\$\(kowal (tokens create .*?)\)", SECTION)
    assert made is not None
    secret = home.run(*made[1].split()).stdout.strip()
    service = faced(home)
    (shell,) = re.findall(r"^```sh\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
    (program,) = re.findall(r"^```py\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
    shell, program = (text.replace("127.0.0.1:8420", f"127.0.0.1:{service.port}") for text in (shell, program))
    done = subprocess.run(
        ["sh", "-euc", shell.replace("\ncurl", "\necho\ncurl")], env={**home.environment, "TOKEN": secret},
        text=True, capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    ran, task = (json.loads(line) for line in done.stdout.splitlines())
    assert (ran["value"], ran["function"], ran["status"]) == (6, "count_words", "production")
    assert (task["state"], task["outcome"]["value"], task["asked_by"]) == ("done", 2, "ann")
    told = subprocess.run(
        [sys.executable, "-c", f"TOKEN = {secret!r}\n{program}"], cwd=tmp_path,
        text=True, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr


def client(url: str, secret: str) -> httpx.Client:
    """Somebody with that token."""
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {secret}"}, timeout=120)


def events(response: httpx.Response) -> Iterator[tuple[str, str, Any]]:
    """The stream's events: id, type, data."""
    found: dict[str, str] = {}
    for line in response.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            found[name] = value
        elif "data" in found:
            yield found.get("id", ""), found["event"], json.loads(found["data"])
            found = {}


def test_a_wish_becomes_a_signed_function(
    home: Any, author: Callable[..., Any], faced: Callable[[Any], Faced], tmp_path: Path
) -> None:
    """Asked by one, followed as it happens, cut off and gone on, signed by another for its digest, run by a third.

    Whoever asked cannot sign; nobody else sees the task, and nobody runs the function before it is signed.
    """
    names = {"ann": ("tasks", "functions.change"), "bob": ("approve", "functions"), "eve": ("tasks", "functions.run")}
    tokens = {name: token(home, name, *scopes) for name, scopes in names.items()}
    with FakeOllama(Script(rules=author())) as model, ExitStack() as opened:
        service = faced(home.with_(KOWAL_PROMOTION="person", OLLAMA_HOST=model.url))
        ann, bob, eve = (opened.enter_context(client(service.url, tokens[name])) for name in names)
        wish = {"task": "how many vowels does a text have", "arguments": {"text": "Queue up"}}
        kept = ann.post("/v1/tasks", json=wish, headers={"Idempotency-Key": "vowels"})
        assert kept.status_code == 202, kept.text
        place = kept.headers["Location"]
        with ann.stream("GET", f"{place}/events") as stream:
            first = next(events(stream))
        with ann.stream("GET", f"{place}/events", headers={"Last-Event-ID": first[0]}) as stream:
            told = list(events(stream))
        assert told[-1][1] == "end"
        assert (told[-1][2]["state"], told[-1][2]["outcome"]["value"]) == ("done", 5)
        numbers = [int(number) for number, *_ in told[:-1]]
        assert numbers == sorted(set(numbers))
        assert numbers[0] > int(first[0])
        assert "function.approved" in {kind for _, kind, _ in told}
        assert ann.post("/v1/tasks", json=wish, headers={"Idempotency-Key": "vowels"}).json()["state"] == "done"
        for act in ("cancel", "retry"):
            assert eve.post(f"{place}/{act}").status_code == 404
        seen = bob.get("/v1/functions/count_vowels/source").json()
        assert "def count_vowels" in seen["source"]
        call = {"arguments": {"text": "Adele"}}
        assert eve.post("/v1/functions/count_vowels/run", json=call).status_code == 403  # nobody has signed
        signed = {"version": seen["version"], "digest": seen["digest"]}
        assert ann.post("/v1/functions/count_vowels/promote", json=signed).status_code == 403
        other = {**signed, "digest": "0" * 64}
        assert bob.post("/v1/functions/count_vowels/promote", json=other).status_code == 422
        moved = bob.post("/v1/functions/count_vowels/promote", json=signed)
        assert (moved.status_code, moved.json()["status"]) == (200, "production")
        ran = eve.post("/v1/functions/count_vowels/run", json=call)
        assert (ran.status_code, ran.json()["value"]) == (200, 3)
        history = bob.get("/v1/functions/count_vowels/versions").json()
        assert history[-1]["by"] == "bob"
        log = service.told()
        assert not [secret for secret in tokens.values() if secret.split("_", 2)[2] in log]
