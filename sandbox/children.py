"""Supervised child processes that serve one request at a time, with spares started ahead."""

import contextlib
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import BinaryIO, cast

from sandbox.errors import SandboxUnavailable
from sandbox.frames import HEADER

START_TIMEOUT_S = 60.0


class ChildDied(Exception):
    """The child ended without an answer; `returncode` is its exit code or minus its signal."""

    def __init__(self, returncode: int) -> None:
        super().__init__(f"the child process ended with {returncode}")
        self.returncode = returncode


class ChildSilent(Exception):
    """The child gave no answer in time and was killed."""


class Child:
    """One engine process. It is ready once its first frame has come."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command,
            env={},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            close_fds=True,
            start_new_session=True,  # Ctrl-C is ours to handle, not the child's
        )
        self._ready = False
        os.set_blocking(cast(BinaryIO, self._process.stdin).fileno(), False)

    def wait_ready(self) -> None:
        """Wait for the first message. Raises as `receive` does."""
        if not self._ready:
            self.receive(time.monotonic() + START_TIMEOUT_S)
            self._ready = True

    def send(self, data: bytes, deadline: float) -> None:
        """Send one message. Raises as `receive` does."""
        pipe = cast(BinaryIO, self._process.stdin).fileno()
        poller = select.poll()
        poller.register(pipe, select.POLLOUT)
        left = memoryview(HEADER.pack(len(data)) + data)
        while left:
            if not poller.poll(max(0.0, deadline - time.monotonic()) * 1000):
                self.stop()
                raise ChildSilent
            try:
                left = left[os.write(pipe, left) :]
            except OSError as error:
                raise ChildDied(self.stop()) from error

    def receive(self, deadline: float) -> bytes:
        """The next message. Raises `ChildDied` or `ChildSilent`, and the child is gone then."""
        (length,) = HEADER.unpack(self._read_exactly(HEADER.size, deadline))
        return self._read_exactly(length, deadline)

    @property
    def alive(self) -> bool:
        """True while the process runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Kill the process, from whichever thread; whoever waits for its answer finds it dead."""
        with contextlib.suppress(OSError):
            self._process.kill()

    def stop(self) -> int:
        """Kill the process and reap it; its exit code or minus its signal."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                cast(BinaryIO, pipe).close()
        return self._process.wait()

    def _read_exactly(self, count: int, deadline: float) -> bytes:
        pipe, chunks = cast(BinaryIO, self._process.stdout), bytearray()
        poller = select.poll()
        poller.register(pipe, select.POLLIN)
        while len(chunks) < count:
            if not poller.poll(max(0.0, deadline - time.monotonic()) * 1000):
                self.stop()
                raise ChildSilent
            data = os.read(pipe.fileno(), min(count - len(chunks), 1 << 20))
            if not data:
                raise ChildDied(self._reap())
            chunks += data
        return bytes(chunks)

    def _reap(self) -> int:
        """The exit code of a process that closed its pipe: it is ending, or is made to."""
        try:
            return self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            return self.stop()
        finally:
            self.stop()


class Children:
    """Hands out ready children, one caller each, and starts spares so that a lost child is not waited for."""

    def __init__(self, command: Sequence[str], *, spares: int) -> None:
        self._command, self._spares = command, spares
        self._idle: list[Child] = []
        self._lock = threading.Lock()
        self._closed = False

    @contextlib.contextmanager
    def borrow(self) -> Iterator[Child]:
        """A child for one request; it goes back to the shelf if it still lives."""
        child = self._take()
        try:
            yield child
        except BaseException:
            child.stop()
            raise
        with self._lock:
            keep = child.alive and not self._closed
            if keep:
                self._idle.append(child)
        if not keep:
            child.stop()

    def start_ahead(self) -> None:
        """Start a child in the background where none is waiting, so that the first call need not."""
        with self._lock:
            if not self._idle and not self._closed:
                self._idle.append(self._start())

    def close(self) -> None:
        """Kill all that wait. Idempotent."""
        with self._lock:
            self._closed, idle = True, self._idle
            self._idle = []
        for child in idle:
            child.stop()

    def _take(self) -> Child:
        with self._lock:
            if self._closed:
                raise SandboxUnavailable("This sandbox has been closed")
            for dead in [child for child in self._idle if not child.alive]:
                self._idle.remove(dead)
                dead.stop()
            child = self._idle.pop(0) if self._idle else self._start()
            while len(self._idle) < self._spares:
                self._idle.append(self._start())
            return child

    def _start(self) -> Child:
        try:
            return Child(self._command)
        except OSError as error:
            raise SandboxUnavailable(f"The sandbox's process cannot start: {error.strerror}") from error


def python_child(*arguments: str) -> list[str]:
    """The command line of a child that sees neither our environment nor the current folder."""
    return [sys.executable, "-I", "-m", "sandbox.engine", *arguments]
