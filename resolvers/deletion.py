"""Deletions, which leave the id behind for cursors."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from models.tombstone import Tombstone
from resolvers import audit
from resolvers.conditions import NoMatch, parse_id
from resolvers.context import Context
from resolvers.writing import existing, not_found, owned_by, statement
from schema.errors import Refused, UserErrorCode, wrong

STILL_REFERENCED = frozenset({"23001", "23503"})  # PostgreSQL 18 tells RESTRICT apart


async def delete(
    context: Context, model: type[SQLModel], row_id: str, *, held: str, unless: Any = ()
) -> UUID:
    """Delete a row and keep its id for cursors: one statement. Raises Refused; `held` says why it stays."""
    try:
        identifier = parse_id(row_id)
    except NoMatch:
        raise Refused([not_found("id", model)]) from None
    table: sa.Table = model.__table__  # type: ignore[attr-defined] # SQLModel sets it for table=True
    conditions = [table.c.id == identifier, *owned_by(context, model), *unless]
    gone = sa.delete(table).where(*conditions).returning(*table.c).cte("gone")
    tombstone = sa.insert(Tombstone).from_select(
        ["id", "carrier_id", "deleted_at"], sa.select(gone.c.id, gone.c.carrier_id, sa.func.now())
    )
    deleting = audit.leaving(
        sa.select(gone.c.id).add_cte(tombstone.cte("tombstoned")),
        table,
        gone,
        carrier_id=gone.c.carrier_id,
        object_id=gone.c.id,
        before=audit.shown(table, gone, table.c.keys()),
    )
    try:
        async with statement(context) as session:
            done = (await session.execute(deleting, audit.who(context))).scalar_one_or_none()
            if done is None:
                await existing(session, context, model, row_id, "id")
    except IntegrityError as error:
        if _violation(error) not in STILL_REFERENCED:
            raise
        done = None
    if done is None:
        raise Refused([wrong("id", held, UserErrorCode.RESTRICTED)])
    return identifier


def _violation(error: IntegrityError) -> str:
    """The SQLSTATE of a violated constraint."""
    return str(getattr(error.orig, "sqlstate", ""))
