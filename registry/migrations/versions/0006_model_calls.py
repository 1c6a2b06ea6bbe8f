"""What requests to models cost and how long they took; whether an attempt passed, to be counted without its verdict."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table, and read from the verdicts that are kept whether they were good."""
    op.create_table(
        "model_calls",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("task", sa.String(64), nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("server", sa.String(200), nullable=False),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("is_local", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.Column("tokens_in", sa.Integer, nullable=False),
        sa.Column("tokens_out", sa.Integer, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("first_token_s", sa.Float),
        sa.Column("reserved_eur", sa.Float, nullable=False),
        sa.Column("cost_eur", sa.Float),
    )
    op.create_index("model_calls_by_task", "model_calls", ["task"])
    op.create_index("model_calls_by_day", "model_calls", ["at", "asked_by"])
    op.create_index("model_calls_by_model", "model_calls", ["provider", "model", "purpose"])
    op.add_column("attempts", sa.Column("passed", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_index("attempts_by_model", "attempts", ["provider", "model", "purpose", "passed"])
    attempts = sa.table("attempts", sa.column("verdict", sa.JSON), sa.column("passed", sa.Boolean))
    op.execute(attempts.update().where(attempts.c.verdict["passed"].as_boolean()).values(passed=True))
