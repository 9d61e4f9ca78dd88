"""From what a mutation did to its payload: the changed row as the client selected it, or what is wrong."""

from collections.abc import Awaitable, Callable
from dataclasses import MISSING
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import strawberry
from graphql import GraphQLObjectType
from graphql.execution.collect_fields import FieldDetails
from strawberry.utils.str_converters import to_camel_case

from resolvers.api_key import NewKey
from resolvers.planner import Plan, named_type
from resolvers.readers import ONES, owned
from resolvers.writing import Outcome, fairly, not_found, refuse
from schema.batches import placed
from schema.deletion import DeletePayload
from schema.errors import Refused


async def answer(
    info: strawberry.Info, payload: type, act: Callable[[Any, Any], Awaitable[Any]], given: Any
) -> Any:
    """Check the input, do it, and read the row back for the payload; or the userErrors of a refusal."""

    async def checked(context: Any, given: Any) -> Any:
        refuse(given.problems())
        return await act(context, given)

    return await answer_checked(info, payload, checked, given)


async def answer_checked(
    info: strawberry.Info, payload: type, act: Callable[[Any, Any], Awaitable[Any]], given: Any
) -> Any:
    """As `answer`, where `act` checks the input itself: what the row finds wrong is told with the rest."""
    try:
        done = await act(info.context, given)
        if isinstance(done, payload):
            return done
        if payload is DeletePayload:
            return DeletePayload(deleted_id=strawberry.ID(str(done)), user_errors=[])
        return await _changed(info, payload, done)
    except Refused as refused:
        return payload(**(_nothing(payload) | {"user_errors": refused.errors}))


async def answer_each(
    info: strawberry.Info, payload: type, act: Callable[[Any, Any], Awaitable[list[Outcome]]], given: Any
) -> Any:
    """As `answer`, for each of the many inputs that `given` holds: the good ones are done."""
    if problems := list(given.problems()):
        return payload(results=[], user_errors=problems)
    ((name, items),) = vars(given).items()
    problems = [list(item.problems()) async for item in fairly(items)]
    good = [item for item, found in zip(items, problems, strict=True) if not found]
    done = iter(await act(info.context, good))
    outcomes = [found or next(done) for found in problems]
    return payload(results=await _results(info, payload, to_camel_case(name), outcomes), user_errors=[])


async def _results(info: strawberry.Info, payload: type, name: str, outcomes: list[Outcome]) -> list[Any]:
    """A payload for each outcome; rows are read back in one statement, or not at all for ids alone."""
    one = _field(payload, "results").type.of_type
    row_name = _fields(one)[0]
    plan = _plan(info, "results", row_name)
    wanted = [outcome for outcome in outcomes if isinstance(outcome, UUID)]
    rows = await _rows(info.context, plan, wanted) if plan else {}
    results = []
    for index, outcome in enumerate(outcomes):
        row, errors = (rows.get(outcome), []) if isinstance(outcome, UUID) else (None, outcome)
        results.append(one(**{row_name: row, "user_errors": placed(name, index, errors)}))
    return results


async def _rows(context: Any, plan: Any, ids: list[UUID]) -> dict[UUID, Any]:
    """The objects of these rows by their ids."""
    columns: Plan = plan[1]
    if plan[2]:
        return {row_id: columns.make((str(row_id),), context) for row_id in ids}
    owner = context.viewer.carrier_id

    def build() -> sa.Select[Any]:
        wanted = sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid())))
        return columns.select().where(columns.table.c.id == wanted, *owned(columns.table, owner))

    text, names = columns.statement(("each", owner is None), build)
    bound = {"ids": ids, "owner": owner}
    rows = await context.database.walled.fetch(owner, text, *[bound[name] for name in names])
    return {UUID(row[columns.id]): columns.make(row, context) for row in rows}


async def _changed(info: strawberry.Info, payload: type, done: UUID | NewKey) -> Any:
    name = _fields(payload)[0]
    more: dict[str, Any] = {"token": done.token} if isinstance(done, NewKey) else {}
    row_id = done.id if isinstance(done, NewKey) else done
    plan = _plan(info, name)
    row = None
    if plan is not None:
        row = await ONES[plan[0]].by_id(info.context, plan[1], row_id)
        if row is None:
            raise Refused([not_found("id", ONES[plan[0]].model)])
    return payload(**{name: row, "user_errors": [], **more})


def _plan(info: strawberry.Info, *path: str) -> Any:
    """(type's name, plan, whether of ids alone) of the payload's field at `path`; None where not selected."""
    raw = info._raw_info
    selections = info.context.selections(info)

    def prepare() -> Any:
        type_: GraphQLObjectType = named_type(raw.return_type)
        details = [FieldDetails(node, None) for node in raw.field_nodes]
        for wanted in map(to_camel_case, path):
            within = selections.of(type_, details)
            details = [d for part in within.values() for d in part if d.node.name.value == wanted]
            type_ = named_type(type_.fields[wanted].type)
        if not details:
            return None
        plan = ONES[type_.name].prepare(selections, type_, details)
        return type_.name, plan, len(plan.select().selected_columns) == 1

    return selections.once(("payload", *[id(node) for node in raw.field_nodes]), prepare)


def _fields(payload: type) -> list[str]:
    return [field.python_name for field in payload.__strawberry_definition__.fields]  # type: ignore[attr-defined] # set by Strawberry


def _nothing(payload: type) -> dict[str, Any]:
    """What a payload shows where nothing was done: null, but for fields that have a default."""
    fields = payload.__strawberry_definition__.fields  # type: ignore[attr-defined] # set by Strawberry
    return {field.python_name: None for field in fields if field.default is field.default_factory is MISSING}


def _field(payload: type, name: str) -> Any:
    fields = payload.__strawberry_definition__.fields  # type: ignore[attr-defined] # set by Strawberry
    return next(field for field in fields if field.python_name == name)
