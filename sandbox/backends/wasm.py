"""The embedded back end: CPython compiled to WebAssembly, in supervised child processes."""

import contextlib
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox.base import BaseSandbox, decode, encode, failed
from sandbox.children import ChildDied, Children, ChildSilent, python_child
from sandbox.conversation import BadAsk, converse
from sandbox.errors import SandboxError, SandboxUnavailable
from sandbox.frames import EXIT_OUTPUT_LIMIT
from sandbox.kept import Kept
from sandbox.protocol import BackendInfo
from sandbox.snapshot import discard, ensure_site, ensure_snapshot, is_built
from sandbox.stopping import stoppable
from sandbox.surroundings import Packages, Surroundings
from sandbox.types import Call, FailureKind, Limits, SandboxStatus

MOST_LAYERS = 4
"""For so many sets of packages an engine process is kept waiting."""
GRACE_S = 1.0
"""How long after the engine's own time limit the child process is killed."""


KILLED = "its process was killed from outside again and again, as happens where the machine's memory runs out"


class EngineDoesNotStart(SandboxUnavailable):
    """The WebAssembly engine does not start on this machine."""


class WasmConfig(BaseModel):
    """The settings of this back end."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cache: Path
    """The folder that keeps the snapshot."""
    spares: int = 1
    """Children started ahead, so that the call after a crash does not wait (about 0.3 s)."""


class WasmSandbox(BaseSandbox):
    """Every call gets a WebAssembly instance of its own: no host file, no network, no process to reach."""

    name = "wasm"

    def __init__(self, config: WasmConfig, on_progress: Callable[[str], None]) -> None:
        self._config, self._on_progress = config, on_progress
        self._lock = threading.Lock()
        self._children: Children | None = None
        self._layered = Kept[Children](MOST_LAYERS)
        self._folder: Path | None = None
        self._rebuilt = self._closed = False
        self._environment: dict[str, str] = {}

    def lacks(self, around: Surroundings) -> str:
        """See `sandbox.protocol.Sandbox.lacks`."""
        if around.packages is not None and not around.packages.pure:
            return f"the sandbox `{self.name}` cannot load native code, which its packages bring"
        return ""

    def warm_up(self) -> None:
        """Start the engine in the background, where its snapshot is there already."""
        if is_built(self._config.cache):
            self._opened().start_ahead()

    def close(self) -> None:
        """Kill the children that wait. A call afterwards raises `SandboxUnavailable`."""
        with self._lock:
            children, self._children, self._closed = self._children, None, True
        if children is not None:
            children.close()
        self._layered.close()

    def status(self) -> SandboxStatus:
        """The engine's version and the median of five fresh calls."""
        import statistics

        probe = Call(source="def one():\n    return 1\n", function="one")
        try:
            self.call(probe)
            times = [self.call(probe).seconds * 1000 for _ in range(5)]
        except SandboxError as error:
            return SandboxStatus(available=False, detail=str(error), advice=error.advice)
        detail = f"pyeryx {version('pyeryx')}, fresh call {statistics.median(times):.1f} ms"
        return SandboxStatus(available=True, detail=detail)

    def environment(self) -> dict[str, str]:
        """The engine, and what the guest itself says of its Python and pytest; asked once."""
        with self._lock:
            known = self._environment
        if not known:
            source = "import sys, pytest\ndef versions():\n    return [sys.version.split()[0], pytest.__version__]\n"
            python, pytest = self.call(Call(source=source, function="versions")).value
            known = {"backend": self.name, "engine": f"pyeryx {version('pyeryx')}", "python": python, "pytest": pytest}
            with self._lock:
                self._environment = known
        return dict(known)

    def _opened(self) -> Children:
        with self._lock:
            if self._closed:
                raise SandboxUnavailable("This sandbox has been closed", advice="Open another one.")
            if self._children is None:
                self._folder = ensure_snapshot(self._config.cache, self._on_progress)
                command = python_child("serve", str(self._folder))
                self._children = Children(command, spares=self._config.spares)
            return self._children

    @contextlib.contextmanager
    def _children_with(self, packages: Packages | None) -> Iterator[Children]:
        """The engines whose guests find these packages, and no others. The snapshot is one and the same."""
        plain, folder = self._opened(), self._folder
        if packages is None or folder is None:
            yield plain
            return

        def start() -> Children:
            return Children(python_child("serve", str(folder), str(ensure_site(folder, packages))), spares=0)

        with self._layered.use(f"{folder.name} {packages.digest}", start) as children:
            yield children

    def _rebuild(self) -> None:
        """Have the snapshot built anew, once in this object's life: a damaged one does not load."""
        with self._lock:
            if self._rebuilt or self._folder is None:
                return
            self._rebuilt, children, self._children = True, self._children, None
            discard(self._folder)
        if children is not None:
            children.close()

    def _exchange(self, request: Mapping[str, Any], limits: Limits, around: Surroundings) -> dict[str, Any]:
        head = asdict(limits) | {"live": around.host is not None}
        frame = json.dumps(head).encode() + b"\n" + encode(request)
        try:
            envelope = self._attempt(frame, limits, around)
        except EngineDoesNotStart:
            self._rebuild()
            envelope = self._attempt(frame, limits, around)
        for _ in range(
            0 if around.host else 2
        ):  # the spare may have been killed with the first; nothing is asked twice
            envelope = envelope or self._attempt(frame, limits, around)
        return envelope or failed(FailureKind.CRASH, KILLED)

    def _attempt(self, frame: bytes, limits: Limits, around: Surroundings) -> dict[str, Any] | None:
        """The envelope; None where somebody killed the child, which no guest can do."""
        started = time.monotonic()
        try:
            with self._children_with(around.packages) as children, children.borrow() as child, stoppable(child.kill):
                self._start(child.wait_ready)
                child.send(frame, started + limits.wall_clock_s + GRACE_S)
                return decode(converse(child, around.host, limits.wall_clock_s, GRACE_S), limits, around)
        except ChildSilent:
            return failed(FailureKind.TIMEOUT, f"it was stopped after {time.monotonic() - started:.1f} s")
        except ChildDied as died:
            return None if died.returncode == -signal.SIGKILL else died_as(died.returncode)
        except BadAsk as bad:
            return failed(FailureKind.CRASH, f"the code used the host's channel for something else: {bad}")

    def _start(self, wait_ready: Callable[[], None]) -> None:
        try:
            wait_ready()
        except ChildSilent as error:
            raise SandboxUnavailable("The WebAssembly engine did not start in time: the machine is too busy") from error
        except ChildDied as error:
            if error.returncode in (0, -signal.SIGKILL):
                raise  # it was hung up on, or killed from outside, which says nothing of the snapshot
            raise EngineDoesNotStart(f"The WebAssembly engine does not start on this machine: {error}") from error


def died_as(returncode: int) -> dict[str, Any]:
    """What the end of the child process says of the guest."""
    if returncode == EXIT_OUTPUT_LIMIT:
        return failed(FailureKind.OUTPUT_LIMIT, "it printed more than the limit allows")
    return failed(
        FailureKind.CRASH,
        f"it brought the interpreter down (exit {returncode}), for example by nesting too deeply",
    )


def open_wasm(section: Mapping[str, Any], on_progress: Callable[[str], None]) -> WasmSandbox:
    """The back end for its section of the settings. Raises `SandboxUnavailable` for wrong settings."""
    try:
        return WasmSandbox(WasmConfig.model_validate(dict(section)), on_progress)
    except ValidationError as error:
        known = ", ".join(WasmConfig.model_fields)
        raise SandboxUnavailable(
            f"The settings of the sandbox `wasm` are wrong: {error.errors()[0]['msg']}. Known: {known}"
        ) from error


BACKEND = BackendInfo(
    name="wasm",
    summary="CPython in WebAssembly, embedded: no daemon, no root, pure Python only",
    open=open_wasm,
)
