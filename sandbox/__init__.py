"""Isolates: runs untrusted Python. Knows nothing of functions, models or chats."""

from sandbox.errors import SandboxError, SandboxUnavailable, SnapshotFailed
from sandbox.protocol import BackendInfo, Sandbox
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
    "Limits",
    "Sandbox",
    "SandboxError",
    "SandboxStatus",
    "SandboxUnavailable",
    "SnapshotFailed",
    "TestOutcome",
    "TestReport",
]
