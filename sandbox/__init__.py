"""Isolates: runs untrusted Python. Knows nothing of functions, models or chats."""

from sandbox.errors import SandboxError, SandboxUnavailable, SnapshotFailed
from sandbox.protocol import Sandbox
from sandbox.types import (
    BackendInfo,
    Call,
    CallResult,
    Failure,
    FailureKind,
    Limits,
    SandboxStatus,
    TestOutcome,
    TestReport,
)

__all__ = [
    "BackendInfo",
    "Call",
    "CallResult",
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
