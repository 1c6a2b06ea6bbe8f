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
import itertools
import json
import os
import re
import resource
import select
import shutil
import signal
import struct
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import sandbox.guest_many  # noqa: F401 - it adds its operation to those of `serve`
from sandbox.frames import ANSWER, ASK, HEADER, MAX_ASK_BYTES, read_frame, write_frame
from sandbox.guest import failure, serve
from sandbox.guest_contents import GUEST_IMPORTS, WARM_UP

PACKAGES_FOLDER = "/packages"
"""Where a container for packages has them. Only the guest's process imports from it, and no `.pth` file is read."""
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
START = struct.Struct(f">{MARK_BYTES}scI")
"""How a message of the child begins: the mark that it was told, the kind, the length."""
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
            write_frame(replies, ANSWER + answer(requests, replies, json.loads(limits), request.decode()))
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


def answer(requests: BinaryIO, replies: BinaryIO, limits: dict[str, Any], request: str) -> bytes:
    """The child's own envelope for a request, or one that names what stopped it. Raises `HostGone`."""
    mark, killed = os.urandom(MARK_BYTES), out_of_memory_kills()
    (mine, theirs), (replies_in, replies_out) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        attempt(theirs, replies_in, mark, limits, request)
    os.close(theirs)
    os.close(replies_in)
    os.set_blocking(replies_out, False)
    try:
        limit = max(limits["max_answer_bytes"], MAX_ASK_BYTES) + START.size
        data, status = heard(requests.fileno(), mine, child, limit)
        while status is None and (ask := asked(data, mark)) is not None:
            data, reply = b"", reply_to(ask, requests, replies)
            status = handed_down(requests.fileno(), replies_out, child, reply)
            if status is None:
                data, status = heard(requests.fileno(), mine, child, limit)
    finally:
        os.close(mine)
        os.close(replies_out)
    if status is None and data.startswith(mark + ANSWER):
        return data[START.size :]
    return stopped(data, status, out_of_memory_kills() > killed)


def asked(data: bytes, mark: bytes) -> bytes | None:
    """The ask that the child wrote, which its host has to judge; None where it wrote anything else."""
    ask = data[START.size :]
    whole = is_whole(data) and START.unpack(data[: START.size])[2] == len(ask) <= MAX_ASK_BYTES
    return ask if whole and data.startswith(mark + ASK) else None


def reply_to(ask: bytes, requests: BinaryIO, replies: BinaryIO) -> bytes:
    """What the host replies. It stops this container where that takes too long. Raises `HostGone`."""
    write_frame(replies, ASK + ask)
    reply = read_frame(requests)
    if reply is None:
        raise HostGone
    return reply


def handed_down(requests: int, pipe: int, child: int, reply: bytes) -> int | None:
    """Give the child the reply; its exit status where it ended before it had it. Raises `HostGone`."""
    poller = select.poll()
    poller.register(pipe, select.POLLOUT)
    poller.register(requests, 0)
    left, status = memoryview(HEADER.pack(len(reply)) + reply), None
    while left and status is None:
        status = buried().get(child)
        ready = [descriptor for descriptor, _ in poller.poll(REAP_EVERY_MS)]
        if requests in ready:
            raise HostGone
        if pipe in ready:
            try:
                left = left[os.write(pipe, left) :]
            except BrokenPipeError:  # it wants no reply any more, or has ended
                return status
    return status


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
    """True where the mark, the kind, the length and that many bytes are there."""
    return len(data) >= START.size and len(data) - START.size >= START.unpack(data[: START.size])[2]


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


def attempt(pipe: int, replies: int, mark: bytes, limits: dict[str, Any], request: str) -> NoReturn:
    """The child's whole life. It never returns to the loop of its parent."""
    try:
        confine({pipe, replies}, limits)
        asyncio.run(reply(Line(pipe, replies, mark), request, os.getpid()))
    finally:
        leave(1)


class Line:
    """The child's way to its parent: it asks one thing after another, and answers in the end."""

    def __init__(self, pipe: int, replies: int, mark: bytes) -> None:
        self._pipe, self._replies, self._mark = pipe, replies, mark
        self._lock = threading.Lock()

    async def relay(self, *, text: str) -> str:
        """The host's reply to an ask, both JSON texts. Other tasks of the event loop run meanwhile."""
        return await asyncio.to_thread(self._exchange, text.encode())

    def answer(self, data: bytes) -> None:
        """Write the answer, once nothing is asked any more."""
        with self._lock:
            self._write(ANSWER, data)

    def _exchange(self, ask: bytes) -> str:
        with self._lock:
            self._write(ASK, ask)
            return self._read(HEADER.unpack(self._read(HEADER.size))[0]).decode()

    def _write(self, kind: bytes, data: bytes) -> None:
        left = memoryview(START.pack(self._mark, kind, len(data)) + data)
        while left:
            left = left[os.write(self._pipe, left) :]

    def _read(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            piece = os.read(self._replies, count - len(data))
            if not piece:
                raise OSError("the host has gone")
            data += piece
        return bytes(data)


async def reply(line: Line, request: str, child: int) -> None:
    """Answer from inside the event loop and leave at once: what the code left in it does not hold the answer up.

    A process that the code has forked comes here too, and has nothing to say.
    """
    data = (await serve(request, line.relay)).encode("utf-8", "surrogatepass")
    if os.getpid() != child:
        leave(1)
    line.answer(data)
    leave(0)


def confine(pipes: set[int], limits: dict[str, Any]) -> None:
    """Give up the parent's descriptors and set the limits of one process; the container limits them all together."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    for lower, upper in itertools.pairwise((2, *sorted(pipes), most)):
        os.closerange(lower + 1, upper)
    set_dumpable(1)
    if Path(PACKAGES_FOLDER).is_dir():
        sys.path.append(PACKAGES_FOLDER)
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
