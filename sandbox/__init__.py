"""Isolates: runs untrusted Python. Knows nothing of functions, models or chats."""

from sandbox.errors import SandboxError, SandboxUnavailable, SnapshotFailed
from sandbox.protocol import BackendInfo, Sandbox
from sandbox.surroundings import HostCalls, Packages, Script, Surroundings
from sandbox.types import (
    Answer,
    Call,
    CallResult,
    Calls,
    Failure,
    FailureKind,
    Limits,
    SandboxStatus,
    TestOutcome,
    TestReport,
)

__all__ = [
    "Answer",
    "BackendInfo",
    "Call",
    "CallResult",
    "Calls",
    "Failure",
    "FailureKind",
    "HostCalls",
    "Limits",
    "Packages",
    "Sandbox",
    "SandboxError",
    "SandboxStatus",
    "SandboxUnavailable",
    "Script",
    "SnapshotFailed",
    "Surroundings",
    "TestOutcome",
    "TestReport",
]
