"""events in order

Revision ID: 20261124_05
Revises: 20261124_04
Create Date: 2026-11-24 14:50:12.118233
"""

import sqlalchemy as sa
from alembic import op

revision = "20261124_05"
down_revision = "20261124_04"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A constant default rewrites no row, and the next one is for new rows alone: old code need not name it.
    op.execute("ALTER TABLE event ADD COLUMN xid xid8 NOT NULL DEFAULT '0'")
    op.execute("ALTER TABLE event ALTER COLUMN xid SET DEFAULT pg_current_xact_id()")
    # Of the rows that are there, none is in these: they are there as soon as the table was read once.
    where = sa.text("xid > '0'")
    op.create_index("ix_event_xid_id", "event", ["xid", "id"], postgresql_where=where)
    op.create_index(
        "ix_event_carrier_id_xid_id", "event", ["carrier_id", "xid", "id"], postgresql_where=where
    )


def downgrade() -> None:
    op.drop_column("event", "xid")
