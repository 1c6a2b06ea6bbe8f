"""Several queues: which one each task is on."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column; what is there is on the one queue that there was."""
    op.add_column("tasks", sa.Column("queue", sa.String(64), nullable=False, server_default="tasks"))
