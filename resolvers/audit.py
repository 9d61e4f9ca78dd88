"""The entry that a write leaves in the audit, in the statement that writes (docs/decisions/0011-audit.md).

`leaving` adds it to a statement as CTEs; their parameters are those of `who`.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from models import ids
from models.api_key import ApiKey
from models.audit_entry import PLATFORM, REDACTED, AuditActor, AuditDoor, AuditEntry, AuditSeal
from observability.requests import CURRENT
from resolvers.context import Context

ENTRY: sa.Table = AuditEntry.__table__  # type: ignore[attr-defined] # SQLModel sets it for table=True
SEAL: sa.Table = AuditSeal.__table__  # type: ignore[attr-defined] # as above
KEY: sa.Table = ApiKey.__table__  # type: ignore[attr-defined] # as above

HOLD_NO_SECRET = (sa.Boolean, sa.DateTime)
SECRET_WORDS = ("token", "secret", "hash")
# What people wrote and whom they called: rows may have to go one day, and the audit stays.
PERSONAL = frozenset({"message.body", "message.to", "message.from_", "phone_call.to", "phone_call.from_"})
# What workers note for themselves, and the time of a change, which is the entry's own.
LEFT_OUT = frozenset(
    {"hinted_at", "hints_unanswered", "lease_token", "lease_until", "failing_since", "failures_in_a_row"}
    | {"paused_until", "updated_at"}
)
WHO: dict[str, Any] = {
    "id": sa.bindparam("audit_id", type_=sa.Uuid()),
    "created_at": sa.bindparam("audit_created_at", type_=sa.DateTime(timezone=True)),
    "key_id": sa.bindparam("audit_key_id", type_=sa.Uuid()),
    **{
        name: sa.bindparam(f"audit_{name}", type_=sa.Text())
        for name in ("actor", "door", "action", "operation", "request_id", "address")
    },
}
KEY_NAME = sa.select(KEY.c.name).where(KEY.c.id == WHO["key_id"]).scalar_subquery()


def who(context: Context) -> dict[str, Any]:
    """The parameters of the audit's part of a statement: who does it, by which door, from where."""
    viewer, operation = context.viewer, context.operation
    request = CURRENT.get() if viewer.key_id else None  # a command is no request
    name, now = operation and operation.node.name, ids.now()
    return {
        "audit_id": ids.uuid7(now),
        "audit_created_at": now,
        "audit_key_id": viewer.key_id,
        "audit_actor": viewer.role.value if viewer.key_id else AuditActor.OPERATOR.value,
        "audit_door": request.door if request else AuditDoor.COMMAND.value,
        "audit_action": context.action,
        "audit_operation": name.value if name else None,
        "audit_request_id": request and request.id,
        "audit_address": request and request.address,
    }


def leaving(
    statement: sa.Select[Any], table: sa.Table, rows: Any, *, having: Any = None, **columns: Any
) -> sa.Select[Any]:
    """`statement` with an entry about `table` for each of `rows`, of which `columns` of the entry are made.

    With `having` all rows make one entry, if that holds.
    """
    said = WHO | {"key_name": KEY_NAME, "object_type": sa.literal_column(f"'{table.name}'")} | columns
    entries = sa.select(*said.values()).select_from(rows)
    entries = entries if having is None else entries.having(having)
    entry = sa.insert(ENTRY).from_select(list(said), entries).returning(ENTRY.c.id, ENTRY.c.carrier_id)
    written = entry.cte("audited")
    chain = sa.func.coalesce(written.c.carrier_id, sa.literal_column(f"'{PLATFORM}'::uuid"))
    seal = sa.insert(SEAL).from_select(["entry_id", "chain"], sa.select(written.c.id, chain))
    return statement.add_cte(seal.cte("to_seal"))


def leaving_of_many(statement: sa.Select[Any], table: sa.Table, added: Any) -> sa.Select[Any]:
    """`statement` with an entry for each carrier about all that was `added`: (id, carrier_id, row as text).

    `carriers` and `entries` are parameters: the carriers, and the ids of their entries.
    """
    columns = sa.column("carrier_id", sa.Uuid()), sa.column("id", sa.Uuid())
    arrays = [sa.bindparam(name, type_=sa.ARRAY(sa.Uuid())) for name in ("carriers", "entries")]
    entries = sa.func.unnest(*arrays).table_valued(*columns, name="entries").render_derived()
    digest = "encode(sha256(convert_to(string_agg(row, E'\\n' ORDER BY id), 'UTF8')), 'hex')"
    of_carrier = sa.select(
        added.c.carrier_id,
        sa.literal_column("array_agg(id ORDER BY id)").label("object_ids"),
        sa.literal_column(f"json_build_object('rows', count(*), 'sha256', {digest})").label("after"),
    ).group_by(added.c.carrier_id)
    rows = of_carrier.subquery("of_carrier")
    return leaving(
        statement,
        table,
        rows.join(entries, rows.c.carrier_id == entries.c.carrier_id),
        id=entries.c.id,
        carrier_id=rows.c.carrier_id,
        object_ids=rows.c.object_ids,
        after=rows.c.after,
    )


def carrier_of(table: sa.Table, rows: Any) -> Any:
    """The carrier that a row of `table` belongs to, which is itself if it is one."""
    return rows.c.carrier_id if "carrier_id" in table.c else rows.c.id


def shown(table: sa.Table, rows: Any, names: Iterable[str]) -> Any:
    """The JSON object of columns of `table`, taken from `rows`; what is secret or personal is redacted."""
    parts: list[Any] = []
    for name in names:
        if name not in LEFT_OUT:
            key: Any = sa.literal_column(f"'{name.rstrip('_')}'")
            parts += [key, _value(table.c[name], rows.c[name])]
    return sa.func.json_build_object(*parts, type_=sa.JSON())


def _value(column: sa.Column[Any], value: Any) -> Any:
    named = any(word in column.name for word in SECRET_WORDS)
    secret = named and not isinstance(column.type, HOLD_NO_SECRET)
    if secret or f"{column.table.name}.{column.name}" in PERSONAL:
        return sa.case((value.is_not(None), sa.literal_column(f"'{REDACTED}'")))
    # JSON has no decimals: a number may lose digits where it is read.
    return sa.cast(value, sa.Text) if isinstance(column.type, sa.Numeric) else value
