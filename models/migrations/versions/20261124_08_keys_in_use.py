"""the addresses that a key may be used from

Revision ID: 20261124_08
Revises: 20261124_07
Create Date: 2026-11-24 18:15:12.330921
"""

import sqlalchemy as sa
from alembic import op

revision = "20261124_08"
down_revision = "20261124_07"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_key", sa.Column("allowed_addresses", sa.ARRAY(sa.Text()), nullable=True))


def downgrade() -> None:
    op.drop_column("api_key", "allowed_addresses")
