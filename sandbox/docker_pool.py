"""Started containers kept waiting, each for one function, and the removal of those that a crash left behind."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sandbox.children import ChildDied, ChildSilent
from sandbox.docker_container import Container, Size
from sandbox.docker_engine import EngineFault, already_gone, engine_errors
from sandbox.errors import SandboxUnavailable
from sandbox.types import Limits

OWNER_LABEL = "kowal.owner"
STRAY_AFTER_S = 600
"""The age at which a container that is not running is not one that is just being started."""
QUIET_S = 0.02
SETTLE_TIMEOUT_S = 20.0


class Pool:
    """Hands out containers, one caller each, and starts others in the background for those that are gone."""

    def __init__(self, start: Callable[[Size], Container], *, waiting: int, kept: int) -> None:
        self._start, self._waiting, self._kept_at_most = start, waiting, kept
        self._lock = threading.Lock()
        self._fresh: list[Container] = []
        self._kept: list[tuple[str, Container]] = []
        self._size, self._starting, self._closed, self._last_call = Size.of(Limits()), 0, False, 0.0
        self._background = ThreadPoolExecutor(2, thread_name_prefix="containers")

    @contextlib.contextmanager
    def borrow(self, key: str | None, size: Size) -> Iterator[Container]:
        """A container of at least that size: the one kept for the key, or one in which nothing has run.

        It is kept for the next caller with the same key, or where there is no key, or after an exception, stopped.
        Raises `EngineFault`, or `SandboxUnavailable` once closed.
        """
        container = self._take(key, size)
        try:
            yield container
        except BaseException:
            container.stop()
            raise
        finally:
            self.replenish()
        self._put_back(key, container)

    def replenish(self) -> None:
        """Start in the background what is missing."""
        with self._lock:
            if self._closed:
                return
            missing = self._waiting - len(self._fresh) - self._starting
            for _ in range(missing):
                self._starting += 1
                self._background.submit(self._start_one)

    def settle(self) -> None:
        """Wait until what is being started in the background waits for calls, for twenty seconds at most."""
        deadline = time.monotonic() + SETTLE_TIMEOUT_S
        while self._starting and time.monotonic() < deadline:
            time.sleep(QUIET_S)

    def close(self) -> None:
        """Stop all that wait or are being started. Idempotent."""
        with self._lock:
            self._closed, waiting = True, self._fresh + [container for _, container in self._kept]
            self._fresh, self._kept = [], []
        for container in waiting:
            self._stop_later(container)
        self._background.shutdown(wait=True)

    def _take(self, key: str | None, size: Size) -> Container:
        while (container := self._next(key, size)) is not None:
            if container.size.holds(self._size) and container.is_idle():
                return container
            self._stop_later(container)
        return self._start(self._size)

    def _next(self, key: str | None, size: Size) -> Container | None:
        """A container that waits, off the shelf: one kept for the key before those in which nothing has run."""
        with self._lock:
            if self._closed:
                raise SandboxUnavailable("This sandbox has been closed", advice="Open another one.")
            self._size, self._last_call = self._size.joined(size), time.monotonic()
            kept = next((entry for entry in self._kept if entry[0] == key), None)
            if kept is not None:
                self._kept.remove(kept)
                return kept[1]
            return self._fresh.pop(0) if self._fresh else None

    def _put_back(self, key: str | None, container: Container) -> None:
        with self._lock:
            self._last_call = time.monotonic()
            stale = container
            if key is not None and not self._closed:
                self._kept.append((key, container))
                if len(self._kept) <= self._kept_at_most:
                    return
                stale = self._kept.pop(0)[1]
        self._stop_later(stale)

    def _when_quiet(self) -> None:
        """Hold the background's work back while calls follow one another and containers wait for them."""
        while self._fresh and not self._closed and time.monotonic() - self._last_call < QUIET_S:
            time.sleep(QUIET_S)

    def _start_one(self) -> None:
        self._when_quiet()
        container = None
        try:
            if not self._closed:
                container = self._start(self._size)
                container.wait_ready()
        except (EngineFault, ChildDied, ChildSilent):  # whoever needs one next starts it himself, and is told
            self._stop_quietly(container)
            container = None
        with self._lock:
            self._starting -= 1
            if container is not None and not self._closed:
                self._fresh.append(container)
                container = None
        self._stop_quietly(container)

    def _stop_later(self, container: Container) -> None:
        try:
            self._background.submit(self._stop_quietly, container)
        except RuntimeError:  # the pool has been closed meanwhile
            self._stop_quietly(container)

    def _stop_quietly(self, container: Container | None) -> None:
        """Stop it; where the engine does not answer, the container's input is closed, which ends it too."""
        if container is not None:
            self._when_quiet()
            with contextlib.suppress(EngineFault):
                container.stop()


def owner() -> str:
    """What tells this process from every other: the machine's start, the process space, the number, its start."""
    return " ".join((machine(), str(os.getpid()), started(os.getpid())))


def machine() -> str:
    """The machine since its last start, and the space in which process numbers count; the same for all in it."""
    try:
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return f"{os.uname().nodename} -"


def started(pid: int) -> str:
    """When the process started, in the kernel's ticks; empty where there is no such process or no way to know."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def is_stray(container: dict[str, Any]) -> bool:
    """True where the container's owner was a process of this machine that has ended, or it is left unstarted."""
    match container["Labels"].get(OWNER_LABEL, "").rsplit(" ", 2):
        case [where, pid, start] if where == machine() and pid.isdigit() and start and started(int(pid)) != start:
            return True
    return bool(container["State"] != "running" and time.time() - container["Created"] > STRAY_AFTER_S)


def remove_strays(api: Any) -> int:
    """Remove what a crashed process left behind, and tell how many that were. Raises `EngineFault`."""
    with engine_errors():
        strays = [one["Id"] for one in api.containers(all=True, filters={"label": OWNER_LABEL}) if is_stray(one)]
        for stray in strays:
            with already_gone():
                api.remove_container(stray, force=True)
    return len(strays)
