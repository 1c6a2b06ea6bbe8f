"""What was heard in chats, what is said there, whose tasks they are, and what waits there for a signature."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the tables."""
    make_what_passes()
    make_what_is_open()


def make_what_passes() -> None:
    """Make the tables of what is heard and said."""
    op.create_table(
        "heard",
        sa.Column("channel", sa.String(64), primary_key=True),
        sa.Column("message", sa.String(200), primary_key=True),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_index("heard_by_person", "heard", ["channel", "by", "at"])
    op.create_table(
        "chat_places",
        sa.Column("channel", sa.String(64), primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("event", sa.Integer, nullable=False),
    )
    op.create_table(
        "letters",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(64), nullable=False, unique=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("room", sa.String(200), nullable=False),
        sa.Column("thread", sa.String(200), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("file", sa.String(255), nullable=False),
        sa.Column("task", sa.String(64), nullable=False),
        sa.Column("is_due", sa.Boolean, nullable=False),
        sa.Column("is_tried", sa.Boolean, nullable=False),
        sa.Column("message", sa.String(200), nullable=False),
        sa.Column("refused", sa.Text, nullable=False),
        sa.Column("written_at", sa.DateTime, nullable=False),
    )
    op.create_index("letters_due", "letters", ["channel", "is_due", "id"])
    op.create_index("letters_by_message", "letters", ["channel", "message"])


def make_what_is_open() -> None:
    """Make the tables of whose tasks there are, and what waits for a signature."""
    op.create_table(
        "conversations",
        sa.Column("task", sa.String(64), primary_key=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("room", sa.String(200), nullable=False),
        sa.Column("thread", sa.String(200), nullable=False),
        sa.Column("person", sa.String(200), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("begun_at", sa.DateTime, nullable=False),
        sa.Column("is_told", sa.Boolean, nullable=False),
    )
    op.create_index("conversations_untold", "conversations", ["channel", "is_told"])
    op.create_index("conversations_by_thread", "conversations", ["channel", "room", "thread"])
    op.create_table(
        "petitions",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("function", sa.String(64), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("room", sa.String(200), nullable=False),
        sa.Column("thread", sa.String(200), nullable=False),
        sa.Column("task", sa.String(64), nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("decided_at", sa.DateTime),
    )
    op.create_index("petitions_by_state", "petitions", ["channel", "state"])
