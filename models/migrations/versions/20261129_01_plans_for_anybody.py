"""plans for anybody: how many values a column may come to have, whatever it has today

Reads are planned once for all carriers and accounts. Where one carrier has nearly all rows, PostgreSQL takes
its one value for any: it would walk the primary key, and so read all rows before it finds that a small
carrier has none.

Revision ID: 20261129_01
Revises: 20261124_13
Create Date: 2026-11-29 12:55:31.220417
"""

import sqlalchemy as sa
from alembic import op

revision = "20261129_01"
down_revision = "20261124_13"
branch_labels = None
depends_on = None

# Their order is what counts: an account is rarer than a carrier, so its own index is read. No more of them,
# and not for the small table of accounts: docs/decisions/0002-two-pools.md says what happened then.
CARRIERS, ACCOUNTS = 10, 100
VALUES = {
    "audit_entry": {"carrier_id": CARRIERS, "key_id": ACCOUNTS, "action": 50},
    "event": {"carrier_id": CARRIERS, "type": 3},
    "message": {"carrier_id": CARRIERS, "account_id": ACCOUNTS, "direction": 5, "status": 9},
    "phone_call": {"carrier_id": CARRIERS, "account_id": ACCOUNTS, "direction": 3, "status": 8},
    "phone_number": {"carrier_id": CARRIERS, "account_id": ACCOUNTS},
    "tts_event": {"carrier_id": CARRIERS, "account_id": ACCOUNTS},
    "webhook_delivery": {"carrier_id": CARRIERS, "endpoint_id": ACCOUNTS, "status": 4},
}
FILLED = sa.text("SELECT reltuples > 0 FROM pg_class WHERE oid = CAST(:table AS regclass)")


def upgrade() -> None:
    for table, columns in VALUES.items():
        for column, count in columns.items():
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET (n_distinct = {count})")
        # It counts from the next ANALYZE on. An empty table is left as one of which nothing is known.
        if op.get_bind().scalar(FILLED, {"table": table}):
            op.execute(f"ANALYZE {table}")


def downgrade() -> None:
    for table, columns in VALUES.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} RESET (n_distinct)")
