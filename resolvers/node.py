"""Any object by its id: first which kind it is, then the row as that kind's own field reads it."""

from functools import cache
from typing import Any

import sqlalchemy as sa
from graphql import GraphQLObjectType

from resolvers.conditions import NoMatch, parse_id
from resolvers.planner import Plan, Statement, compiled
from resolvers.readers import ONES, owned
from schema.selections import Details, Selections


class NodeReader:
    def prepare(self, selections: Selections, _type: Any, details: Details) -> dict[str, Plan]:
        """A plan for each type of the schema that has a table."""
        types = {name: selections.schema.get_type(name) for name in ONES}
        return {
            name: ONES[name].prepare(selections, type_, details)
            for name, type_ in types.items()
            if isinstance(type_, GraphQLObjectType)
        }

    async def read(self, context: Any, plan: dict[str, Plan], id: str) -> Any:  # noqa: A002 - the argument's name
        try:
            row_id = parse_id(id)
        except NoMatch:
            return None
        owner = context.viewer.carrier_id
        text, names = _kind_statement(tuple(plan), owner is not None)
        bound = {"id": row_id, "owner": owner}
        kind = await context.database.walled.fetchval(owner, text, *[bound[name] for name in names])
        return None if kind is None else await ONES[kind].by_id(context, plan[kind], row_id)


@cache
def _kind_statement(kinds: tuple[str, ...], tenant: bool) -> Statement:
    identifier = sa.bindparam("id", type_=sa.Uuid())
    placeholder: Any = True if tenant else None  # owned() asks only whether there is a tenant
    parts: list[sa.Select[Any]] = [
        sa.select(sa.literal_column(f"'{kind}'").label("kind")).where(
            ONES[kind].table.c.id == identifier, *owned(ONES[kind].table, placeholder)
        )
        for kind in kinds
    ]
    return compiled(sa.select(sa.union_all(*parts).subquery()))


READER = NodeReader()
