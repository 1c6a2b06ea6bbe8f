"""What the registry keeps of a function, and how a version's status may change."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

NAME_PATTERN = r"^[a-z][a-z0-9_]{0,63}$"


class Status(StrEnum):
    """Where a version stands. The refs say it and nothing else does."""

    TESTING = "testing"
    """A branch `candidate/NAME/DIGEST`: proven, not yet approved."""
    APPROVED = "approved"
    """On `main`, under the tag `NAME/vX.Y.Z`."""
    CANARY = "canary"
    """Under `refs/kowal/canary/`: approved, and serving on trial until statistics decide."""
    PRODUCTION = "production"
    """On the branch `production`, which is what matching sees."""
    QUARANTINED = "quarantined"
    """Under `refs/kowal/quarantine/`: was trusted once, is kept from running."""


ALLOWED_TRANSITIONS: frozenset[tuple[Status, Status]] = frozenset(
    {
        (Status.TESTING, Status.APPROVED),
        (Status.APPROVED, Status.CANARY),
        (Status.APPROVED, Status.PRODUCTION),
        (Status.CANARY, Status.PRODUCTION),
        (Status.CANARY, Status.APPROVED),  # another version took its place, on trial or in production
        (Status.PRODUCTION, Status.APPROVED),  # another version took its place
        (Status.APPROVED, Status.QUARANTINED),
        (Status.CANARY, Status.QUARANTINED),
        (Status.PRODUCTION, Status.QUARANTINED),
    }
)


class Example(BaseModel):
    """A call and the value it must give, `{"in": {...}, "out": ...}`; or `{"in": {...}, "raises": true}`."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    arguments: dict[str, Any] = Field(alias="in")
    output: Any = Field(default=None, alias="out")
    raises: bool = False
    """True where the call must fail; then there is no value."""

    @model_validator(mode="after")
    def _one_ending(self) -> Self:
        if self.raises is ("output" in self.model_fields_set):
            raise ValueError("an example says either what comes `out`, or that the call `raises`")
        return self

    @model_serializer(mode="wrap")
    def _only_what_was_said(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        told: dict[str, Any] = handler(self)
        for name in ("output", "out") if self.raises else ("raises",):
            told.pop(name, None)
        return told


class Manifest(BaseModel):
    """`function.json`: what a function is called, what it takes and gives, what it needs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=NAME_PATTERN)
    """The Python name of the function, unique in the registry."""
    description: str
    """What it does, in a sentence or two, in English."""
    aliases: tuple[str, ...] = ()
    """Other words in which people ask for it, in any language."""
    input_schema: dict[str, Any]
    """JSON Schema (2020-12) of the keyword arguments: an object; its property order is the parameters'."""
    output_schema: dict[str, Any] = Field(default_factory=dict)
    """JSON Schema of the result."""
    requirements: tuple[str, ...] = ()
    """Packages (PEP 508) it needs beyond the standard library."""
    grants: tuple[str, ...] = ()
    """Capabilities it asks for; empty for a pure function."""
    examples: tuple[Example, ...] = ()
    """Calls with the results people were promised."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameter names, in the order of the signature."""
        return tuple(self.input_schema.get("properties", {}))


@dataclass(frozen=True, kw_only=True)
class Function:
    """The files whose bytes make a version what it is."""

    manifest: Manifest
    source: str
    """`function.py`"""
    tests: str
    """`test_function.py`"""
    lock: str = ""
    """`requirements.lock`: the exact packages it needs, with the digests of their files; empty where it needs none."""

    @property
    def name(self) -> str:
        """The function's name."""
        return self.manifest.name

    @property
    def digest(self) -> str:
        """SHA-256 over the files, hexadecimal. Two functions with one digest are one function."""
        parts = [self.source, self.tests, manifest_text(self.manifest), *([self.lock] if self.lock else [])]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Version:
    """A function at a commit, with the evidence for it."""

    function: Function
    commit: str
    """The commit that brought it, 40 hexadecimal digits."""
    status: Status
    version: str = ""
    """`X.Y.Z` of its tag; empty while it is a candidate."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """`evidence.json`: the verdict and the provenance."""

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.name

    @property
    def digest(self) -> str:
        """The digest of its files."""
        return self.function.digest

    @property
    def label(self) -> str:
        """What people call it and ask for it by: the version; for a candidate twelve digits of its digest."""
        return self.version or self.digest[:12]


class Rollback(NamedTuple):
    """A branch that is to bring an earlier version back, once somebody merges it into `production`."""

    name: str
    version: str
    commit: str

    @property
    def branch(self) -> str:
        """The branch, without `refs/heads/`."""
        return f"rollback/{self.name}/{self.version}"


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One line of a list of functions."""

    name: str
    version: str
    """`X.Y.Z`; empty for a candidate."""
    status: Status
    description: str
    commit: str


@dataclass(frozen=True, kw_only=True)
class HistoryEntry:
    """One thing that happened to a version."""

    version: str
    """`X.Y.Z`; for a candidate the first twelve digits of its digest."""
    status: Status
    """What it became by it."""
    commit: str
    when: datetime
    """UTC."""
    by: str
    note: str


def manifest_text(manifest: Manifest) -> str:
    """The one text form of a manifest: two-space JSON, fields as declared, a newline at the end."""
    return json.dumps(manifest.model_dump(mode="json", by_alias=True), indent=2, ensure_ascii=False) + "\n"
