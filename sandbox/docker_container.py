"""One started container: how it is confined, and one request at a time over its standard input and output."""

import contextlib
import json
import select
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.children import ChildDied, ChildSilent
from sandbox.docker_engine import already_gone, engine_errors
from sandbox.frames import ANSWER, HEADER, MAX_ASK_BYTES
from sandbox.types import MIB, Limits

USER = "65532:65532"
SHARED_MEMORY_BYTES = 16 * MIB
OVERHEAD_BYTES = 64 * MIB
"""What the guest runner with its loaded modules takes beside the guest's own memory."""
MAX_INODES = 8192
START_TIMEOUT_S = 60.0
BEGIN_TIMEOUT_S = 5.0
END_TIMEOUT_S = 10.0
PACKAGES_FOLDER = "/packages"
"""The guest server puts it at the end of the import path."""
STREAM_HEADER = struct.Struct(">BxxxL")
STANDARD_OUTPUT = 1


class NotBegun(Exception):
    """The container was dead or wedged before it took the request, which can be made again elsewhere."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """What a container may use in all, whatever processes are in it."""

    memory_bytes: int
    file_bytes: int

    @classmethod
    def of(cls, limits: Limits) -> "Size":
        """The size that these limits need."""
        return cls(memory_bytes=limits.max_memory_bytes, file_bytes=limits.max_file_bytes)

    def holds(self, other: "Size") -> bool:
        """True where a container of this size has room for what the other asks."""
        return self.memory_bytes >= other.memory_bytes and self.file_bytes >= other.file_bytes

    def joined(self, other: "Size") -> "Size":
        """The smallest size with room for both."""
        return Size(
            memory_bytes=max(self.memory_bytes, other.memory_bytes), file_bytes=max(self.file_bytes, other.file_bytes)
        )


@dataclass(frozen=True, kw_only=True)
class Build:
    """What the containers of one sandbox have in common."""

    image: str
    labels: Mapping[str, str]
    runtime: str | None
    cpus: float
    pids: int
    open_files: int
    layer: Path | None = None
    """A folder of installed packages, for the containers of one layer."""


def confinement(build: Build, size: Size) -> dict[str, Any]:
    """The engine's options for a container: nothing of the host, no network, no right that code could use."""
    memory = size.memory_bytes + size.file_bytes + SHARED_MEMORY_BYTES + OVERHEAD_BYTES
    scratch = f"rw,nosuid,nodev,noexec,nr_inodes={MAX_INODES},mode=1777"
    limits = {"nofile": build.open_files, "core": 0, "msgqueue": 0}
    return {
        "auto_remove": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "read_only": True,
        "tmpfs": {
            "/tmp": f"{scratch},size={size.file_bytes}",  # noqa: S108 - inside the container
            "/dev/shm": f"{scratch},size={SHARED_MEMORY_BYTES}",  # noqa: S108
        },
        "network_mode": "none",
        "ipc_mode": "private",
        "cgroupns": "private",
        "dns": ["127.0.0.1"],  # otherwise the host's own name servers can be read inside
        "mem_limit": memory,
        "memswap_limit": memory,  # memory and swap together: no swap
        "nano_cpus": int(build.cpus * 1e9),
        "pids_limit": build.pids,
        "ulimits": [{"Name": name, "Soft": value, "Hard": value} for name, value in limits.items()],
        "log_config": {"Type": "none"},
        "init": False,  # the guest server is the first process, which code inside cannot stop, and it buries the dead
        "runtime": build.runtime,
        "mounts": [mount_of(build.layer)] if build.layer else [],
    }


def mount_of(layer: Path) -> dict[str, Any]:
    """The one folder of the host's that a container may see: installed packages, which nothing inside can change."""
    return {
        "Type": "bind",
        "Source": str(layer.resolve()),
        "Target": PACKAGES_FOLDER,
        "ReadOnly": True,
        "BindOptions": {"Propagation": "rprivate"},
    }


class Container:
    """A container that waits for requests. It ends by itself when this process does: its input closes then."""

    def __init__(self, api: Any, build: Build, size: Size) -> None:
        """Raises `EngineFault`; nothing is left behind then."""
        self.size = size
        self._api, self._ready, self._buffer, self._limit = api, False, bytearray(), 0
        with engine_errors():
            self._id = api.create_container(
                build.image, user=USER, hostname="sandbox", stdin_open=True, labels=dict(build.labels),
                host_config=api.create_host_config(**confinement(build, size)), use_config_proxy=False,
            )["Id"]  # fmt: skip
            self._stream: Any = None
            try:
                self._stream = api.attach_socket(self._id, {"stdin": 1, "stdout": 1, "stream": 1})
                self._socket = getattr(self._stream, "_sock", self._stream)
                api.start(self._id)
            except BaseException:
                self._hang_up()
                with already_gone():
                    api.remove_container(self._id, force=True)
                raise

    def wait_ready(self) -> None:
        """Wait until it takes a request. Raises `ChildDied` or `ChildSilent`."""
        if not self._ready:
            self._read_frame(time.monotonic() + START_TIMEOUT_S, 1000)
            self._ready = True

    def begin(self, frame: bytes, max_answer_bytes: int) -> None:
        """Hand a request over; the time counts from when the container has taken it.

        Raises `NotBegun` where it does not take it. After any exception the container is of no use any more.
        """
        try:
            self.wait_ready()
            self._ready = False
            deadline = time.monotonic() + BEGIN_TIMEOUT_S
            self.send(frame, deadline)
            self._read_frame(deadline, 1000)
        except (ChildDied, ChildSilent) as error:
            raise NotBegun(str(error)) from error
        self._limit = max(max_answer_bytes, MAX_ASK_BYTES) + len(ANSWER)

    def send(self, data: bytes, deadline: float) -> None:
        """Send one message. Raises `ChildSilent` at the deadline, `ChildDied` where it ended."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise ChildSilent
        try:
            self._socket.settimeout(left)
            self._socket.sendall(HEADER.pack(len(data)) + data)
        except TimeoutError:
            raise ChildSilent from None
        except OSError as error:
            raise ChildDied(0) from error

    def receive(self, deadline: float) -> bytes:
        """The next message. Raises as `send` does."""
        return self._read_frame(deadline, self._limit)

    def is_idle(self) -> bool:
        """True where it lives, has removed what the last request left, and waits for the next."""
        try:
            self.wait_ready()
            return not self._buffer and not select.select([self._socket], [], [], 0)[0]
        except (ChildDied, ChildSilent, OSError, ValueError):
            return False

    def kill(self) -> None:
        """Kill all that runs in it, from whichever thread; whoever waits for its answer finds it dead.

        Raises `EngineFault`.
        """
        with engine_errors(), already_gone():
            self._api.kill(self._id)

    def stop(self) -> None:
        """Kill all that runs in it and wait until it is gone; the engine removes it then. Idempotent.

        Raises `EngineFault` where the engine does not do it.
        """
        try:
            self.kill()
            deadline = time.monotonic() + END_TIMEOUT_S
            with contextlib.suppress(ChildDied, ChildSilent, OSError):
                while True:
                    self._receive(deadline)
        finally:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._stream is not None:
            with contextlib.suppress(OSError):
                self._stream.close()
            with contextlib.suppress(OSError):
                self._socket.close()

    def _read_frame(self, deadline: float, limit: int) -> bytes:
        (length,) = HEADER.unpack(self._read_exactly(HEADER.size, deadline))
        if length > limit:
            raise ChildDied(0)
        return self._read_exactly(length, deadline)

    def _read_exactly(self, count: int, deadline: float) -> bytes:
        while len(self._buffer) < count:
            self._buffer += self._receive(deadline)
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _receive(self, deadline: float) -> bytes:
        """The next piece of the container's standard output, out of the engine's envelope around it."""
        stream, length = STREAM_HEADER.unpack(self._receive_exactly(STREAM_HEADER.size, deadline))
        piece = self._receive_exactly(length, deadline)
        return piece if stream == STANDARD_OUTPUT else b""

    def _receive_exactly(self, count: int, deadline: float) -> bytes:
        chunks = bytearray()
        while len(chunks) < count:
            left = deadline - time.monotonic()
            if left <= 0:
                raise ChildSilent
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(count - len(chunks))
            except TimeoutError:
                raise ChildSilent from None
            except OSError:
                data = b""
            if not data:
                raise ChildDied(0)
            chunks += data
        return bytes(chunks)


def request_frame(request: bytes, limits: Limits, max_answer_bytes: int) -> bytes:
    """A request as the guest server takes it: the limits of its process, a line feed, the request."""
    head = {
        "max_memory_bytes": limits.max_memory_bytes,
        "max_file_bytes": limits.max_file_bytes,
        "max_answer_bytes": max_answer_bytes,
    }
    return json.dumps(head).encode() + b"\n" + request
