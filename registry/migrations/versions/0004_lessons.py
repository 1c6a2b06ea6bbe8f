"""What words mean, and what they do not, in one table; the aliases that were confirmed become its first rows."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table, and move the aliases into it."""
    op.create_table(
        "lessons",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("function", sa.String(64), nullable=False),
        sa.Column("meant", sa.Boolean, nullable=False),
        sa.Column("taught_by", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("text", "function"),
    )
    op.execute(
        sa.text(
            "INSERT INTO lessons (text, function, meant, taught_by, created_at) "
            "SELECT text, function, :yes, added_by, created_at FROM aliases ORDER BY created_at"
        ).bindparams(sa.bindparam("yes", value=True, type_=sa.Boolean))
    )
    op.drop_table("aliases")
