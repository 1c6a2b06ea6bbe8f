"""Tasks that survive: what was asked and how far it came, its events, what models replied, and who makes what."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "tasks",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("via", sa.String(32), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("deadline", sa.DateTime),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("losses", sa.Integer, nullable=False),
        sa.Column("known", sa.JSON, nullable=False),
        sa.Column("waits_for", sa.String(200), nullable=False),
        sa.Column("expires_at", sa.DateTime),
        sa.Column("stop_by", sa.Text, nullable=False),
        sa.Column("worker", sa.String(100), nullable=False),
        sa.Column("started_at", sa.DateTime),
        sa.Column("ended_at", sa.DateTime),
        sa.Column("outcome", sa.JSON),
        sa.Column("error", sa.JSON),
    )
    op.create_index("tasks_by_state", "tasks", ["state", "created_at"])
    op.create_index("tasks_by_wait", "tasks", ["waits_for"])
    op.create_table(
        "task_events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("task_id", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.UniqueConstraint("task_id", "key"),
    )
    op.create_index("task_events_in_order", "task_events", ["task_id", "id"])
    op.create_table(
        "replies",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("task_id", sa.String(64), nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("reply", sa.JSON, nullable=False),
        sa.UniqueConstraint("task_id", "key"),
    )
    op.create_table(
        "claims",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("task_id", sa.String(64), nullable=False),
    )
