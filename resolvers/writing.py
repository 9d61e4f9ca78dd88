"""Writes: one mutation is one transaction, and one statement where one suffices."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from models import ids
from models.account import Account
from models.carrier import Carrier
from models.tombstone import Tombstone
from resolvers.conditions import NoMatch, parse_id
from resolvers.context import Context, Home
from schema.errors import Refused, UserError, UserErrorCode, wrong

M = TypeVar("M", bound=SQLModel)

UNIQUE_VIOLATION = "23505"
STILL_REFERENCED = frozenset({"23001", "23503"})  # PostgreSQL 18 tells RESTRICT apart


@asynccontextmanager
async def transaction(context: Context) -> AsyncIterator[AsyncSession]:
    """Commits at the end; rolls back on any error."""
    async with AsyncSession(context.database.engine, expire_on_commit=False) as session, session.begin():
        yield session


@asynccontextmanager
async def statement(context: Context) -> AsyncIterator[AsyncSession]:
    """For a single statement, which is a transaction by itself: BEGIN and COMMIT would be two more trips."""
    async with AsyncSession(context.database.autocommit, expire_on_commit=False) as session:
        yield session
        await session.commit()


def refuse(errors: Any) -> None:
    """Raise Refused with `errors`, if there are any."""
    if found := list(errors):
        raise Refused(found)


def not_found(field: str, model: type[SQLModel]) -> UserError:
    words = str(model.__tablename__).replace("_", " ")
    return wrong(field, f"there is no such {words}", UserErrorCode.NOT_FOUND)


def owned_by(context: Context, model: type[SQLModel]) -> list[Any]:
    """The tenant's condition on a write: none for the platform."""
    owner = context.viewer.carrier_id
    return [] if owner is None else [model.carrier_id == owner]  # type: ignore[attr-defined] # every owned table has it


async def locked(
    session: AsyncSession, context: Context, model: type[M], row_id: str, field: str = "id"
) -> M:
    """The row to be changed, locked until the transaction ends. Raises Refused at `field`."""
    return await _found(session, context, model, row_id, field, shared=False)


async def existing(session: AsyncSession, context: Context, model: type[M], row_id: str, field: str) -> M:
    """A row to refer to, kept from being deleted until the transaction ends. Raises Refused at `field`."""
    return await _found(session, context, model, row_id, field, shared=True)


async def _found(
    session: AsyncSession, context: Context, model: type[M], row_id: str, field: str, *, shared: bool
) -> M:
    try:
        query = sa.select(model).where(model.id == parse_id(row_id), *owned_by(context, model))  # type: ignore[attr-defined] # every table has it
    except NoMatch:
        raise Refused([not_found(field, model)]) from None
    row = (await session.execute(query.with_for_update(read=shared, key_share=shared))).scalar_one_or_none()
    if row is None:
        raise Refused([not_found(field, model)])
    return row


async def home(context: Context, carrier_id: str | None) -> Home:
    """The carrier that a new row belongs to: the key's own, or the one that a platform key names."""
    own = context.viewer.carrier
    if own is not None:
        if carrier_id not in (None, str(own.id)):
            raise Refused([not_found("carrierId", Carrier)])
        return own
    if carrier_id is None:
        raise Refused(
            [wrong("carrierId", "carrierId is required with a platform key", UserErrorCode.REQUIRED)]
        )
    async with statement(context) as session:
        carrier = await existing(session, context, Carrier, carrier_id, "carrierId")
    return Home(carrier.id, carrier.country_code, carrier.billing_currency)


async def charge(context: Context, model: type[SQLModel], row_id: str, price: Any) -> UUID:
    """Set the price of a call or message in its account's currency: one statement. Raises Refused."""
    try:
        identifier = parse_id(row_id)
    except NoMatch:
        raise Refused([not_found("id", model)]) from None
    if price is None:
        return identifier  # nothing to change; whether the row is there, the answer's own read tells
    values = {"price": price, "price_unit": Account.billing_currency, "updated_at": ids.now()}
    change = (
        sa.update(model)
        .where(model.id == identifier, *owned_by(context, model), Account.id == model.account_id)  # type: ignore[attr-defined] # both tables have them
        .values(values)
        .returning(model.id)  # type: ignore[attr-defined] # every table has it
    )
    async with statement(context) as session:
        changed = (await session.execute(change)).scalar_one_or_none()
    if changed is None:
        raise Refused([not_found("id", model)])
    return identifier


async def delete(
    context: Context, model: type[SQLModel], row_id: str, *, held: str, unless: Any = ()
) -> UUID:
    """Delete a row and keep its id for cursors: one statement. Raises Refused; `held` says why it stays."""
    try:
        identifier = parse_id(row_id)
    except NoMatch:
        raise Refused([not_found("id", model)]) from None
    conditions = [model.id == identifier, *owned_by(context, model), *unless]  # type: ignore[attr-defined] # every table has it
    gone = sa.delete(model).where(*conditions).returning(model.id, model.carrier_id).cte("gone")  # type: ignore[attr-defined] # as above
    tombstone = sa.insert(Tombstone).from_select(
        ["id", "carrier_id", "deleted_at"], sa.select(gone, sa.func.now())
    )
    try:
        async with statement(context) as session:
            done = (await session.execute(tombstone.returning(Tombstone.id))).scalar_one_or_none()  # type: ignore[call-overload] # a column at run time
            if done is None:
                await existing(session, context, model, row_id, "id")
    except IntegrityError as error:
        if violation(error) not in STILL_REFERENCED:
            raise
        done = None
    if done is None:
        raise Refused([wrong("id", held, UserErrorCode.RESTRICTED)])
    return identifier


def violation(error: IntegrityError) -> str:
    """The SQLSTATE of a violated constraint."""
    return str(getattr(error.orig, "sqlstate", ""))
