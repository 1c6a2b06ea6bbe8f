"""Started containers kept waiting, each for one function, and the removal of those that a crash left behind."""

import contextlib
import os
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
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
PATIENCE_S = 1.0
SETTLE_TIMEOUT_S = 20.0
MOST_KEPT = 32
"""So many at most are kept for keys, however many callers there are at once."""
CROWD_S = 30.0
"""For so long a container is kept for each of the callers that there once were at a time."""


Arrival = tuple[Container, bool] | EngineFault
"""A container, and whether it is a new one; or why none could be started."""


@dataclass(kw_only=True, eq=False)
class Waiter:
    """A caller for whom a container is being started, and to whom another caller may give his before that."""

    key: str
    came: "queue.SimpleQueue[Arrival]" = field(default_factory=queue.SimpleQueue)


class Pool:
    """Hands out containers, one caller each, and starts others in the background for those that are gone.

    Where more callers come at a time than are kept for, one is kept for each of them, and thinned out later.
    """

    def __init__(self, start: Callable[[Size], Container], *, waiting: int, kept: int) -> None:
        self._start, self._waiting, self._kept_at_most = start, waiting, kept
        self._lock = threading.Lock()
        self._fresh: list[Container] = []
        self._kept: list[tuple[str, Container]] = []
        self._waiters: list[Waiter] = []
        self._starting_for: Counter[str] = Counter()
        self._callers, self._crowd, self._crowded_at = 0, 0, 0.0
        self._thinning: threading.Timer | None = None
        self._size, self._starting, self._closed, self._last_call = Size.of(Limits()), 0, False, 0.0
        self._background = ThreadPoolExecutor(2, thread_name_prefix="containers")

    @contextlib.contextmanager
    def borrow(self, key: str | None, size: Size) -> Iterator[Container]:
        """A container of at least that size: the one kept for the key, or one in which nothing has run.

        It is kept for the next caller with the same key, or where there is no key, or after an exception, stopped.
        Raises `EngineFault`, or `SandboxUnavailable` once closed.
        """
        with self._counted(key):
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
                with contextlib.suppress(RuntimeError):  # the process is ending
                    self._background.submit(self._start_one)
                    self._starting += 1

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
            if self._thinning is not None:
                self._thinning.cancel()
        for container in waiting:
            self._stop_later(container)
        self._background.shutdown(wait=True)

    @contextlib.contextmanager
    def _counted(self, key: str | None) -> Iterator[None]:
        """Count the caller while he is there, where a container may be kept for him."""
        with self._lock:
            self._callers += key is not None
            if self._callers >= self._crowd_lately():
                self._crowd, self._crowded_at = self._callers, time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._callers -= key is not None

    def _crowd_lately(self) -> int:
        """The most callers that there were at a time; call it with the lock held."""
        return self._crowd if time.monotonic() - self._crowded_at < CROWD_S else 0

    def _take(self, key: str | None, size: Size) -> Container:
        while (container := self._next(key, size)) is not None:
            if self._is_fit(container):
                return container
            self._stop_later(container)
        return self._start(self._size) if key is None else self._whichever_comes(key)

    def _is_fit(self, container: Container) -> bool:
        return container.size.holds(self._size) and container.is_idle()

    def _whichever_comes(self, key: str) -> Container:
        """A container that is started now, or one that another caller with the key gives back before that."""
        waiter = Waiter(key=key)
        try:
            while True:
                self._line_up(waiter)
                came = waiter.came.get()
                if isinstance(came, EngineFault):
                    raise came
                container, is_new = came
                if is_new or self._is_fit(container):
                    return container
                self._stop_later(container)
        finally:
            self._step_out(waiter)

    def _line_up(self, waiter: Waiter) -> None:
        """Have a container started for each who waits; one that is on its way for nobody any more is his."""
        with self._lock:
            self._waiters.append(waiter)
            waiting = sum(one.key == waiter.key for one in self._waiters)
            is_coming = self._starting_for[waiter.key] >= waiting
            self._starting_for[waiter.key] += not is_coming
        if not is_coming:
            threading.Thread(target=self._start_for, args=(waiter.key,), name="starts a container", daemon=True).start()

    def _step_out(self, waiter: Waiter) -> None:
        """Wait no more; what came and was not taken is for the next."""
        with self._lock:
            self._waiters = [one for one in self._waiters if one is not waiter]
        while not waiter.came.empty():
            if not isinstance(left := waiter.came.get(), EngineFault):
                self._put_back(waiter.key, left[0])

    def _start_for(self, key: str) -> None:
        """Start one for whoever waits first; where nobody does any more, it is kept for the next."""
        came: Arrival = EngineFault("No container could be started")
        try:
            came = self._start(self._size), True
            with contextlib.suppress(ChildDied, ChildSilent):  # whoever takes it is told so
                came[0].wait_ready()
        except EngineFault as fault:
            came = fault
        finally:
            with self._lock:
                self._starting_for -= Counter([key])
                is_taken = self._handed_over(key, came)
        if not is_taken and not isinstance(came, EngineFault):
            self._put_back(key, came[0])

    def _handed_over(self, key: str, came: Arrival) -> bool:
        """True where somebody waited for it, who has it now; call it with the lock held."""
        waiter = next((one for one in self._waiters if one.key == key), None)
        if waiter is None:
            return False
        self._waiters.remove(waiter)
        waiter.came.put(came)
        return True

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
        stale = [container]
        with self._lock:
            self._last_call = time.monotonic()
            if key is not None and not self._closed:
                if self._handed_over(key, (container, False)):
                    return
                self._kept.append((key, container))
                stale = self._surplus()
        for each in stale:
            self._stop_later(each)

    def _surplus(self) -> list[Container]:
        """Those that are kept beyond the number, taken out, the one used longest ago first; call it with the lock held.

        One is kept for each caller of the crowd that there was lately, unless he has it; all are looked at again later.
        """
        room = max(self._kept_at_most, min(self._crowd_lately(), MOST_KEPT) - self._callers)
        surplus, self._kept = self._kept[:-room], self._kept[-room:]
        if len(self._kept) > self._kept_at_most and self._thinning is None:
            self._thinning = threading.Timer(CROWD_S, self._thin)
            self._thinning.daemon = True
            self._thinning.start()
        return [container for _, container in surplus]

    def _thin(self) -> None:
        """Stop those that were kept for a crowd that has gone."""
        with self._lock:
            self._thinning = None
            surplus = [] if self._closed else self._surplus()
        for container in surplus:
            self._stop_later(container)

    def _when_quiet(self) -> None:
        """Hold the background's work back while calls follow one another and containers wait for them.

        For a second also where callers share what is kept for them, and start themselves what they lack.
        """
        patient_until = time.monotonic() + PATIENCE_S
        while not self._closed and time.monotonic() - self._last_call < QUIET_S:
            if not self._fresh and not (self._callers and time.monotonic() < patient_until):
                return
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
