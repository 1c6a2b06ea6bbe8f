"""The registry: functions, their versions and the evidence for them, in git."""

from typing import TYPE_CHECKING, Any

from registry.errors import (
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
    UnknownVersion,
)
from registry.files import read_export
from registry.records import AttemptRecord, Run, RunCounts
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
    "AttemptRecord",
    "Conflict",
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
    "Registry",
    "RegistryError",
    "RegistryNotWritable",
    "Run",
    "RunCounts",
    "Status",
    "Superseded",
    "UnknownFunction",
    "UnknownVersion",
    "Version",
    "manifest_text",
    "read_export",
]


def __getattr__(name: str) -> Any:
    """`Operations`, imported when it is first asked for: its library takes a quarter of a second."""
    if name == "Operations":
        from registry.operations import Operations

        return Operations
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
