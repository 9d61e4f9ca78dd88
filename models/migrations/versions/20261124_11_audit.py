"""audit

Revision ID: 20261124_11
Revises: 20261124_07
Create Date: 2026-11-24 17:48:12.330184
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261124_11"
down_revision = "20261124_08"
branch_labels = None
depends_on = None

REFUSE = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is only added to: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
# A statement is refused as such, whether it meets rows or not; filling in a seal is what is let through.
RULES = (
    """CREATE TRIGGER audit_entry_is_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()""",
    """CREATE TRIGGER audit_seal_is_only_added_to BEFORE DELETE OR TRUNCATE ON audit_seal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()""",
    """CREATE TRIGGER audit_seal_is_filled_in_once BEFORE UPDATE ON audit_seal FOR EACH ROW
    WHEN (OLD.place IS NOT NULL OR (NEW.entry_id, NEW.chain) IS DISTINCT FROM (OLD.entry_id, OLD.chain))
    EXECUTE FUNCTION refuse_audit_change()""",
)


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("carrier_id", sa.Uuid(), nullable=True),
        sa.Column("actor", _words("auditactor", "carrier", "platform", "operator"), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=True),
        sa.Column("key_name", sa.String(), nullable=True),
        sa.Column("door", _words("auditdoor", "rest", "graphql", "command"), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("object_type", sa.String(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=True),
        sa.Column("object_ids", postgresql.ARRAY(sa.Uuid()), nullable=True),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.CheckConstraint(
            "(object_id IS NULL) = (object_ids IS NOT NULL)", name=op.f("ck_audit_entry_object")
        ),
        sa.ForeignKeyConstraint(
            ["carrier_id"], ["carrier.id"], name=op.f("fk_audit_entry_carrier_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_carrier_id_id"), "audit_entry", ["carrier_id", "id"])
    op.create_index(
        op.f("ix_audit_entry_carrier_id_action_id"), "audit_entry", ["carrier_id", "action", "id"]
    )
    op.create_index(op.f("ix_audit_entry_key_id_id"), "audit_entry", ["key_id", "id"])
    op.create_index(
        op.f("ix_audit_entry_object_id_id"),
        "audit_entry",
        ["object_id", "id"],
        postgresql_where=sa.text("object_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_audit_entry_object_ids"),
        "audit_entry",
        ["object_ids"],
        postgresql_using="gin",
        postgresql_where=sa.text("object_ids IS NOT NULL"),
    )
    op.create_table(
        "audit_seal",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("chain", sa.Uuid(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("(place IS NULL) = (hash IS NULL)", name=op.f("ck_audit_seal_sealed")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_seal")),
    )
    op.create_index(op.f("ix_audit_seal_chain_place"), "audit_seal", ["chain", "place"], unique=True)
    op.create_index(
        "ix_audit_seal_waiting", "audit_seal", ["entry_id"], postgresql_where=sa.text("place IS NULL")
    )
    for statement in (REFUSE, *RULES):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("audit_seal")
    op.drop_table("audit_entry")
    op.execute("DROP FUNCTION refuse_audit_change()")
