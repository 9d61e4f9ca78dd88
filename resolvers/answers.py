"""From what a mutation did to its payload: the changed row as the client selected it, or what is wrong."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import strawberry
from graphql import GraphQLObjectType
from graphql.execution.collect_fields import FieldDetails
from strawberry.utils.str_converters import to_camel_case

from resolvers.api_key import NewKey
from resolvers.planner import named_type
from resolvers.readers import ONES
from resolvers.writing import not_found
from schema.deletion import DeletePayload
from schema.errors import Refused


async def answer(
    info: strawberry.Info, payload: type, act: Callable[[Any, Any], Awaitable[Any]], given: Any
) -> Any:
    """Check the input, do it, and read the row back for the payload; or the userErrors of a refusal."""
    try:
        if problems := list(given.problems()):
            raise Refused(problems)
        done = await act(info.context, given)
        if isinstance(done, payload):
            return done
        if payload is DeletePayload:
            return DeletePayload(deleted_id=strawberry.ID(str(done)), user_errors=[])
        return await _changed(info, payload, done)
    except Refused as refused:
        nothing = dict.fromkeys(_fields(payload))
        return payload(**(nothing | {"user_errors": refused.errors}))


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


def _plan(info: strawberry.Info, name: str) -> Any:
    """(type's name, plan) of the payload's field `name`; None where the client did not select it."""
    raw = info._raw_info
    selections = info.context.selections(info)

    def prepare() -> Any:
        type_: GraphQLObjectType = named_type(raw.return_type)
        within = selections.of(type_, [FieldDetails(node, None) for node in raw.field_nodes])
        wanted = to_camel_case(name)
        details = [d for part in within.values() for d in part if d.node.name.value == wanted]
        inner = named_type(type_.fields[wanted].type)
        return (inner.name, ONES[inner.name].prepare(selections, inner, details)) if details else None

    return selections.once(("payload", *[id(node) for node in raw.field_nodes]), prepare)


def _fields(payload: type) -> list[str]:
    return [field.python_name for field in payload.__strawberry_definition__.fields]  # type: ignore[attr-defined] # set by Strawberry
