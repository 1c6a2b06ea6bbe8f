"""Tokens by which programs say for whom they ask: made once, kept by digest, held to their scopes."""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from agent.errors import BadTask, NotKnown
from agent.service.callers import OF_ANYBODY_HERE, Caller, Scope
from registry import AuditEntry, Operations
from registry.tokens import TokenRecord

PREFIX: Final = "kowal"
"""How a token begins, so that scanners for leaked secrets know one."""
ID_BYTES, SECRET_BYTES = 6, 32
"""256 random bits: a plain digest is enough, for nobody guesses them (NIST SP 800-63B, 5.1.2.2: 112 bits)."""
USED_EVERY = timedelta(minutes=10)
"""How exactly it is kept when a token was last used."""
MOST_NAME = 200


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """Makes tokens and knows them again."""

    operations: Operations

    def create(
        self, name: str, scopes: Collection[Scope], *, by: str, lasts: timedelta | None = None
    ) -> tuple[TokenRecord, str]:
        """A new token's record, and the token itself, which cannot be had again.

        Raises `BadTask` for a name that is empty or too long, or for no scope at all.
        """
        if not name.strip() or len(name) > MOST_NAME or not name.isprintable():
            raise BadTask(
                f"{name!r} names nobody", advice="Name the person whose token it is: kowal tokens create ANNA"
            )
        if not scopes:
            there = ", ".join(Scope)
            raise BadTask("A token without a scope is good for nothing", advice=f"Name one or more: {there}.")
        now, token_id = datetime.now(UTC), secrets.token_hex(ID_BYTES)
        token = f"{PREFIX}_{token_id}_{secrets.token_urlsafe(SECRET_BYTES)}"
        record = TokenRecord(
            id=token_id,
            digest=digest_of(token),
            name=name,
            scopes=sorted(scopes),
            made_by=by,
            created_at=now,
            expires_at=now + lasts if lasts is not None else None,
        )
        self.operations.tokens.add(record)
        self._audit(record, "token.created", by)
        return record, token

    def caller(self, token: str, via: str) -> Caller:
        """Whose token it is. Raises `NotKnown`: the same for a wrong one, a revoked one and one that has expired."""
        prefix, _, rest = token.partition("_")
        record = self.operations.tokens.find(rest.partition("_")[0]) if prefix == PREFIX else None
        wanted = record.digest if record is not None else digest_of("")  # the same work where there is none
        if not hmac.compare_digest(digest_of(token), wanted) or record is None or not record.is_valid:
            raise NotKnown()
        self._note_use(record)
        known = frozenset(Scope(scope) for scope in record.scopes if scope in set(Scope))
        return Caller(by=record.name, scopes=known, via=via)

    def anybody(self, by: str, via: str) -> Caller:
        """Who comes from this machine without a token. Raises `NotKnown` once any token was made."""
        if self.operations.tokens.count():
            raise NotKnown("No token came with the request")
        return Caller(by=by, scopes=OF_ANYBODY_HERE, via=via)

    def any_valid(self) -> bool:
        """Whether somebody has a token that is good for something."""
        return any(record.is_valid for record in self.operations.tokens.all())

    def list(self) -> Sequence[TokenRecord]:
        """Every token that was ever made, newest first; what they are cannot be seen any more."""
        return self.operations.tokens.all()

    def revoke(self, token_id: str, *, by: str) -> TokenRecord:
        """The token, which is good for nothing from now on. Idempotent. Raises `BadTask` where there is none such."""
        if not self.operations.tokens.revoke(token_id, datetime.now(UTC)):
            raise BadTask(f"There is no token {token_id!r}", advice="`kowal tokens list` shows them.")
        record = self.operations.tokens.find(token_id)
        if record is None:
            raise BadTask(f"The token {token_id!r} is gone")
        self._audit(record, "token.revoked", by)
        return record

    def _note_use(self, record: TokenRecord) -> None:
        now = datetime.now(UTC)
        if record.used_at is None or now - record.used_at >= USED_EVERY:
            self.operations.tokens.used(record.id, now)

    def _audit(self, record: TokenRecord, action: str, by: str) -> None:
        entry = AuditEntry(
            at=datetime.now(UTC),
            actor=by,
            action=action,
            function="",
            version="",
            digest="",
            run="",
            subject=f"token {record.id} of {record.name}",
            outcome="allowed",
            facts={"scopes": list(record.scopes)},
        )
        self.operations.record_audit(entry)


def digest_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
