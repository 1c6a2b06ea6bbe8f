"""Which issues were taken, and what of their tasks their boards say."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "issues",
        sa.Column("channel", sa.String(64), primary_key=True),
        sa.Column("room", sa.String(200), primary_key=True),
        sa.Column("thread", sa.String(200), primary_key=True),
        sa.Column("asked_at", sa.DateTime, nullable=False),
        sa.Column("is_held", sa.Boolean, nullable=False),
    )
    op.create_table(
        "boards",
        sa.Column("task", sa.String(64), primary_key=True),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("is_tried", sa.Boolean, nullable=False),
        sa.Column("is_settled", sa.Boolean, nullable=False),
    )
