"""statistics

Adds the country of the number outside, and indexes that hold what statistics read. Both are safe while
the old code runs: it leaves the country null, which `workers/countries.py` fills in, as for all rows that
are there already; and the indexes are made without keeping anybody from writing.

Revision ID: 20261124_04
Revises: 20261124_03
Create Date: 2026-11-24 14:43:10.118204
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261124_04"
down_revision = "20261124_03"
branch_labels = None
depends_on = None

MEASURES = {
    "phone_call": [
        "account_id",
        "answered_at",
        "duration",
        "price",
        "price_unit",
        "status",
        "direction",
        "country",
    ],
    "message": ["account_id", "price", "price_unit", "status", "direction", "country"],
    "tts_event": ["account_id", "characters", "voice"],
}
WITH_COUNTRY = ("phone_call", "message")
# Reading an index alone takes pages that VACUUM has seen: it comes by after 2 % of new rows, not after 20.
VACUUM = ("autovacuum_vacuum_scale_factor", "autovacuum_vacuum_insert_scale_factor")


def upgrade() -> None:
    for table in WITH_COUNTRY:
        op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS country VARCHAR")
    for table in MEASURES:
        op.execute(f"ALTER TABLE {table} SET ({', '.join(f'{name} = 0.02' for name in VACUUM)})")
    with op.get_context().autocommit_block():
        for table, columns in MEASURES.items():
            make(f"ix_{table}_statistics", table, ["carrier_id", "id"], postgresql_include=columns)
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS ix_{table}_carrier_id_id")
        for table in WITH_COUNTRY:
            where = sa.text("country IS NULL")
            make(f"ix_{table}_country_unknown", table, ["id"], postgresql_where=where)


def make(name: str, table: str, columns: list[str], **options: Any) -> None:
    """Make an index side by side with writers; what an interrupted run has left is of no use."""
    op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    op.create_index(name, table, columns, postgresql_concurrently=True, **options)


def downgrade() -> None:
    for table in MEASURES:
        op.create_index(f"ix_{table}_carrier_id_id", table, ["carrier_id", "id"])
        op.drop_index(f"ix_{table}_statistics", table_name=table)
        op.execute(f"ALTER TABLE {table} RESET ({', '.join(VACUUM)})")
    for table in WITH_COUNTRY:
        op.drop_index(f"ix_{table}_country_unknown", table_name=table)
        op.drop_column(table, "country")
