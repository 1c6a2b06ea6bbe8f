"""What each run called and whose fault it was; recorded calls, changed answers, questions to people."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Widen `runs` and make the tables."""
    op.add_column("runs", sa.Column("call", sa.String(64), nullable=False, server_default=""))
    op.add_column("runs", sa.Column("fault", sa.String(16), nullable=False, server_default=""))
    op.create_index("runs_by_call", "runs", ["function", "digest", "call", "fault", "outcome", "id"])
    op.create_table(
        "calls",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("function", sa.String(64), nullable=False),
        sa.Column("call", sa.String(64), nullable=False),
        sa.Column("arguments", sa.JSON, nullable=False),
        sa.Column("value", sa.JSON, nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("recorded_at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("function", "call"),
    )
    op.create_index("calls_by_age", "calls", ["function", "recorded_at", "id"])
    op.create_table(
        "differences",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("function", sa.String(64), nullable=False),
        sa.Column("old", sa.String(64), nullable=False),
        sa.Column("new", sa.String(64), nullable=False),
        sa.Column("arguments", sa.JSON, nullable=False),
        sa.Column("before", sa.JSON, nullable=False),
        sa.Column("after", sa.JSON, nullable=False),
    )
    op.create_index("differences_by_version", "differences", ["function", "new"])
    op.create_table(
        "questions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("task_id", sa.String(64), nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("function", sa.String(64), nullable=False),
        sa.Column("arguments", sa.JSON, nullable=False),
        sa.Column("choices", sa.JSON, nullable=False),
        sa.Column("state", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("answer", sa.JSON),
        sa.Column("answered_by", sa.Text, nullable=False),
        sa.Column("answered_at", sa.DateTime),
        sa.Column("outcome", sa.Text, nullable=False),
    )
