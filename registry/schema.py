"""The tables of the operational database, in SQL that SQLite and Postgres both speak."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.types import TypeDecorator

REVISION = "0011"
"""The newest migration. A database at another revision is migrated, or refused if it is newer."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, kept without a zone as UTC and given back with it: SQLite knows no zones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002 (SQLAlchemy calls it so)
        """The moment as it is stored."""
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """The moment as it was given, in UTC."""
        return value.replace(tzinfo=UTC) if value else None


metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("task", Text, nullable=False),
    Column("function", String(64), nullable=False),
    Column("version", String(32), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("commit", String(40), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("message", Text, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("score", Float),
    Column("right", Boolean),
    Column("call", String(64), nullable=False, server_default=""),
    Column("fault", String(16), nullable=False, server_default=""),
    Index("runs_by_function", "function", "outcome"),
    # All that counting a version's calls needs, in the order in which it groups them.
    Index("runs_by_call", "function", "digest", "call", "fault", "outcome", "id"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("task_id", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("model", String(200), nullable=False),
    Column("provider", String(64), nullable=False),
    Column("purpose", String(32), nullable=False),
    Column("name", String(64), nullable=False),
    Column("source", Text, nullable=False),
    Column("tests", Text, nullable=False),
    Column("reply", Text, nullable=False),
    Column("verdict", JSON, nullable=False),
    Column("tokens_in", Integer, nullable=False),
    Column("tokens_out", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("passed", Boolean, nullable=False, server_default=false()),
    Index("attempts_by_task", "task_id", "number"),
    Index("attempts_by_model", "provider", "model", "purpose", "passed"),
)

model_calls = Table(
    "model_calls",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("task", String(64), nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("server", String(200), nullable=False),
    Column("provider", String(64), nullable=False),
    Column("model", String(200), nullable=False),
    Column("purpose", String(32), nullable=False),
    Column("is_local", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("outcome", String(64), nullable=False),
    Column("tokens_in", Integer, nullable=False),
    Column("tokens_out", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("first_token_s", Float),
    Column("reserved_eur", Float, nullable=False),
    Column("cost_eur", Float),
    Index("model_calls_by_task", "task"),
    Index("model_calls_by_day", "at", "asked_by"),
    Index("model_calls_by_model", "provider", "model", "purpose"),
)

lessons = Table(
    "lessons",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("text", String(500), nullable=False),
    Column("function", String(64), nullable=False),
    Column("meant", Boolean, nullable=False),
    Column("taught_by", String(200), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("text", "function"),
)

calls = Table(
    "calls",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("function", String(64), nullable=False),
    Column("call", String(64), nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("value", JSON, nullable=False),
    Column("version", String(32), nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    UniqueConstraint("function", "call"),
    Index("calls_by_age", "function", "recorded_at", "id"),
)

differences = Table(
    "differences",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("function", String(64), nullable=False),
    Column("old", String(64), nullable=False),
    Column("new", String(64), nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
    Index("differences_by_version", "function", "new"),
)

questions = Table(
    "questions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("task_id", String(64), nullable=False),
    Column("task", Text, nullable=False),
    Column("function", String(64), nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("choices", JSON, nullable=False),
    Column("state", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("answer", JSON(none_as_null=True)),
    Column("answered_by", Text, nullable=False),
    Column("answered_at", UtcDateTime),
    Column("outcome", Text, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(32), nullable=False),
    Column("function", String(64), nullable=False),
    Column("version", String(32), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("run", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("facts", JSON, nullable=False),
    Index("audit_by_function", "function", "id"),
    Index("audit_by_run", "run", "id"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("text", Text, nullable=False),
    Column("request", JSON, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("via", String(32), nullable=False),
    Column("queue", String(64), nullable=False, server_default="tasks"),
    Column("priority", Integer, nullable=False),
    Column("deadline", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("losses", Integer, nullable=False),
    Column("known", JSON, nullable=False),
    Column("waits_for", String(200), nullable=False),
    Column("expires_at", UtcDateTime),
    Column("stop_by", Text, nullable=False),
    Column("worker", String(100), nullable=False),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("outcome", JSON(none_as_null=True)),
    Column("error", JSON(none_as_null=True)),
    Index("tasks_by_state", "state", "created_at"),
    Index("tasks_by_wait", "waits_for"),
)

task_events = Table(
    "task_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("task_id", String(64), nullable=False),
    Column("key", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("action", String(64), nullable=False),
    Column("facts", JSON, nullable=False),
    UniqueConstraint("task_id", "key"),
    Index("task_events_in_order", "task_id", "id"),
)

replies = Table(
    "replies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("task_id", String(64), nullable=False),
    Column("key", String(80), nullable=False),
    Column("reply", JSON, nullable=False),
    UniqueConstraint("task_id", "key"),
)

claims = Table(
    "claims",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("task_id", String(64), nullable=False),
)

heard = Table(
    "heard",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("message", String(200), primary_key=True),
    Column("by", String(200), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("heard_by_person", "channel", "by", "at"),
)

chat_places = Table(
    "chat_places",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("event", Integer, nullable=False),
)

letters = Table(
    "letters",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("channel", String(64), nullable=False),
    Column("room", String(200), nullable=False),
    Column("thread", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("file", String(255), nullable=False),
    Column("task", String(64), nullable=False),
    Column("is_due", Boolean, nullable=False),
    Column("is_tried", Boolean, nullable=False),
    Column("message", String(200), nullable=False),
    Column("refused", Text, nullable=False),
    Column("written_at", UtcDateTime, nullable=False),
    Index("letters_due", "channel", "is_due", "id"),
    Index("letters_by_message", "channel", "message"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("task", String(64), primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("room", String(200), nullable=False),
    Column("thread", String(200), nullable=False),
    Column("person", String(200), nullable=False),
    Column("language", String(8), nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("is_told", Boolean, nullable=False),
    Index("conversations_untold", "channel", "is_told"),
    Index("conversations_by_thread", "channel", "room", "thread"),
)

petitions = Table(
    "petitions",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("function", String(64), nullable=False),
    Column("version", String(32), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("room", String(200), nullable=False),
    Column("thread", String(200), nullable=False),
    Column("task", String(64), nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", UtcDateTime),
    Index("petitions_by_state", "channel", "state"),
)

issues = Table(
    "issues",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("room", String(200), primary_key=True),
    Column("thread", String(200), primary_key=True),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("is_held", Boolean, nullable=False),
)

boards = Table(
    "boards",
    metadata,
    Column("task", String(64), primary_key=True),
    Column("label", String(64), nullable=False),
    Column("is_tried", Boolean, nullable=False),
    Column("is_settled", Boolean, nullable=False),
)

reviews = Table(
    "reviews",
    metadata,
    Column("host", String(64), primary_key=True),
    Column("source", String(200), primary_key=True),
    Column("commit", String(40), primary_key=True),
    Column("tree", String(40), nullable=False),
    Column("room", String(200), nullable=False),
    Column("number", Integer, nullable=False),
    Column("url", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("function", String(64), nullable=False),
    Column("version", String(32), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", UtcDateTime),
    Index("reviews_by_state", "host", "state"),
    Index("reviews_by_digest", "function", "digest"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("name", String(200), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("made_by", String(200), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("used_at", UtcDateTime),
)
