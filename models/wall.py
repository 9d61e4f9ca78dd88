"""PostgreSQL's own wall between carriers (docs/decisions/0009-row-level-security.md).

Requests read as the role TENANT and write as the role WRITER. Policies show these, and let them write, what
is the carrier's that their connection is named, and nothing where it is named none.
"""

from collections.abc import Iterator
from functools import lru_cache
from uuid import UUID

TENANT = "carrierql_tenant"
WRITER = "carrierql_writer"
KEPT_STATEMENTS = 1024  # that name their connection: made and hashed once
SETTING = "carrierql.carrier"
PLATFORM = "00000000-0000-0000-0000-000000000000"  # named instead of a carrier: all rows are shown
#: The tables that are read for requests, each with the column that says whose a row is.
WALLED = {
    "account": "carrier_id",
    "api_key": "carrier_id",
    "audit_entry": "carrier_id",
    "carrier": "id",
    "event": "carrier_id",
    "message": "carrier_id",
    "phone_call": "carrier_id",
    "phone_number": "carrier_id",
    "phone_number_stock": "carrier_id",
    "phone_number_stock_change": "carrier_id",
    "tombstone": "carrier_id",
    "tts_event": "carrier_id",
    "webhook_attempt": "carrier_id",
    "webhook_delivery": "carrier_id",
    "webhook_endpoint": "carrier_id",
}
#: What requests may do with a table, beside reading it; to lock a row takes the right to update it.
WRITTEN = {
    "account": "INSERT, UPDATE, DELETE",
    "api_key": "INSERT, UPDATE",
    "audit_entry": "INSERT",
    "audit_seal": "INSERT",
    "carrier": "INSERT, UPDATE",
    "event": "INSERT",
    "idempotency_key": "SELECT, INSERT, UPDATE",
    "message": "INSERT, UPDATE",
    "phone_call": "INSERT, UPDATE",
    "phone_number": "INSERT, UPDATE, DELETE",
    "phone_number_stock_change": "INSERT",
    "tombstone": "INSERT",
    "tts_event": "INSERT",
    "webhook_delivery": "INSERT, UPDATE",
    "webhook_endpoint": "INSERT, UPDATE, DELETE",
}
CREATE_ROLE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE {role} NOLOGIN;
    END IF;
    IF NOT pg_has_role(current_user, '{role}', 'MEMBER') THEN
        EXECUTE format('GRANT {role} TO %I', current_user);
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;  -- another database of the cluster was first
    WHEN insufficient_privilege THEN
        RAISE insufficient_privilege USING MESSAGE =
            'the role {role} is missing or not ours; as a superuser: CREATE ROLE {role}; '
            || 'GRANT {role} TO ' || quote_ident(current_user);
END $$
"""


def named(owner: UUID | None) -> str:
    """What a connection is named for a carrier, or with None for the platform."""
    return PLATFORM if owner is None else str(owner)


@lru_cache(KEPT_STATEMENTS)
def naming(text: str, parameter: int) -> str:
    """The statement, which names its connection first: by the parameter of that number.

    A condition without columns is looked at before the first row is (a Result node with a one-time filter
    above all scans), so the policies find the name. Were it looked at later, they would show the rows of whom
    the connection was named before, of which the statement's own condition lets none through. Around the
    whole of it: conditions without columns that read rows, such as a cursor's, come after it.
    """
    made = f"SELECT set_config('{SETTING}', ${parameter}::text, false)"
    return f"SELECT it.* FROM ({text}) AS it WHERE ({made}) IS NOT NULL"  # noqa: S608 - words of ours alone


def grants() -> Iterator[str]:
    """Statements after each migration: a backup holds policies, but neither the roles nor their rights."""
    for role in (TENANT, WRITER):
        yield CREATE_ROLE.format(role=role)
        yield f"GRANT USAGE ON SCHEMA public TO {role}"
        yield f"GRANT SELECT ON {', '.join(WALLED)} TO {role}"
    for table, verbs in WRITTEN.items():
        yield f"GRANT {verbs} ON {table} TO {WRITER}"
