"""The child process around the WebAssembly engine: builds the snapshot, or serves one call at a time.

Run as `python -I -m sandbox.engine build DRAFT FOLDER`, or `serve FOLDER [SITE]`, with an empty environment. A guest
that overflows its stack aborts this process; the parent then sees one failed call and takes the next child.
"""

import contextlib
import json
import os
import re
import resource
import select
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import eryx

from sandbox.frames import ANSWER, ASK, EXIT_OUTPUT_LIMIT, MAX_ASK_BYTES, read_frame, write_frame
from sandbox.guest_contents import GUEST_IMPORTS, WARM_UP
from sandbox.snapshot import install

RELAY = "kowal_ask"
"""The name under which a guest with a host finds the way to it."""
RELAY_MEMORY_BYTES = 512 << 20

SETUP = """
import gc, importlib, linecache, os, sys, tempfile
import _pytest.config
import sandbox.guest_many
from sandbox.guest import serve
for _name in _pytest.config.default_plugins:
    importlib.import_module("_pytest." + _name)
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
os.environ["TMPDIR"] = tempfile.tempdir = "/data"
try:
    serve(WARM_UP).send(None)
except StopIteration:
    del sys.modules["function"]
    linecache.clearcache()
gc.collect()
gc.freeze()
"""


def main() -> None:
    """Do what the command line says: `build DRAFT FOLDER` or `serve FOLDER [SITE]`."""
    verb, folder = sys.argv[1], Path(sys.argv[2])
    if verb == "build":
        build(folder)
        install(folder, Path(sys.argv[3]))
    else:
        serve(folder, Path(sys.argv[3]) if sys.argv[3:] else folder / "site-packages")


def build(folder: Path) -> None:
    """Write `folder/snapshot.bin` from the packages in `folder/site-packages` and the guest runner."""
    factory = eryx.SandboxFactory(
        site_packages=folder / "site-packages",
        imports=GUEST_IMPORTS,
        setup_code=SETUP.replace("WARM_UP", repr(json.dumps(WARM_UP))),
    )
    factory.save(folder / "snapshot.bin")


def serve(folder: Path, site_packages: Path) -> None:
    """Answer requests until the parent has gone. A frame in: limits, line feed, request; one out: an envelope."""
    requests, replies = private_pipes()
    threading.Thread(target=end_with_parent, args=(requests,), daemon=True).start()
    factory = eryx.SandboxFactory.load(folder / "snapshot.bin", site_packages=site_packages)
    factory.create_sandbox().execute("result = 1")
    write_frame(replies, b'{"ready": true}')
    while (frame := read_frame(requests)) is not None:
        head, _, request = frame.partition(b"\n")
        limits, relay = json.loads(head), Relay(requests, replies)
        with limited_memory(limits["max_memory_bytes"]) if limits["live"] else contextlib.nullcontext():
            data = answer(factory, limits, request.decode(), relay)
        relay.close()
        write_frame(replies, ANSWER + data)


def end_with_parent(requests: BinaryIO) -> None:
    """End this process, whatever it runs, once the parent's end of the pipe is gone."""
    poller = select.poll()
    poller.register(requests, 0)  # no event asked for: only the hang-up is reported
    poller.poll()
    os._exit(0)


def private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The parent's pipes on descriptors the guest cannot name: its 0, 1 and 2 lead nowhere."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    return requests, replies


def answer(factory: eryx.SandboxFactory, limits: dict[str, Any], request: str, relay: "Relay") -> bytes:
    """The guest's own envelope for a request in JSON, or one that names what stopped it."""
    sandbox = factory.create_sandbox(
        resource_limits=eryx.ResourceLimits(
            execution_timeout_ms=max(1, int(limits["wall_clock_s"] * 1000)),  # 0 would mean no limit
            callback_timeout_ms=None,
            max_memory_bytes=limits["max_memory_bytes"],
            max_vfs_bytes=limits["max_file_bytes"],
        ),
        callbacks=[relay.callback()] if limits["live"] else None,
        on_stdout=(meter := OutputMeter(limits["max_output_bytes"])),
        on_stderr=meter,
    )
    literal = json.dumps(request, ensure_ascii=False)  # a JSON string is a Python string too
    try:
        result = sandbox.execute(f"result = await serve({literal}, {RELAY if limits['live'] else None})")
    except eryx.TimeoutError:
        return stopped("timeout", f"it was stopped after {limits['wall_clock_s']:g} s")
    except eryx.ResourceLimitError as error:
        return stopped("memory", f"it needed more than the limit allows: {last_line(error)}")
    except eryx.ExecutionError as error:
        return stopped(*named(error))
    if not isinstance(result.result, str):
        return stopped("crash", "the guest gave no answer")
    return result.result.encode("utf-8", "surrogatepass")


class Relay:
    """Passes on to the parent what one guest asks, one ask at a time, and the replies back."""

    def __init__(self, requests: BinaryIO, replies: BinaryIO) -> None:
        self._requests, self._replies = requests, replies
        self._lock, self._closed = threading.Lock(), False

    def callback(self) -> Any:
        """What the engine is to call in a thread of its own where the guest awaits the relay."""
        return {"name": RELAY, "fn": self.ask, "schema": {"type": "object", "properties": {"text": {"type": "string"}}}}

    def ask(self, text: object = None, **_: object) -> str:
        """The reply to one ask, both JSON texts. It never raises: the guest would see our traceback."""
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else b""
        with self._lock:
            if self._closed or len(data) > MAX_ASK_BYTES:
                return '{"error": "this cannot be asked any more, or is too much"}'
            write_frame(self._replies, ASK + data)
            reply = read_frame(self._requests)
        if reply is None:  # the parent has gone
            os._exit(0)
        return reply.decode()

    def close(self) -> None:
        """Let no ask out any more; one that is under way comes to its end first."""
        self._closed = True
        with self._lock:
            pass


@contextlib.contextmanager
def limited_memory(guest_bytes: int) -> Iterator[None]:
    """Bound what this process may take for what a guest asks, which the engine copies before we see it."""
    status = Path("/proc/self/status").read_text("ascii") if sys.platform == "linux" else ""
    used = re.search(r"^VmData:\s+(\d+) kB", status, re.MULTILINE)
    before = resource.getrlimit(resource.RLIMIT_DATA)
    if used:
        limit = int(used[1]) * 1024 + guest_bytes + RELAY_MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_DATA, (limit, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_DATA, before)


class OutputMeter:
    """Ends this process when the guest prints past its limit without going through `sys.stdout`."""

    def __init__(self, limit: int) -> None:
        self.left = limit

    def __call__(self, data: bytes) -> None:
        """Count one piece of output."""
        self.left -= len(data)
        if self.left < 0:
            os._exit(EXIT_OUTPUT_LIMIT)


def named(error: eryx.ExecutionError) -> tuple[str, str]:
    """The failure's kind and message for what the engine reports."""
    text = str(error)
    if text.rstrip().endswith("MemoryError"):
        return "memory", "it needed more memory than the limit allows"
    if "exit" in text and "wasm" in text:
        return "crash", "the code ended the interpreter"
    return "crash", f"the guest stopped: {last_line(error)}"


def last_line(error: Exception) -> str:
    """The last line of the engine's report, which names the cause."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__


def stopped(kind: str, message: str) -> bytes:
    """An envelope for a guest that could not write its own."""
    return json.dumps({"failure": {"kind": kind, "message": message}}).encode()


if __name__ == "__main__":
    main()
