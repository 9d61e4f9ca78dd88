"""Writes: one mutation is one transaction, and one statement where one suffices.

Rows are written by `insert_each` and `change`, by `charge` (charging.py) and `delete` (deletion.py), whose
statements leave their entry in the audit (audit.py); a session refuses what would leave none.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache
from types import SimpleNamespace
from typing import Any, TypeVar
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import SQLModel

from models import ids
from models.carrier import Carrier
from resolvers import audit
from resolvers.conditions import NoMatch, parse_id
from resolvers.context import Context, Home
from schema.errors import Refused, UserError, UserErrorCode, wrong

M = TypeVar("M", bound=SQLModel)
T = TypeVar("T")
Draft = SimpleNamespace
"""A new row: a model's columns as attributes, at a twentieth of the cost of the model's instance."""
Outcome = UUID | list[UserError]
"""What came of one of many: its id, or all that is wrong with it."""

# Within a request that is one transaction (resolvers/whole.py), each of these is a savepoint.
SESSION: dict[str, Any] = {
    "expire_on_commit": False,
    "join_transaction_mode": "create_savepoint",
    "sync_session_class": type("AuditedSession", (Session,), {}),
}


@sa.event.listens_for(SESSION["sync_session_class"], "before_flush")
def _refuse_flush(session: Session, *_: Any) -> None:
    raise AssertionError(f"write with insert_each, change or delete, for the audit: {list(session)}")


@sa.event.listens_for(SESSION["sync_session_class"], "do_orm_execute")
def _refuse_bare(execution: ORMExecuteState) -> None:
    if execution.is_insert or execution.is_update or execution.is_delete:
        raise AssertionError(f"write with audit.leaving, for the audit: {execution.statement}")


@asynccontextmanager
async def transaction(context: Context) -> AsyncIterator[AsyncSession]:
    """Commits at the end; rolls back on any error."""
    async with (
        context.database.writes.transaction(context.viewer.carrier_id) as connection,
        AsyncSession(connection, **SESSION) as session,
        session.begin(),
    ):
        yield session


@asynccontextmanager
async def statement(context: Context) -> AsyncIterator[AsyncSession]:
    """For a single statement, which is a transaction by itself: BEGIN and COMMIT would be two more trips."""
    async with (
        context.database.writes.statement(context.viewer.carrier_id) as connection,
        AsyncSession(connection, **SESSION) as session,
    ):
        yield session
        await session.commit()


def refuse(errors: Any) -> None:
    """Raise Refused with `errors`, if there are any."""
    if found := list(errors):
        raise Refused(found)


def refuse_all(own: Iterable[UserError], of_row: Iterable[UserError]) -> None:
    """Refuse what an input finds wrong itself, and what its row finds wrong with the other fields."""
    found = list(own)
    named = {tuple(error.field or ()) for error in found}
    refuse([*found, *(error for error in of_row if tuple(error.field or ()) not in named)])


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


async def existing_each(
    session: AsyncSession,
    context: Context,
    model: type[SQLModel],
    row_ids: Iterable[str | None],
    *columns: Any,
) -> dict[str, Any]:
    """Those rows of `row_ids` that are there, by id, with the `columns` named: as `existing`, for many."""
    wanted: dict[str, UUID] = {}
    for row_id in {row_id for row_id in row_ids if row_id}:
        with suppress(NoMatch):
            wanted[row_id] = parse_id(row_id)
    if not wanted:
        return {}
    identifier = model.id  # type: ignore[attr-defined] # every table has it
    query = sa.select(identifier, *columns).where(
        identifier == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid()))), *owned_by(context, model)
    )
    kept = query.order_by(identifier).with_for_update(read=True, key_share=True)
    found = {row.id: row for row in await session.execute(kept, {"ids": sorted(wanted.values())})}
    return {row_id: found[key] for row_id, key in wanted.items() if key in found}


async def insert_each(
    session: AsyncSession,
    context: Context,
    model: type[SQLModel],
    rows: Sequence[Draft | SQLModel],
    *,
    unless_taken: tuple[str, ...] = (),
) -> set[UUID]:
    """Insert the rows in one statement; their ids, without those that met an equal row in `unless_taken`."""
    if not rows:
        return set()
    table: sa.Table = model.__table__  # type: ignore[attr-defined] # SQLModel sets it for table=True
    given = audit.who(context)
    if len(rows) == 1:
        insertion = _insertion(table, unless_taken)
        given |= {f"new_{column.name}": getattr(rows[0], column.name) for column in table.c}
    else:
        insertion = _insertions(table, unless_taken)
        given |= {column.name: _array(column, rows) for column in table.c}
        carriers = list({row.carrier_id for row in rows})  # type: ignore[union-attr] # what comes in numbers has one
        given |= {"carriers": carriers, "entries": [ids.uuid7(given["audit_created_at"]) for _ in carriers]}
    return set((await session.execute(insertion, given)).scalars())


async def change(session: AsyncSession, context: Context, row: SQLModel, changes: dict[str, Any]) -> None:
    """Set columns of a row that is locked, and its `updated_at`."""
    changes = {"updated_at": ids.now()} | changes
    table: sa.Table = row.__table__  # type: ignore[attr-defined] # SQLModel sets it for table=True
    given = {f"new_{name}": value for name, value in changes.items()}
    given |= audit.who(context) | {"row_id": row.id}  # type: ignore[attr-defined] # every table has it
    await session.execute(_change(table, tuple(changes)), given)
    for name, value in changes.items():
        set_committed_value(row, name, value)


async def fairly(items: Iterable[T]) -> AsyncIterator[T]:
    """The items, with a turn for everybody else's requests after each hundred."""
    for index, item in enumerate(items, 1):
        yield item
        if index % 100 == 0:
            await asyncio.sleep(0)


def only(outcomes: Sequence[Outcome]) -> UUID:
    """The id of the only row of many, which is one; raises Refused where it was refused."""
    (outcome,) = outcomes
    if isinstance(outcome, list):
        raise Refused(outcome)
    return outcome


@cache
def _insertion(table: sa.Table, unless_taken: tuple[str, ...]) -> Any:
    """INSERT of one row."""
    values = {column.name: parameter(table, column.name) for column in table.c}
    added = _unless(insert(table).values(values), unless_taken).returning(*table.c).cte("added")
    return audit.leaving(
        sa.select(added.c.id),
        table,
        added,
        carrier_id=audit.carrier_of(table, added),
        object_id=added.c.id,
        after=audit.shown(table, added, table.c.keys()),
    )


@cache
def _insertions(table: sa.Table, unless_taken: tuple[str, ...]) -> Any:
    """INSERT of arrays, one for each column: what it costs hardly grows with the number of columns."""
    kinds = {column.name: _element(column) for column in table.c}
    arrays = [sa.bindparam(name, type_=sa.ARRAY(kind)) for name, kind in kinds.items()]
    columns = [sa.column(name, kind) for name, kind in kinds.items()]
    given = sa.func.unnest(*arrays).table_valued(*columns, name="given").render_derived()
    values = [
        sa.cast(given.c[column.name], column.type) if _is_json(column) else given.c[column.name]
        for column in table.c
    ]
    statement = _unless(insert(table).from_select(list(kinds), sa.select(*values)), unless_taken)
    row = sa.literal_column(f"{table.name}::text", sa.Text()).label("row")
    added = statement.returning(table.c.id, table.c.carrier_id, row).cte("added")
    return audit.leaving_of_many(sa.select(added.c.id), table, added)


def _unless(statement: Any, taken: tuple[str, ...]) -> Any:
    return statement.on_conflict_do_nothing(index_elements=taken) if taken else statement


@cache
def _change(table: sa.Table, names: tuple[str, ...]) -> Any:
    """UPDATE of those columns of a row."""
    return changing(table, {name: parameter(table, name) for name in names})


def parameter(table: sa.Table, name: str) -> Any:
    """The new value of a column, given as `new_` and its name."""
    return sa.bindparam(f"new_{name}", type_=table.c[name].type)


def changing(table: sa.Table, values: dict[str, Any], *conditions: Any, using: Any = ()) -> Any:
    """UPDATE of the row that meets the `conditions`; `using` joins the tables that the values are from."""
    row_id = sa.bindparam("row_id", type_=sa.Uuid())
    found = sa.select(table).where(table.c.id == row_id, *conditions)
    before = found.with_for_update(key_share=True).cte("before")
    names = ["id", *["carrier_id"] * ("carrier_id" in table.c), *values]
    change = sa.update(table).where(table.c.id == before.c.id, *using).values(values)
    changed = change.returning(*[table.c[name] for name in dict.fromkeys(names)]).cte("changed")
    return audit.leaving(
        sa.select(changed.c.id),
        table,
        changed.join(before, changed.c.id == before.c.id),
        carrier_id=audit.carrier_of(table, changed),
        object_id=changed.c.id,
        before=audit.shown(table, before, values),
        after=audit.shown(table, changed, values),
    )


def _element(column: sa.Column[Any]) -> Any:
    return sa.Text() if isinstance(column.type, sa.Enum) or _is_json(column) else column.type


def _array(column: sa.Column[Any], rows: Sequence[Draft | SQLModel]) -> list[Any]:
    values = [getattr(row, column.name) for row in rows]
    if isinstance(column.type, sa.Enum):
        return [value.value for value in values]
    return [orjson.dumps(value).decode() for value in values] if _is_json(column) else values


def _is_json(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.JSON)


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
