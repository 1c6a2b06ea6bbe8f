"""What functions asked of their host, in a table that only grows."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ON_SQLITE = (
    "CREATE TRIGGER audit_not_changed BEFORE UPDATE ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit table only grows'); END",
    "CREATE TRIGGER audit_not_deleted BEFORE DELETE ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit table only grows'); END",
    # INSERT OR REPLACE deletes a row without asking the trigger above.
    "CREATE TRIGGER audit_not_replaced BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id) "
    "BEGIN SELECT RAISE(ABORT, 'the audit table only grows'); END",
)
ON_POSTGRES = (
    "CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the audit table only grows'; END $$",
    "CREATE TRIGGER audit_not_changed BEFORE UPDATE OR DELETE ON audit "
    "FOR EACH ROW EXECUTE FUNCTION audit_only_grows()",
    "CREATE TRIGGER audit_not_emptied BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()",
)


def upgrade() -> None:
    """Make the table, and have the database refuse to change or delete what is in it."""
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("function", sa.String(64), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
    )
    op.create_index("audit_by_function", "audit", ["function", "id"])
    op.create_index("audit_by_run", "audit", ["run", "id"])
    for statement in ON_POSTGRES if op.get_bind().dialect.name == "postgresql" else ON_SQLITE:
        op.execute(statement)
