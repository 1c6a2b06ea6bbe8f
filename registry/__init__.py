"""The registry: functions, their versions and the evidence for them, in git."""

from typing import TYPE_CHECKING, Any

from registry.errors import (
    AlreadyAnswered,
    Conflict,
    InvalidFunction,
    InvalidTransition,
    NameTaken,
    NotARegistry,
    OperationsUnavailable,
    RegistryError,
    RegistryNotWritable,
    Superseded,
    UnknownFunction,
    UnknownQuestion,
    UnknownVersion,
)
from registry.files import read_export, read_suites
from registry.records import (
    AttemptRecord,
    AuditEntry,
    CallCounts,
    Difference,
    QuestionRecord,
    RecordedCall,
    Run,
    RunCounts,
)
from registry.registry import Registry
from registry.types import (
    ALLOWED_TRANSITIONS,
    NAME_PATTERN,
    Example,
    Function,
    HistoryEntry,
    Hit,
    Listing,
    Manifest,
    Status,
    Version,
    manifest_text,
)

if TYPE_CHECKING:
    from registry.operations import Operations

__all__ = [
    "ALLOWED_TRANSITIONS",
    "NAME_PATTERN",
    "AlreadyAnswered",
    "AttemptRecord",
    "AuditEntry",
    "CallCounts",
    "Conflict",
    "Difference",
    "Example",
    "Function",
    "HistoryEntry",
    "Hit",
    "InvalidFunction",
    "InvalidTransition",
    "Listing",
    "Manifest",
    "NameTaken",
    "NotARegistry",
    "Operations",
    "OperationsUnavailable",
    "QuestionRecord",
    "RecordedCall",
    "Registry",
    "RegistryError",
    "RegistryNotWritable",
    "Run",
    "RunCounts",
    "Status",
    "Superseded",
    "UnknownFunction",
    "UnknownQuestion",
    "UnknownVersion",
    "Version",
    "manifest_text",
    "read_export",
    "read_suites",
]


def __getattr__(name: str) -> Any:
    """`Operations`, imported when it is first asked for: its library takes a quarter of a second."""
    if name == "Operations":
        from registry.operations import Operations

        return Operations
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
