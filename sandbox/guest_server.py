"""The first process of a container, and run nowhere else: forks a child for each request and passes on its answer.

It alone holds the pipes to the host. The guest's code runs in the child, which has neither them nor a way to this
process: the kernel refuses its memory and descriptors to others (it is not dumpable), and as the container's first
process it takes no signal from inside. It also does what an init does: it buries whatever is left over.
"""

import asyncio
import contextlib
import ctypes
import gc
import importlib
import json
import os
import re
import resource
import select
import shutil
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import sandbox.guest_many  # noqa: F401 - it adds its operation to those of `serve`
from sandbox.frames import HEADER, read_frame, write_frame
from sandbox.guest import failure, serve
from sandbox.guest_contents import GUEST_IMPORTS, WARM_UP

SCRATCH = ("/tmp", "/dev/shm")  # noqa: S108 - the container's own, of limited size
ENVIRONMENT = {
    "HOME": "/tmp",  # noqa: S108
    "TMPDIR": "/tmp",  # noqa: S108
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
}
OOM_COUNTERS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")
IPC_TABLES = ("/proc/sysvipc/shm", "/proc/sysvipc/sem", "/proc/sysvipc/msg")
PR_SET_DUMPABLE = 4
REAP_EVERY_MS = 20
MARK_BYTES = 16
leave = os._exit


class HostGone(Exception):
    """Nobody waits for an answer any more."""


def main() -> None:
    """Serve one request after another until the host has gone, or something of the last one cannot be removed."""
    prepare()
    requests, replies = private_pipes()
    with contextlib.suppress(HostGone, BrokenPipeError):
        write_frame(replies, b'{"ready": true}')
        while (frame := read_frame(requests)) is not None:
            write_frame(replies, b'{"begun": true}')
            limits, _, request = frame.partition(b"\n")
            write_frame(replies, answer(requests.fileno(), json.loads(limits), request.decode()))
            if not clean():
                return
            write_frame(replies, b'{"ready": true}')


def prepare() -> None:
    """Load what guests use most, and make this process one that no other may look into."""
    os.environ.clear()
    os.environ.update(ENVIRONMENT)
    for name in GUEST_IMPORTS:
        importlib.import_module(name)
    plugins = importlib.import_module("_pytest.config").default_plugins
    for name in plugins:
        importlib.import_module(f"_pytest.{name}")
    with contextlib.suppress(StopIteration):
        serve(json.dumps(WARM_UP)).send(None)
    del sys.modules["function"]
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    set_dumpable(0)
    gc.collect()
    gc.freeze()


def set_dumpable(flag: int) -> None:
    """Say whether processes of the same user may look into this one. Raises `OSError`."""
    if ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, flag, 0, 0, 0):
        raise OSError("prctl was refused")


def private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The host's pipes on descriptors of their own: 0, 1 and 2 lead nowhere."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    return requests, replies


def answer(requests: int, limits: dict[str, Any], request: str) -> bytes:
    """The child's own envelope for a request, or one that names what stopped it. Raises `HostGone`."""
    mark, killed = os.urandom(MARK_BYTES), out_of_memory_kills()
    mine, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        attempt(theirs, mark, limits, request)
    os.close(theirs)
    try:
        data, status = heard(requests, mine, child, limits["max_answer_bytes"])
    finally:
        os.close(mine)
    if status is None and data.startswith(mark):
        return data[MARK_BYTES + HEADER.size :]
    return stopped(data, status, out_of_memory_kills() > killed)


def heard(requests: int, pipe: int, child: int, limit: int) -> tuple[bytes, int | None]:
    """What the child wrote, and its exit status where it ended without a whole message. Raises `HostGone`."""
    poller = select.poll()
    poller.register(pipe, select.POLLIN)
    poller.register(requests, 0)  # no event asked for: only the hang-up is reported
    data, status = bytearray(), None
    while True:
        status = buried().get(child, status)  # before the pipe is looked at: what an ended child wrote is in it by then
        ready = [descriptor for descriptor, _ in poller.poll(REAP_EVERY_MS)]
        if requests in ready:
            raise HostGone
        piece = os.read(pipe, 1 << 20) if pipe in ready else b""
        data += piece
        if is_whole(data) or len(data) > limit:
            return bytes(data), None
        if pipe in ready and not piece:
            poller.unregister(pipe)
        if status is not None and not piece:
            return bytes(data), status


def is_whole(data: bytes | bytearray) -> bool:
    """True where the mark, the length and that many bytes are there."""
    start = MARK_BYTES + HEADER.size
    return len(data) >= start and len(data) - start >= HEADER.unpack(data[MARK_BYTES:start])[0]


def buried() -> dict[int, int]:
    """The processes that have ended, orphans of others included, with their exit codes or minus their signals."""
    ended = {}
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            ended[found[0]] = os.waitstatus_to_exitcode(found[1])
    return ended


def stopped(data: bytes, status: int | None, out_of_memory: bool) -> bytes:  # noqa: FBT001
    """The envelope for a child that did not give its own."""
    if out_of_memory:
        envelope = failure("memory", "its processes together needed more memory than the limit allows")
    elif status is not None and status < 0:
        envelope = failure("crash", f"it brought the interpreter down ({signal.Signals(-status).name})")
    elif data:
        envelope = failure("crash", "the code wrote to the runner's own descriptor, or more than an answer may have")
    else:
        envelope = failure("crash", f"the code ended the interpreter (exit {status})")
    return json.dumps(envelope).encode()


def attempt(pipe: int, mark: bytes, limits: dict[str, Any], request: str) -> NoReturn:
    """The child's whole life. It never returns to the loop of its parent."""
    try:
        confine(pipe, limits)
        asyncio.run(reply(pipe, mark, request, os.getpid()))
    finally:
        leave(1)


async def reply(pipe: int, mark: bytes, request: str, child: int) -> None:
    """Answer from inside the event loop and leave at once: what the code left in it does not hold the answer up.

    A process that the code has forked comes here too, and has nothing to say.
    """
    data = (await serve(request)).encode("utf-8", "surrogatepass")
    if os.getpid() != child:
        leave(1)
    left = memoryview(mark + HEADER.pack(len(data)) + data)
    while left:
        left = left[os.write(pipe, left) :]
    leave(0)


def confine(pipe: int, limits: dict[str, Any]) -> None:
    """Give up the parent's descriptors and set the limits of one process; the container limits them all together."""
    os.closerange(3, pipe)
    os.closerange(pipe + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    set_dumpable(1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    for name, limit in (
        (resource.RLIMIT_DATA, limits["max_memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["max_file_bytes"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(name, (limit, limit))


def out_of_memory_kills() -> int:
    """How many processes of this container the kernel has killed for want of memory."""
    for name in OOM_COUNTERS:
        with contextlib.suppress(OSError):
            if found := re.search(r"^oom_kill (\d+)", Path(name).read_text(), re.MULTILINE):
                return int(found[1])
    return 0


def clean() -> bool:
    """True where nothing of the last request is left: no process, no file, no shared memory."""
    try:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)
        for folder in SCRATCH:
            for entry in Path(folder).iterdir():
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        return not any(Path(table).read_text().splitlines()[1:] for table in IPC_TABLES)
    except (OSError, RecursionError):
        return False


if __name__ == "__main__":
    main()
