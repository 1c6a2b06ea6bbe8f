"""The registry: functions, their versions and the evidence for them, in git."""

from typing import TYPE_CHECKING, Any

from registry.clone import Change, looked_at
from registry.errors import (
    AlreadyAnswered,
    BackupFailed,
    BadBackup,
    BranchProtected,
    Conflict,
    InvalidFunction,
    InvalidTransition,
    NameTaken,
    NotACopy,
    NotARegistry,
    OperationsUnavailable,
    RegistryError,
    RegistryNotWritable,
    RemoteRefused,
    RemoteUnavailable,
    Superseded,
    UnknownFunction,
    UnknownQuestion,
    UnknownRun,
    UnknownTask,
    UnknownVersion,
)
from registry.files import read_export, read_suites
from registry.profile import Found, Hit, Profile, hit_of, parameter_types, profile_of
from registry.records import (
    AttemptRecord,
    AuditEntry,
    CallCounts,
    Difference,
    GateCount,
    Lesson,
    ModelCall,
    QuestionRecord,
    RecordedCall,
    Run,
    RunCounts,
    Spent,
    TaskEvent,
    TaskRecord,
    TaskState,
)
from registry.registry import Registry
from registry.remote import Remote
from registry.sharing import RemoteStatus
from registry.types import (
    ALLOWED_TRANSITIONS,
    NAME_PATTERN,
    Example,
    Function,
    HistoryEntry,
    Listing,
    Manifest,
    Rollback,
    Status,
    Version,
    manifest_text,
)

if TYPE_CHECKING:
    from registry.operations import Operations
    from registry.tasks import Tasks

__all__ = [
    "ALLOWED_TRANSITIONS",
    "NAME_PATTERN",
    "AlreadyAnswered",
    "AttemptRecord",
    "AuditEntry",
    "BackupFailed",
    "BadBackup",
    "BranchProtected",
    "CallCounts",
    "Change",
    "Conflict",
    "Difference",
    "Example",
    "Found",
    "Function",
    "GateCount",
    "HistoryEntry",
    "Hit",
    "InvalidFunction",
    "InvalidTransition",
    "Lesson",
    "Listing",
    "Manifest",
    "ModelCall",
    "NameTaken",
    "NotACopy",
    "NotARegistry",
    "Operations",
    "OperationsUnavailable",
    "Profile",
    "QuestionRecord",
    "RecordedCall",
    "Registry",
    "RegistryError",
    "RegistryNotWritable",
    "Remote",
    "RemoteRefused",
    "RemoteStatus",
    "RemoteUnavailable",
    "Rollback",
    "Run",
    "RunCounts",
    "Spent",
    "Status",
    "Superseded",
    "TaskEvent",
    "TaskRecord",
    "TaskState",
    "Tasks",
    "UnknownFunction",
    "UnknownQuestion",
    "UnknownRun",
    "UnknownTask",
    "UnknownVersion",
    "Version",
    "hit_of",
    "looked_at",
    "manifest_text",
    "parameter_types",
    "profile_of",
    "read_export",
    "read_suites",
]


def __getattr__(name: str) -> Any:
    """`Operations` and `Tasks`, imported when first asked for: their library takes a quarter of a second."""
    if name == "Operations":
        from registry.operations import Operations

        return Operations
    if name == "Tasks":
        from registry.tasks import Tasks

        return Tasks
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
