"""a running count of phone numbers, kept by triggers

Revision ID: 20261124_03
Revises: 20261124_02
Create Date: 2026-11-24 14:10:00

Creating the triggers waits for the writers of phone_number, and keeps them waiting until the numbers
have been counted (about a second for a million): from then on no change goes past the count, whichever
code makes it. Readers go on.
"""

import sqlalchemy as sa
from alembic import op

# ruff: noqa: S608 - every word of the statements is ours

revision = "20261124_03"
down_revision = "20261124_02"
branch_labels = None
depends_on = None

KIND = "carrier_id, type, country, region, locality, available"
KIND_OF_A_ROW = "carrier_id, type, country, region, locality, account_id IS NULL AND visibility <> 'disabled'"
APPEND = f"INSERT INTO phone_number_stock_change ({KIND}, value)"
# Grouping a single row would cost a third of the row's own insert.
COUNT = """
        PERFORM FROM {rows} OFFSET 1 LIMIT 1;
        IF FOUND THEN
            {append} SELECT {kind}, {sign}count(*) FROM {rows} GROUP BY 1, 2, 3, 4, 5, 6;
        ELSE
            {append} SELECT {kind}, {sign}1 FROM {rows};
        END IF;"""
MOVE = f"""
        {APPEND} SELECT {KIND}, sum(value) FROM (
            SELECT {KIND_OF_A_ROW}, 1 FROM added UNION ALL SELECT {KIND_OF_A_ROW}, -1 FROM removed
        ) AS moved ({KIND}, value) GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(value) <> 0;"""
# TRUNCATE, not DELETE: it waits for a fold that is under way, whose sums no snapshot shows yet.
EMPTY = "TRUNCATE phone_number_stock, phone_number_stock_change;"
ADDED, REMOVED = "NEW TABLE AS added", "OLD TABLE AS removed"
TRIGGERS = {
    "insert": (
        f"REFERENCING {ADDED}",
        COUNT.format(rows="added", append=APPEND, kind=KIND_OF_A_ROW, sign=""),
    ),
    "delete": (
        f"REFERENCING {REMOVED}",
        COUNT.format(rows="removed", append=APPEND, kind=KIND_OF_A_ROW, sign="-"),
    ),
    "update": (f"REFERENCING {ADDED} {REMOVED}", MOVE),
    "truncate": ("", EMPTY),
}
FUNCTION = """
    CREATE FUNCTION phone_number_stock_{event}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN {statements}
        RETURN NULL;
    END $$
"""
TRIGGER = """
    CREATE TRIGGER phone_number_stock_{event} AFTER {event} ON phone_number {tables}
    FOR EACH STATEMENT EXECUTE FUNCTION phone_number_stock_{event}()
"""
FILL = f"""
INSERT INTO phone_number_stock ({KIND}, value, place_id)
SELECT {KIND_OF_A_ROW}, count(*), encode(sha256(convert_to(lower(concat_ws(
    ':', nullif(country, ''), nullif(region, ''), nullif(locality, ''))), 'UTF8')), 'hex')
FROM phone_number GROUP BY 1, 2, 3, 4, 5, 6
"""


def upgrade() -> None:
    op.create_table(
        "phone_number_stock",
        sa.Column("carrier_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("locality", sa.String(), nullable=True),
        sa.Column("available", sa.Boolean(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("place_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_number_stock")),
    )
    op.create_index(
        "ix_phone_number_stock_kind",
        "phone_number_stock",
        ["carrier_id", "type", "available", "country", sa.literal_column("(ARRAY[region, locality])")],
        unique=True,
    )
    op.create_table(
        "phone_number_stock_change",
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("locality", sa.String(), nullable=True),
        sa.Column("available", sa.Boolean(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("carrier_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.PrimaryKeyConstraint("carrier_id", "id", name=op.f("pk_phone_number_stock_change")),
    )
    for event, (tables, statements) in TRIGGERS.items():
        op.execute(FUNCTION.format(event=event, statements=statements))
        op.execute(TRIGGER.format(event=event, tables=tables))
    op.execute(FILL)


def downgrade() -> None:
    for event in TRIGGERS:
        op.execute(f"DROP TRIGGER phone_number_stock_{event} ON phone_number")
        op.execute(f"DROP FUNCTION phone_number_stock_{event}()")
    op.drop_table("phone_number_stock_change")
    op.drop_table("phone_number_stock")
