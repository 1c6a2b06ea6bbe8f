"""What every sandbox back end offers. The contract tests hold each back end to it."""

from collections.abc import Mapping
from typing import Protocol

from sandbox.types import Call, CallResult, Limits, SandboxStatus, TestReport


class Sandbox(Protocol):
    """Runs untrusted Python. Nothing survives from one call to the next, and no call reaches the host."""

    name: str
    provides_packages: bool
    """True where a function's declared requirements can be installed."""

    def call(self, call: Call, limits: Limits | None = None) -> CallResult:
        """The function's value, or the named failure of the guest code.

        Safe to use from several threads. Raises `SandboxError` only where the sandbox itself is at fault.
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
