"""`kowal mcp` as a desktop client starts it: over standard input and output, with a worker of its own."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp_stand import MODES, said

BEGIN = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}  # fmt: skip


def processes(home: Any) -> list[int]:
    """The processes that work with this home's registry."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            if f"KOWAL_REGISTRY={home.registry}".encode() in environment.split(b"\0"):
                found.append(int(entry.name))
    return found


def gone(home: Any, seconds: float = 20.0) -> bool:
    """Whether all of them end within that time."""
    deadline = time.monotonic() + seconds
    while processes(home) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not processes(home)


@pytest.mark.parametrize("revision", MODES)
def test_a_client_has_all_that_it_needs(home: Any, revision: str) -> None:
    """It calls a function, has a task done and sees its progress, with nothing else running; all ends with it."""
    told: list[str] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append(message or "")

    async def work() -> None:
        start = StdioServerParameters(command=home.command, args=["mcp"], env=dict(home.environment), cwd=home.folder)
        async with Client(start, mode=MODES[revision]) as client:
            assert client.protocol_version == revision
            names = {tool.name for tool in (await client.list_tools()).tools}
            assert {"execute_task", "answer", "count_words", "csv_group_sum"} <= names
            assert said(await client.call_tool("count_words", {"text": "a b c"})) == "3"
            wish = {"task": "count words in a text", "arguments": {"text": "to be"}, "wait_s": 60}
            result = await client.call_tool("execute_task", wish, progress_callback=hear)
            assert result.structured_content["value"] == 2
            source = await client.read_resource("kowal://functions/count_words/1.0.0/source")
            assert "def count_words(" in source.contents[0].text

    anyio.run(work)
    assert any("matched" in line for line in told)
    assert gone(home)


def begun(home: Any, *words: str) -> subprocess.Popen[str]:
    """The command, once it has answered its client's first message."""
    process: subprocess.Popen[str] = home.start("mcp", *words, stdin=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(BEGIN) + "\n")
    process.stdin.flush()
    answer = json.loads(process.stdout.readline())
    assert answer["result"]["serverInfo"]["name"] == "kowal"
    return process


def by_the_end_of_input(process: subprocess.Popen[str]) -> None:
    """The client closes the line: as `communicate` does."""
    assert process.poll() is None


def by_a_signal(process: subprocess.Popen[str]) -> None:
    """The client sends SIGTERM, with the line open."""
    process.terminate()
    process.wait(60)


def by_a_kill(process: subprocess.Popen[str]) -> None:
    """The client kills it."""
    process.kill()


@pytest.mark.parametrize("end", [by_the_end_of_input, by_a_signal, by_a_kill])
def test_it_ends_with_its_worker(home: Any, end: Callable[[subprocess.Popen[str]], None]) -> None:
    """However its client goes: standard output had the protocol and nothing else, and no process is left."""
    process = begun(home)
    time.sleep(1.0)  # its worker is starting
    end(process)
    out, err = process.communicate(timeout=60)
    assert process.returncode == (-signal.SIGKILL if end is by_a_kill else 0), err
    assert out == ""
    assert gone(home)


def test_without_a_worker_tasks_wait(home: Any) -> None:
    """With `--no-worker` there is but one process, and a task stays in the queue."""
    process = begun(home, "--no-worker")
    assert process.stdin is not None
    assert process.stdout is not None
    told = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    call = {"name": "execute_task", "arguments": {"task": "count words in a text", "wait_s": 0.5}}
    for message in (told, {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}):
        process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()
    answer = json.loads(process.stdout.readline())
    assert answer["result"]["structuredContent"]["state"] == "queued"
    assert not [pid for pid in processes(home) if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, ""), err


def test_without_a_registry_it_says_what_to_do(bare: Any) -> None:
    """It ends at once, in three parts on standard error, and says nothing to the client."""
    process = bare.start("mcp", stdin=subprocess.PIPE)
    out, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert out == ""
    assert "There is no registry" in err
    assert "kowal init" in err
