"""Prices of calls and messages."""

from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import SQLModel

from models import ids
from models.account import Account
from resolvers import audit
from resolvers.conditions import NoMatch, parse_id
from resolvers.context import Context
from resolvers.writing import changing, not_found, parameter, statement
from schema.errors import Refused


async def charge(context: Context, model: type[SQLModel], row_id: str, price: Any) -> UUID:
    """Set the price of a call or message in its account's currency: one statement. Raises Refused."""
    try:
        identifier = parse_id(row_id)
    except NoMatch:
        raise Refused([not_found("id", model)]) from None
    if price is None:
        return identifier  # nothing to change; whether the row is there, the answer's own read tells
    table: sa.Table = model.__table__  # type: ignore[attr-defined] # SQLModel sets it for table=True
    owner = context.viewer.carrier_id
    given = {"row_id": identifier, "owner": owner, "new_price": price, "new_updated_at": ids.now()}
    async with statement(context) as session:
        charging = _charging(table, owned=owner is not None)
        changed = (await session.execute(charging, given | audit.who(context))).scalar_one_or_none()
    if changed is None:
        raise Refused([not_found("id", model)])
    return identifier


@cache
def _charging(table: sa.Table, *, owned: bool) -> Any:
    """UPDATE of the price, of a row of the carrier `owner` where it is `owned`."""
    values = {name: parameter(table, name) for name in ("price", "updated_at")}
    owner = [table.c.carrier_id == sa.bindparam("owner", type_=sa.Uuid())] if owned else []
    account = [Account.id == table.c.account_id]
    return changing(table, values | {"price_unit": Account.billing_currency}, *owner, using=account)
