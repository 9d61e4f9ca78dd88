"""The ways to read rows: one by its id, a page of a list, a short list whole. Each is one SQL statement.

A list filtered by just one of direction and status reads one short stream of the index for each value
of the other, and merges them: that costs the same whether many rows match or none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from graphql import GraphQLObjectType
from sqlmodel import SQLModel

from models.tables import TABLES, WITHIN
from models.tombstone import Tombstone
from resolvers.conditions import NoMatch, clauses, given, parse_id, values
from resolvers.planner import TEXT, Plan, named_type
from resolvers.window import Window, window
from schema.completion import Source
from schema.node import Connection, Edge, PageInfo
from schema.prepared import Reader
from schema.selections import Details, Selections

STREAMS = frozenset({"direction", "status"})
MAX_ROWS = 5000
MOST: sa.ColumnElement[int] = sa.literal_column(str(MAX_ROWS))  # written out: no parameter of the plan


def table_of(model: type[SQLModel]) -> sa.Table:
    table: sa.Table = model.__table__  # type: ignore[attr-defined] # SQLModel sets it for table=True
    return table


class One(Reader):
    """A row by its id, among the rows of the viewer's carrier; None where there is none."""

    def __init__(self, model: type[SQLModel]) -> None:
        self.model = model
        self.table = table_of(model)

    def prepare(self, selections: Selections, type_: Any, details: Details) -> Plan:
        return Plan(selections, named_type(type_), details, self.table)

    def source(self, plan: Plan) -> Source:
        return plan.row

    def build(self, context: Any, plan: Plan, found: Any) -> Any:
        return None if found is None else plan.make(found, context)

    async def fetch(self, context: Any, plan: Plan, **arguments: Any) -> Any:
        try:
            return await self.row(context, plan, parse_id(arguments["id"]))
        except NoMatch:
            return None

    async def by_id(self, context: Any, plan: Plan, row_id: UUID) -> Any:
        return self.build(context, plan, await self.row(context, plan, row_id))

    async def row(self, context: Any, plan: Plan, row_id: UUID) -> Any:
        owner = context.viewer.carrier_id
        text, names = plan.statement(owner is None, lambda: self._statement(plan, owner))
        bound = {"id": row_id, "owner": owner}
        return await context.database.walled.fetchrow(owner, text, *[bound[name] for name in names])

    def _statement(self, plan: Plan, owner: UUID | None) -> sa.Select[Any]:
        found = plan.select().where(plan.table.c.id == sa.bindparam("id", type_=sa.Uuid()))
        return found.where(*owned(plan.table, owner))


@dataclass(slots=True)
class Found:
    """A page as it was read: its rows in the order of the list, and where it stands."""

    rows: list[Any]
    page_info: PageInfo


class Page(Reader):
    """A page of a list, newest first, by keyset on the id."""

    def __init__(self, model: type[SQLModel]) -> None:
        self.table = table_of(model)
        self._streams = STREAMS.issubset(self.table.c.keys())

    def prepare(self, selections: Selections, type_: Any, details: Details) -> Plan:
        """The plan of the rows, whether they are selected as `nodes` or within `edges`."""
        connection: GraphQLObjectType = named_type(type_)
        node_type = named_type(connection.fields["nodes"].type)
        return Plan(selections, node_type, node_details(selections, connection, details), self.table)

    def source(self, plan: Plan) -> Source:
        node = replace(plan.row, nullable=False)
        cursor = Source(f"c{plan.id}", TEXT, nullable=False)
        edge = replace(node, members={"node": replace(node, target=None), "cursor": cursor})
        members = {
            "nodes": Source("it.rows", nullable=False, item=node),
            "edges": Source("it.rows", nullable=False, item=edge),
            "page_info": Source("it.page_info", nullable=False),
        }
        return Source("it", nullable=False, members=members)

    def build(self, context: Any, plan: Plan, found: Found) -> Connection[Any]:
        nodes = [plan.make(row, context) for row in found.rows]
        edges = [Edge(node=node, cursor=row[plan.id]) for node, row in zip(nodes, found.rows, strict=True)]
        return Connection(edges=edges, nodes=nodes, page_info=found.page_info)

    async def fetch(self, context: Any, plan: Plan, filter: Any = None, **page: Any) -> Found:  # noqa: A002
        try:
            filters = given(filter)
            bound = values(filters)
            part = window(**page)
        except NoMatch:
            return Found([], PageInfo(**NOTHING))
        owner = context.viewer.carrier_id
        shape = (tuple(filters), part.shape, owner is None)
        text, names = plan.statement(shape, lambda: self._statement(plan, tuple(filters), part, owner))
        bound |= {"limit": part.size + 1, "after": part.after, "before": part.before, "owner": owner}
        if filters and self._streams:
            bound |= self._alternatives(filters)
        rows = await context.database.walled.fetch(owner, text, *[bound[name] for name in names])
        return page_of(rows, part, plan.id)

    async def read_within(
        self,
        context: Any,
        plan: Plan,
        key: str,
        parents: Sequence[str],
        filter: Any = None,  # noqa: A002 - the argument's name in the schema
        **page: Any,
    ) -> list[Connection[Any]]:
        """The same page for each of `parents`, whose ids stand in the column `key`_id: one statement."""
        try:
            filters = given(filter)
            bound = values(filters)
            part = window(**page)
        except NoMatch:
            return [self.build(context, plan, Found([], PageInfo(**NOTHING))) for _ in parents]
        owner = context.viewer.carrier_id
        shape = (key, tuple(filters), part.shape, owner is None)
        text, names = plan.statement(shape, lambda: self._within(plan, key, tuple(filters), part, owner))
        ids = [parse_id(parent) for parent in parents]
        bound |= {
            "limit": part.size + 1,
            "after": part.after,
            "before": part.before,
            "owner": owner,
            "parents": ids,
        }
        found: dict[str, list[Any]] = {parent: [] for parent in parents}
        for row in await context.database.walled.fetch(owner, text, *[bound[name] for name in names]):
            found[str(row["parent"])].append(row)
        return [self.build(context, plan, page_of(found[parent], part, plan.id)) for parent in parents]

    def _statement(
        self, plan: Plan, filters: tuple[str, ...], part: Window, owner: UUID | None
    ) -> sa.Select[Any]:
        """SELECT of a page; merged from streams where just one of direction and status is filtered."""
        alternatives = STREAMS - set(filters) if self._streams else STREAMS
        if len(alternatives) != 1 or not (owner or "carrier" in filters or "account" in filters):
            return self._narrow(plan.select(), self.table, filters, part, owner)
        (free,) = alternatives
        streams = _unnest("alternatives", sa.Text())
        rows = self.table.alias("narrow")
        narrow = self._narrow(sa.select(rows.c.id), rows, filters, part, owner)
        short = narrow.where(rows.c[free] == streams.c.value).lateral("short")
        merged = sa.select(short.c.id).select_from(streams.join(short, sa.true()))
        found = _ordered(merged, short.c.id, part).subquery("page")
        return _in_order(plan.select().where(self.table.c.id == found.c.id), self.table.c.id, part)

    def _within(
        self, plan: Plan, key: str, filters: tuple[str, ...], part: Window, owner: UUID | None
    ) -> sa.Select[Any]:
        parents = _unnest("parents", sa.Uuid())
        rows = self.table.alias("narrow")
        narrow = self._narrow(sa.select(rows.c.id), rows, filters, part, owner)
        page = narrow.where(rows.c[f"{key}_id"] == parents.c.value).lateral("page")
        both = sa.select(parents.c.value.label("parent"), page.c.id).select_from(
            parents.join(page, sa.true())
        )
        found = both.subquery("found")
        selected = plan.select(found.c.parent).where(self.table.c.id == found.c.id)
        return _in_order(selected, self.table.c.id, part)

    def _narrow(
        self, select: sa.Select[Any], table: Any, filters: tuple[str, ...], part: Window, owner: UUID | None
    ) -> sa.Select[Any]:
        """Tenant, filters, cursors, order and limit, all on `table`."""
        select = select.where(*owned(table, owner), *clauses(table, filters))
        for name, beyond in (("after", table.c.id.__lt__), ("before", table.c.id.__gt__)):
            if getattr(part, name) is not None:
                cursor = sa.bindparam(name, type_=sa.Uuid())
                select = select.where(beyond(cursor), _known(self.table, cursor, owner))
        return _ordered(select, table.c.id, part)

    def _alternatives(self, filters: dict[str, Any]) -> dict[str, Any]:
        free = STREAMS - filters.keys()
        if len(free) != 1:
            return {}
        (column,) = free
        kind: Any = self.table.c[column].type
        return {"alternatives": list(kind.enums)}


class Rows:
    """All rows of a short list: of a carrier, or within each of some parents. Never more than MAX_ROWS."""

    def __init__(self, model: type[SQLModel]) -> None:
        self.table = table_of(model)

    def prepare(self, selections: Selections, type_: Any, details: Details) -> Plan:
        return Plan(selections, named_type(type_), details, self.table)

    async def read(self, context: Any, plan: Plan, **filters: Any) -> list[Any]:
        """The rows that meet `filters`, the newest first."""
        owner = context.viewer.carrier_id
        wanted = {name: value for name, value in filters.items() if value is not None}
        try:
            bound = values(wanted) | {"owner": owner}
        except NoMatch:
            return []

        def build() -> sa.Select[Any]:
            conditions = [*owned(self.table, owner), *clauses(self.table, wanted)]
            return plan.select().where(*conditions).order_by(self.table.c.id.desc()).limit(MOST)

        text, names = plan.statement((tuple(wanted), owner is None), build)
        rows = await context.database.walled.fetch(owner, text, *[bound[name] for name in names])
        return [plan.make(row, context) for row in rows]

    async def read_within(
        self, context: Any, plan: Plan, key: str, parents: Sequence[str]
    ) -> list[list[Any]]:
        """The rows of each of `parents`, whose ids stand in the column `key`_id, the oldest first."""
        owner = context.viewer.carrier_id

        def build() -> sa.Select[Any]:
            column = self.table.c[f"{key}_id"]
            within = column == sa.any_(sa.bindparam("parents", type_=sa.ARRAY(sa.Uuid())))
            rows = plan.select(column.label("parent")).where(within, *owned(self.table, owner))
            return rows.order_by(self.table.c.id).limit(MOST)

        text, names = plan.statement((key, owner is None), build)
        bound = {"owner": owner, "parents": [parse_id(parent) for parent in parents]}
        found: dict[str, list[Any]] = {parent: [] for parent in parents}
        for row in await context.database.walled.fetch(owner, text, *[bound[name] for name in names]):
            found[str(row["parent"])].append(plan.make(row, context))
        return [found[parent] for parent in parents]


def node_type_name(connection_type: Any) -> str:
    """The name of the type that a connection lists."""
    return str(named_type(named_type(connection_type).fields["nodes"].type).name)


ONES = {model.__name__: One(model) for model in TABLES}
PAGES = {model.__name__: Page(model) for model in TABLES}
ROWS = {model.__name__: Rows(model) for model in (*TABLES, *WITHIN)}
NOTHING: dict[str, Any] = {
    "has_next_page": False,
    "has_previous_page": False,
    "start_cursor": None,
    "end_cursor": None,
}


def owned(table: Any, owner: UUID | None) -> list[sa.ColumnElement[bool]]:
    """The tenant's condition: none for the platform, the carrier of the key for everybody else."""
    if owner is None:
        return []
    column = table.c.carrier_id if "carrier_id" in table.c else table.c.id
    return [column == sa.bindparam("owner", type_=sa.Uuid())]


def page_of(rows: list[Any], part: Window, id_position: int) -> Found:
    """A page of up to `part.size` of `rows`, which were asked for one row more than that."""
    more = len(rows) > part.size
    if more:
        del rows[part.size :]
    if part.backwards:
        rows.reverse()
    info = PageInfo(
        has_next_page=bool(rows) and part.before is not None if part.backwards else more,
        has_previous_page=more if part.backwards else bool(rows) and part.after is not None,
        start_cursor=rows[0][id_position] if rows else None,
        end_cursor=rows[-1][id_position] if rows else None,
    )
    return Found(rows, info)


def node_details(selections: Selections, type_: GraphQLObjectType, details: Details) -> Details:
    """The fields `nodes`, and `node` within `edges`, of a connection's selection."""
    found: Details = []
    for fields in selections.of(type_, details).values():
        name = fields[0].node.name.value
        if name == "nodes":
            found.extend(fields)
        elif name == "edges":
            edge = named_type(type_.fields["edges"].type)
            inner = selections.of(edge, fields).values()
            found.extend(detail for part in inner if part[0].node.name.value == "node" for detail in part)
    return found


def _unnest(name: str, type_: Any) -> Any:
    """The values of an array parameter as rows of one column, `value`."""
    array = sa.bindparam(name, type_=sa.ARRAY(type_))
    return sa.func.unnest(array).table_valued(sa.column("value", type_), name=name).render_derived()


def _known(table: sa.Table, cursor: Any, owner: UUID | None) -> sa.ColumnElement[bool]:
    """Whether a cursor is the id of a row of the list, or of one that was."""
    rows, gone = table.alias("cursor_row"), table_of(Tombstone).alias("cursor_gone")
    return sa.or_(
        sa.exists().where(rows.c.id == cursor, *owned(rows, owner)),
        sa.exists().where(gone.c.id == cursor, *owned(gone, owner)),
    )


def _ordered(select: sa.Select[Any], column: Any, part: Window) -> sa.Select[Any]:
    return _in_order(select, column, part).limit(sa.bindparam("limit", type_=sa.BigInteger()))


def _in_order(select: sa.Select[Any], column: Any, part: Window) -> sa.Select[Any]:
    return select.order_by(column.asc() if part.backwards else column.desc())
