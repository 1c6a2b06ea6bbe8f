"""A sandbox whose guest waits for its host: killed engines and containers, interrupts, and nothing left behind."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox import Call, FailureKind, Limits, Sandbox, SandboxUnavailable, Surroundings
from sandbox.backends import docker, wasm
from sandbox.docker_engine import connect
from sandbox.docker_pool import OWNER_LABEL, owner

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
ASKS = Call(source="import kowal_host as host\nasync def f():\n    return await host.call('g')\n", function="f")
LIMITS = Limits(wall_clock_s=20)
ONE = Call(source="def f():\n    return 1\n", function="f")


@pytest.fixture
def engine(cache: Path) -> Iterator[Sandbox]:
    """The embedded back end, one process of its own."""
    box = wasm.BACKEND.open({"cache": str(cache), "spares": 0}, lambda _: None)
    assert box.call(ONE).value == 1
    yield box
    box.close()


@pytest.fixture
def containers() -> Iterator[Sandbox]:
    """The Docker back end, one container at a time."""
    box = docker.BACKEND.open({"waiting": 0}, lambda _: None)
    try:
        box.call(ONE)
    except SandboxUnavailable as error:
        pytest.skip(f"docker: {error}")
    yield box
    box.close()


def children(parent: int) -> list[int]:
    """The engine processes of a process that run."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            state, ppid = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            if ppid == str(parent) and state != "Z" and b"sandbox.engine" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def mine() -> list[dict[str, Any]]:
    """The containers of this process."""
    listed: list[dict[str, Any]] = connect(None).containers(filters={"label": f"{OWNER_LABEL}={owner()}"})
    return listed


def eventually(holds: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Whether it becomes true in that time."""
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()


def test_an_engine_killed_during_an_ask_asks_nothing_twice(engine: Sandbox) -> None:
    """The call is a crash and is not made again, for what it asked has been done; the next call works."""
    heard: list[Mapping[str, Any]] = []

    def host(ask: Mapping[str, Any]) -> Mapping[str, Any]:
        heard.append(ask)
        for pid in children(os.getpid()):
            os.kill(pid, signal.SIGKILL)
        return {"value": 1}

    failure = engine.within(Surroundings(host=host)).call(ASKS, LIMITS).failure
    assert failure is not None
    assert (failure.kind, len(heard)) == (FailureKind.CRASH, 1)
    assert engine.call(ONE).value == 1


def test_a_container_killed_during_an_ask_is_a_crash(containers: Sandbox) -> None:
    """It is no hang, nothing is asked twice, and the next call works."""
    heard: list[Mapping[str, Any]] = []

    def host(ask: Mapping[str, Any]) -> Mapping[str, Any]:
        heard.append(ask)
        for found in mine():
            connect(None).kill(found["Id"])
        return {"value": 1}

    failure = containers.within(Surroundings(host=host)).call(ASKS, LIMITS).failure
    assert failure is not None
    assert (failure.kind, len(heard)) == (FailureKind.CRASH, 1)
    assert containers.call(ONE).value == 1


def test_a_container_whose_host_is_slow_is_gone_at_the_limit(containers: Sandbox) -> None:
    """It does not wait for the host to come back."""
    over, asked = threading.Event(), list[float]()

    def host(_: Mapping[str, Any]) -> Mapping[str, Any]:
        asked.append(time.monotonic())
        over.wait(120)
        return {"value": 1}

    failure = containers.within(Surroundings(host=host)).call(ASKS, Limits(wall_clock_s=1)).failure
    assert failure is not None
    assert failure.kind is FailureKind.TIMEOUT
    assert mine() == []
    assert time.monotonic() - asked[0] < 60
    over.set()


RAW = """
import _eryx, json
async def f():
    bomb = json.dumps({'text': [[]] * 2_000_000})
    for _ in range(300):
        _eryx._eryx_invoke_async('kowal_ask', bomb)
"""


def test_asks_past_our_module_fill_no_memory_of_the_host(engine: Sandbox) -> None:
    """What the engine copies of asks that nobody awaits is bounded; the call is a crash, and the next one works."""
    call = Call(source=RAW, function="f")
    failure = engine.within(Surroundings(host=lambda _: {"value": 1})).call(call, LIMITS).failure
    assert failure is not None
    assert failure.kind is FailureKind.CRASH
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 1_500_000
    large = Call(source="def f():\n    return len(bytearray(900_000_000))\n", function="f")
    engine.within(Surroundings(host=lambda _: {"value": 1})).call(ASKS, LIMITS)
    assert engine.call(large, Limits(max_memory_bytes=1 << 30)).value == 900_000_000


PARENT = """
import sys, time
from sandbox import Call, Limits, Surroundings
from sandbox.backends.wasm import BACKEND
box = BACKEND.open({"cache": sys.argv[1]}, lambda _: None)
source = "import kowal_host as host\\nasync def f():\\n    return await host.call('g')\\n"
def host(ask):
    print("asked", flush=True)
    time.sleep(100)
    return {}
try:
    box.within(Surroundings(host=host)).call(Call(source=source, function="f"), Limits(wall_clock_s=100))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_an_interrupt_while_the_host_answers_leaves_nothing_behind(cache: Path) -> None:
    """It ends the call at once, the engines with it, and the process does not wait for the host's thread."""
    process = subprocess.Popen([sys.executable, "-c", PARENT, str(cache)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "asked\n"
        pids = children(process.pid)
        assert pids
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
    assert process.wait(60) == 0
    assert eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
