"""Lets a proven candidate into the registry, and decides by the operator's policy how far it goes by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from agent.errors import BadGrant
from agent.packages import AllowList
from agent.rights.grants import Grant, covered, read_grants
from agent.source.signature import UnreadableSignature, read_signature
from registry import BranchProtected, Function, Registry, Status, Version

Policy = Literal["default", "person", "statistics"]

BY_POLICY = "policy"
"""Who approved, where nobody had to."""


@dataclass(frozen=True, kw_only=True)
class Promoter:
    """testing -> approved -> canary -> production. Each step is idempotent: a version goes where it is already."""

    registry: Registry
    policy: Policy
    allow: Sequence[Grant] = ()
    """Grants that need no person: the setting `grants.allow`."""
    packages: AllowList = field(default_factory=AllowList)
    """Packages that need no person: the setting `requirements.allow`."""
    is_reviewed: bool = False
    """Whether candidates are merge requests: one that needs a person stays a candidate until it is merged."""

    def admit(
        self, function: Function, evidence: Mapping[str, Any], *, replaces: Version | None = None, waits: bool = False
    ) -> Version:
        """The version, approved by its checks, and in production or on trial where the policy lets it go alone.

        With `waits` a person must sign, whatever the policy says. Where it is reviewed, what a person must sign, and
        what the remote keeps off a protected branch, stays where it is. Raises `NameTaken` or `Superseded` where the
        registry has changed since the candidate was prepared.
        """
        needs_person = waits or self.needs_person(function)
        if needs_person and self.is_reviewed:
            return self.registry.add_candidate(function, evidence)
        version = self.approve(function, evidence, replaces=replaces)
        if version.status is not Status.APPROVED or needs_person:
            return version
        move = self.registry.canary if self.policy == "statistics" else self.registry.promote
        try:
            return move(function.name, version.version, by=BY_POLICY)
        except BranchProtected:
            if not self.is_reviewed:
                raise
            return version

    def approve(self, function: Function, evidence: Mapping[str, Any], *, replaces: Version | None = None) -> Version:
        """The version, approved by its checks; a candidate where `main` is protected and reviewed. See `admit`."""
        candidate = self.registry.add_candidate(function, evidence)
        change = change_between(replaces.function, function) if replaces else "new"
        replaced = replaces.version if replaces and replaces.status is Status.PRODUCTION else ""
        try:
            return self.registry.approve(
                function.name,
                candidate.digest,
                by=BY_POLICY,
                change=change,
                replaces=replaced,
                note=note_of(evidence),
            )
        except BranchProtected:
            if not self.is_reviewed:
                raise
            return candidate

    def needs_person(self, function: Function) -> bool:
        """True where a person must sign before production: always by policy, else for requirements and grants.

        Packages and grants that the operator allows beforehand need nobody.
        """
        manifest = function.manifest
        if self.policy == "person" or not self.packages.covers(function):
            return True
        try:
            return not covered(read_grants(manifest.grants), self.allow)
        except BadGrant:
            return True


def change_between(old: Function, new: Function) -> Literal["minor", "major"]:
    """`minor` where callers see the same signature, `major` where it changed."""
    try:
        same = read_signature(old.source).shape == read_signature(new.source).shape
    except UnreadableSignature:
        same = False
    return "minor" if same else "major"


def note_of(evidence: Mapping[str, Any]) -> str:
    """The verdict in a line, for the tag."""
    verdict = evidence.get("verdict", {})
    return str(verdict.get("summary", "")) if isinstance(verdict, Mapping) else ""
