"""one budget

Revision ID: 20261124_12
Revises: 20261124_11
Create Date: 2026-11-24 18:20:00.000000
"""

import sqlalchemy as sa
from alembic import op

revision = "20261124_12"
down_revision = "20261124_11"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rate_budget",
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("granted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_rate_budget")),
        prefixes=["UNLOGGED"],
    )


def downgrade() -> None:
    op.drop_table("rate_budget")
