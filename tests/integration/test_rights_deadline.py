"""A run ends at its limit, whatever a model server or a web server does meanwhile; what that cost is written down."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from agent.errors import RunFailed
from agent.ports import FREE, ModelCard, ModelReply, ModelRequest, ProviderStatus, Server, Usage
from agent.sandboxes import Sandboxes
from agent.types import Task
from registry import Function, Manifest

SECONDS = 2.0
LATE_S = 30.0
"""So long after its limit a run has surely ended."""
ASKING = """import kowal_host as host


async def ponder(text: str) -> str:
    return await host.llm.ask(text)
"""
CATCHING = """import kowal_host as host


async def ponder(text: str) -> str:
    try:
        return await host.llm.ask(text)
    except BaseException:
        return await host.llm.ask(text)
"""
CALLING = """import kowal_host as host


async def outer(text: str) -> str:
    return await host.call("ponder", text=text)
"""
FETCHING = """import kowal_host as host


async def ponder(text: str) -> str:
    return (await host.http.get(text)).text
"""


class Slow:
    """A model that answers when it is let."""

    name = "slow"
    server = Server(name="slow", provider="slow", is_local=True)

    def __init__(self) -> None:
        self.asked, self.answers = threading.Event(), threading.Event()

    def complete(self, request: ModelRequest) -> ModelReply:
        """The reply, late."""
        self.asked.set()
        self.answers.wait(60)
        used = Usage(tokens_in=7, tokens_out=2, cost_eur=0.01)
        return ModelReply(text="at last", provider="slow", model="m", usage=used)

    def cards(self) -> tuple[ModelCard, ...]:
        """Its one model."""
        return (ModelCard(name="m", price=FREE),)

    def status(self) -> ProviderStatus:
        """It is there."""
        return ProviderStatus(available=True, detail="slow", models=("m",))


def function(source: str, *grants: str, name: str = "ponder") -> Function:
    """A function that takes a text."""
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    manifest = Manifest(name=name, description="Ponders.", input_schema=schema, grants=grants)
    return Function(manifest=manifest, source=source, tests="# none\n")


@pytest.fixture(params=["wasm", "docker"])
def sandboxes(request) -> Sandboxes:
    """One back end alone."""
    sandbox = request.getfixturevalue(request.param)
    return Sandboxes((request.param,), lambda _: sandbox, print)


@pytest.fixture
def slow() -> Iterator[Slow]:
    """A model that no test waits for."""
    model = Slow()
    yield model
    model.answers.set()
    for thread in threading.enumerate():
        if thread.name == "host":
            thread.join(30)


def failed_in_time(shop, name: str, text: str) -> RunFailed:
    """The error of a run, which must have ended at its limit."""
    started = time.monotonic()
    with pytest.raises(RunFailed) as caught:
        shop.agent.run(name, Task(text="", arguments={"text": text}))
    assert SECONDS - 0.5 < time.monotonic() - started < SECONDS + LATE_S
    return caught.value


def until(holds: Callable[[], object]) -> bool:
    """True once it holds, False where it does not within thirty seconds."""
    deadline = time.monotonic() + 30
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(holds())


def rows(shop) -> dict[str, dict]:
    """The facts of the audit by what was done."""
    return {row.action: dict(row.facts) for row in shop.operations.audit()}


@pytest.mark.alone
@pytest.mark.parametrize("source", [ASKING, CATCHING], ids=["asks", "holds on"])
def test_a_model_that_does_not_answer_costs_the_runs_time_and_no_more(workshop, sandboxes, slow, source):
    """The run ends at its limit and by the host's fault; the reply that comes later is not used, and counted."""
    shop = workshop(sandboxes=sandboxes, provider=slow, granted_s=SECONDS)
    shop.put(function(source, "llm 3"))
    error = failed_in_time(shop, "ponder", "why?")
    assert slow.asked.is_set()
    assert (error.facts["kind"], error.facts["fault"]) == ("timeout", "host")
    assert rows(shop)["run"] == {"outcome": "timeout", "unanswered": 1, "grants": ["llm 3"]}
    assert "llm.done" not in rows(shop)
    slow.answers.set()
    assert until(lambda: "llm.done" in rows(shop))
    came = rows(shop)["llm.done"]
    assert (came["tokens_in"], came["tokens_out"], came["cost_eur"], came["late"]) == (7, 2, 0.01, True)
    assert [row.outcome for row in shop.operations.runs()] == ["timeout"]


@pytest.mark.alone
def test_a_function_that_is_called_has_no_time_of_its_own(workshop, sandboxes, slow):
    """Where it is a called function that waits for a model, the whole chain ends at the run's limit."""
    shop = workshop(sandboxes=sandboxes, provider=slow, granted_s=SECONDS)
    shop.put(function(ASKING, "llm 3"))
    shop.put(function(CALLING, "function ponder 1.0.0", name="outer"))
    assert failed_in_time(shop, "outer", "why?").facts["fault"] == "host"
    assert slow.asked.is_set()


@pytest.fixture(params=["silent", "trickling"])
def place(request) -> Iterator[str]:
    """A web server that takes a request and says nothing, or a byte now and then."""
    over = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n" * (request.param != "silent"))
                while not over.wait(0.1):
                    connection.sendall(b"x" * (request.param != "silent"))

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}"
    over.set()
    with suppress(OSError):
        server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(30)


@pytest.mark.alone
def test_a_web_server_that_does_not_answer_costs_the_runs_time_and_no_more(workshop, sandboxes, place):
    """The request is broken off at the run's limit, and the record says that it failed."""
    shop = workshop(sandboxes=sandboxes, granted_s=SECONDS)
    shop.put(function(FETCHING, f"http GET {place}"))
    assert failed_in_time(shop, "ponder", place).facts["fault"] == "host"
    assert until(lambda: "http.done" in rows(shop))
    assert "in time" in rows(shop)["http.done"]["why"]
