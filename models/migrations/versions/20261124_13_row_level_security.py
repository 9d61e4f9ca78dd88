"""row-level security: the role of reads is shown the rows of the carrier that its statement names

Revision ID: 20261124_13
Revises: 20261124_12
Create Date: 2026-11-24 18:34:02.118730

The tables' owner is not bound by policies: code from before goes on as ever.
"""

from alembic import op

revision = "20261124_13"
down_revision = "20261124_12"
branch_labels = None
depends_on = None

OF_CARRIERS = (
    "account",
    "api_key",
    "audit_entry",
    "event",
    "message",
    "phone_call",
    "phone_number",
    "phone_number_stock",
    "phone_number_stock_change",
    "tombstone",
    "tts_event",
    "webhook_attempt",
    "webhook_delivery",
    "webhook_endpoint",
)
OWNERS = dict.fromkeys(OF_CARRIERS, "carrier_id") | {"carrier": "id"}
# A subquery is evaluated once for a statement, not for each row; without the setting it is NULL: no row.
NAMED = "(SELECT nullif(current_setting('carrierql.carrier', true), '')::uuid)"
PLATFORM = "'00000000-0000-0000-0000-000000000000'"


def upgrade() -> None:
    for table, owner in OWNERS.items():
        op.execute(f"CREATE POLICY carrier ON {table} USING ({owner} = {NAMED} OR {NAMED} = {PLATFORM})")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")


def downgrade() -> None:
    for table in OWNERS:
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        op.execute(f"DROP POLICY carrier ON {table}")
