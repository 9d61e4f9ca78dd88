"""where events come from

Revision ID: 20261124_06
Revises: 20261124_05
Create Date: 2026-11-24 14:50:11.218734
"""

import sqlalchemy as sa
from alembic import op

revision = "20261124_06"
down_revision = "20261124_05"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("event", sa.Column("request_id", sa.String(), nullable=True))
    op.add_column("event", sa.Column("trace_parent", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("event", "trace_parent")
    op.drop_column("event", "request_id")
