"""The broker: it stands between a function and the world, checks each ask against the grants, and writes it down."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from agent.ports import ModelReply, ModelRequest
from agent.rights.approval import Approval
from agent.rights.chat import Chats
from agent.rights.codehost import Hosts
from agent.rights.grants import Grant, SecretGrant, read_grants
from agent.rights.outbound import Outbound
from agent.rights.secrets import Vault
from agent.rights.session import CallFunction, Session
from agent.rights.tally import Tally
from agent.types import Event, Listener, ignore, version_facts
from registry import AuditEntry, Version

MOST_CHARS = 500
"""Of a subject, and of a reason."""


@dataclass(frozen=True, kw_only=True)
class Broker:
    """Opens a session for each run of a version with grants. Safe to use from several threads."""

    approval: Approval
    record: Callable[[AuditEntry], int]
    """Keeps one entry of the audit. Raises a `RegistryError` where it cannot: then nothing is served."""
    complete: Callable[[ModelRequest], ModelReply]
    """Asks the routed model."""
    secret_of: Callable[[str], str]
    """The secret of that name. Raises `BadSettings` where the settings have none."""
    actor: Callable[[], str]
    """Who has this thread run functions."""
    wall_clock_s: float
    """What a run of a version with grants may take, with all that it waits for."""
    outbound: Outbound = field(default_factory=Outbound)
    chat: Chats = field(default_factory=Chats)
    codehost: Hosts = field(default_factory=Hosts)
    hide: Callable[[str], str] = str
    """Takes the secrets of the settings out of what a chat or a code host says."""
    listener: Listener = ignore

    def open(self, version: Version, call: CallFunction) -> Session | None:
        """The session for one run of the version; None for one that has no grants. `call` runs what it calls.

        Raises `NotGranted`, `BadGrant`, or `BadSettings` for a secret that the settings do not have.
        """
        self.approval.refuse_ungranted(version)
        if not version.function.manifest.grants:
            return None
        return self.session(version, call, Tally(self.wall_clock_s), secrets.token_hex(8), self.actor())

    def session(
        self, version: Version, call: CallFunction, tally: Tally, run: str, actor: str, callers: Sequence[str] = ()
    ) -> Session:
        """The session for a version in a run that has begun. Raises `BadGrant`, `BadSettings`."""
        grants = read_grants(version.function.manifest.grants)
        return Session(
            broker=self, version=version, grants=grants, vault=self._vault(grants), tally=tally, run=run, call=call,
            callers=callers, actor=actor,
        )  # fmt: skip

    def note(
        self,
        version: Version,
        run: str,
        actor: str,
        action: str,
        subject: str,
        outcome: Literal["allowed", "refused", "failed"],
        facts: Mapping[str, Any],
    ) -> None:
        """Write one entry. Raises a `RegistryError` where it cannot be kept. What was refused is told, too."""
        subject = subject[:MOST_CHARS]
        if "why" in facts:
            facts = {**facts, "why": str(facts["why"]).encode(errors="replace").decode()[:MOST_CHARS]}
        if outcome == "refused":
            told = version_facts(version) | {"asked": subject, "why": facts.get("why", "")}
            self.listener(Event(action="host.refused", facts=told))
        self.record(
            AuditEntry(
                at=datetime.now(UTC),
                actor=actor,
                action=action,
                function=version.name,
                version=version.version,
                digest=version.digest,
                run=run,
                subject=subject,
                outcome=outcome,
                facts=facts,
            )
        )

    def _vault(self, grants: Sequence[Grant]) -> Vault:
        names = {grant.name for grant in grants if isinstance(grant, SecretGrant)}
        return Vault({name: self.secret_of(name) for name in sorted(names)})
