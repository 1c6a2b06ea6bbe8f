"""The tokens of the service, as they are kept: by digest, so that nobody can use what stands in the database."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select, update

from registry.database import Database, insert_once
from registry.schema import tokens


@dataclass(frozen=True, kw_only=True)
class TokenRecord:
    """A token. It is kept for good: that one was ever made closes the service to whoever has none."""

    id: str
    """Its beginning, which is no secret."""
    digest: str
    """SHA-256 of the whole, hexadecimal."""
    name: str
    """The person whose token it is."""
    scopes: Sequence[str]
    """What it is good for."""
    made_by: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    used_at: datetime | None = None
    """When it was last used, within minutes."""

    @property
    def is_valid(self) -> bool:
        """Whether it is good for something now."""
        return self.revoked_at is None and (self.expires_at is None or datetime.now(UTC) < self.expires_at)


class TokenRecords:
    """The tokens of one installation. Safe to use from several threads and processes at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, token: TokenRecord) -> None:
        """Keep a new token."""
        with self._database.writing() as connection:
            insert_once(connection, tokens, asdict(token))

    def find(self, token_id: str) -> TokenRecord | None:
        """The token that begins so; None where there is none."""
        found = self._database.rows(select(tokens).where(tokens.c.id == token_id))
        return TokenRecord(**found[0]) if found else None

    def all(self) -> Sequence[TokenRecord]:
        """Every token that was ever made, newest first."""
        query = select(tokens).order_by(tokens.c.created_at.desc(), tokens.c.id)
        return [TokenRecord(**row) for row in self._database.rows(query)]

    def count(self) -> int:
        """How many were ever made."""
        (row,) = self._database.rows(select(func.count().label("count")).select_from(tokens))
        return int(row["count"])

    def revoke(self, token_id: str, at: datetime) -> bool:
        """Have it be good for nothing from now on; whether there is such a one. Idempotent: the first moment holds."""
        still = (tokens.c.id == token_id) & tokens.c.revoked_at.is_(None)
        with self._database.writing() as connection:
            connection.execute(update(tokens).where(still).values(revoked_at=at))
        return self.find(token_id) is not None

    def used(self, token_id: str, at: datetime) -> None:
        """Keep when it was used."""
        with self._database.writing() as connection:
            connection.execute(update(tokens).where(tokens.c.id == token_id).values(used_at=at))
