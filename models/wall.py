"""PostgreSQL's own wall between carriers (docs/decisions/0009-row-level-security.md).

Reads for a request run as the role TENANT, to which policies show what is the carrier's that the statement
itself names, and nothing where it names none. A statement names it until it ends.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

TENANT = "carrierql_tenant"
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
CREATE_ROLE = f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{TENANT}') THEN
        CREATE ROLE {TENANT} NOLOGIN;
    END IF;
    IF NOT pg_has_role(current_user, '{TENANT}', 'MEMBER') THEN
        EXECUTE format('GRANT {TENANT} TO %I', current_user);
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;  -- another database of the cluster was first
    WHEN insufficient_privilege THEN
        RAISE insufficient_privilege USING MESSAGE =
            'the role {TENANT} is missing or not ours; as a superuser: CREATE ROLE {TENANT}; '
            || 'GRANT {TENANT} TO ' || quote_ident(current_user);
END $$
"""


def within(select: sa.Select[Any]) -> sa.Select[Any]:
    """The statement with the carrier that it is for: the parameter `owner`, None for the platform.

    A condition without columns is looked at before the first row is (a Result node with a one-time filter
    above all scans), so the policies find the setting made. Were it looked at later, they would show nothing.
    Around the whole of it: conditions without columns that read rows, such as a cursor's, come after it.
    """
    owner = sa.cast(sa.bindparam("owner", type_=sa.Uuid()), sa.Text)
    named = sa.func.coalesce(owner, sa.literal_column(f"'{PLATFORM}'"))
    words: tuple[Any, ...] = sa.literal_column(f"'{SETTING}'"), named, sa.literal_column("true")
    made = sa.select(sa.func.set_config(*words)).scalar_subquery()
    return sa.select(select.subquery("within")).where(made.is_not(None))


def grants() -> Iterator[str]:
    """Statements after each migration: a backup holds policies, but neither the role nor its rights."""
    yield CREATE_ROLE
    yield f"GRANT USAGE ON SCHEMA public TO {TENANT}"
    yield f"GRANT SELECT ON {', '.join(WALLED)} TO {TENANT}"
