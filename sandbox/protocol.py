"""What every sandbox back end offers. The contract tests hold each back end to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sandbox.errors import SandboxError
from sandbox.surroundings import Surroundings
from sandbox.types import Answer, Call, CallResult, Calls, Limits, SandboxStatus, TestReport


class Sandbox(Protocol):
    """Runs untrusted Python. Nothing survives from one call to the next, and no call reaches the host."""

    name: str

    def within(self, around: Surroundings) -> "Sandbox":
        """The same sandbox, whose calls and test runs find these surroundings. It shares all that is open."""
        ...

    def lacks(self, around: Surroundings) -> str:
        """Why code cannot have these surroundings here, in a sentence; empty where it can. Starts nothing."""
        ...

    def absence(self) -> SandboxError | None:
        """Why no call can be made on this machine; None where nothing speaks against it. Quick, and starts nothing."""
        ...

    def call(self, call: Call, limits: Limits | None = None) -> CallResult:
        """The function's value, or the named failure of the guest code.

        Safe to use from several threads. Raises `SandboxError` only where the sandbox itself is at fault.
        """
        ...

    def call_many(self, calls: Calls, limits: Limits | None = None) -> tuple[Answer, ...]:
        """What each call gave, in their order; fewer than were asked for where the steps or the time were used up.

        The limits are those of all calls together. A call that brings the sandbox down is found out and answered with
        its failure; the others are made again without it. Raises `SandboxError` as `call` does.
        """
        ...

    def run_tests(self, files: Mapping[str, str], limits: Limits | None = None) -> TestReport:
        """What pytest says of `files` (file name to text, no folders), run in one fresh sandbox.

        Raises `ValueError` for a file name with a folder in it, `SandboxError` as `call` does.
        """
        ...

    def warm_up(self) -> None:
        """Start in the background what the first call would wait for. Returns at once; raises as `call` does."""
        ...

    def status(self) -> SandboxStatus:
        """Whether it works on this machine and how fast a fresh call is. Never raises."""
        ...

    def environment(self) -> Mapping[str, str]:
        """What a result depends on beside the code, by name: the engine, the guest's Python, its pytest.

        Raises as `call` does.
        """
        ...

    def close(self) -> None:
        """Stop whatever waits in the background. Idempotent; the sandbox cannot be used afterwards."""
        ...


@dataclass(frozen=True, kw_only=True)
class BackendInfo:
    """What a back end's file offers under the name `BACKEND`."""

    name: str
    summary: str
    """One line for `--help` and the docs."""
    open: Callable[[Mapping[str, Any], Callable[[str], None]], Sandbox]
    """Its raw section of the settings and a listener for progress lines in, the sandbox out."""
