"""How many phone numbers there are, by groups: at the cost of the groups, not of the numbers.

Rules 38 and 39 of the REST contract: spellings that differ in case alone are one group, shown in the
one that sorts first; a group's id is a hash of its parts; a page takes the groups that follow the cursor
by id, and shows them by country, region and locality, nulls last. The counts come from the stock
(models/number_stock.py), which keeps the ids of places, and the changes that are not folded into it yet,
in one statement; only the
filter `account`, which the stock does not know, counts the account's numbers themselves.
"""

import operator
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from models.number_stock import PLACE_ID, PhoneNumberStock, PhoneNumberStockChange
from models.phone_number import PhoneNumber
from resolvers.conditions import NoMatch, clauses, given, kept_text, values
from resolvers.planner import Statement, compiled
from resolvers.readers import NOTHING, table_of
from resolvers.window import page_size
from schema.errors import bad_argument
from schema.node import Connection, Edge, PageInfo
from schema.phone_number import PhoneNumberStatistic

NUMBERS = table_of(PhoneNumber)
STOCK = (table_of(PhoneNumberStock), table_of(PhoneNumberStockChange))
COMPARISONS = {
    "eq": operator.eq,
    "neq": operator.ne,
    "gt": operator.gt,
    "gteq": operator.ge,
    "lt": operator.lt,
    "lteq": operator.le,
}
ORDER = ("country", "region", "locality", "type")
PLACES = ORDER[:3]
ANY_CASE = frozenset({"region", "locality"})
KEPT_STATEMENTS = 256
NO_TEXT: sa.ColumnElement[str] = sa.literal_column("''")
COLON: sa.ColumnElement[str] = sa.literal_column("':'")
UTF8: sa.ColumnElement[str] = sa.literal_column("'UTF8'")
HEX: sa.ColumnElement[str] = sa.literal_column("'hex'")
MADE_PLACE_ID: sa.ColumnElement[str] = sa.literal_column(PLACE_ID).label("place_id")
ZERO: sa.ColumnElement[int] = sa.literal_column("0")


class StatsReader:
    def prepare(self, *_: Any) -> None:
        """Groups are counted whole, whatever of them is selected."""

    async def read(
        self,
        context: Any,
        _plan: None,
        group_by: list[Any],
        filter: Any = None,  # noqa: A002 - the argument's name in the schema
        having: Any = None,
        **page: Any,
    ) -> Connection[PhoneNumberStatistic]:
        wanted = {group.value for group in group_by}
        names = tuple(name for name in ORDER if name in wanted)
        if not names:
            raise bad_argument("groupBy", "groupBy must name at least one of COUNTRY, REGION, LOCALITY, TYPE")
        size, backwards = page_size(page.get("first"), page.get("last"))
        comparison, count = _comparison(having)
        owner = context.viewer.carrier_id
        try:
            filters = given(filter)
            cursors = {
                name: kept_text(page[name]) for name in ("after", "before") if page.get(name) is not None
            }
            bound = values(filters) | cursors | {"owner": owner, "count": count, "limit": size + 1}
        except NoMatch:
            return Connection(edges=[], nodes=[], page_info=PageInfo(**NOTHING))
        text, order = _statement(names, tuple(filters), comparison, tuple(cursors), backwards, owner is None)
        rows = await context.database.walled.fetch(owner, text, *[bound[name] for name in order])
        return _page([_statistic(names, row) for row in rows], size, backwards, cursors)


def _comparison(having: Any) -> tuple[str, int]:
    """(name, number) of the comparison in `having`; every count is above 0."""
    for name in COMPARISONS:
        if having is not None and (number := getattr(having, name)):
            return name, number.value
    return "gt", 0


@lru_cache(maxsize=KEPT_STATEMENTS)
def _statement(
    names: tuple[str, ...],
    filters: tuple[str, ...],
    comparison: str,
    cursors: tuple[str, ...],
    backwards: bool,
    everybody: bool,
) -> Statement:
    """A page of groups."""
    kinds = _numbers if "account" in filters else _stock
    groups = _groups(names, kinds(names, filters, everybody))
    wanted = COMPARISONS[comparison](groups.c.value, sa.bindparam("count", type_=sa.BigInteger()))
    select = sa.select(groups).where(wanted)
    for name in cursors:
        cursor = sa.bindparam(name, type_=sa.Text())
        beyond = groups.c.id > cursor if name == "after" else groups.c.id < cursor
        other = groups.alias()
        select = select.where(beyond, sa.exists().where(other.c.id == cursor))
    select = select.order_by(groups.c.id.desc() if backwards else groups.c.id)
    return compiled(select.limit(sa.bindparam("limit", type_=sa.BigInteger())))


def _groups(names: tuple[str, ...], kinds: Any) -> sa.CTE:
    """Kinds whose names differ in case alone taken together; the spelling is the one that sorts first."""
    shown = [sa.func.min(kinds.c[name]).label(name) for name in names]
    keys: list[Any]
    if "place_id" in kinds.c:  # a region, and a locality of its name without one, have the same id
        identifier = kinds.c.place_id.label("id")
        keys = [kinds.c.place_id, kinds.c.region.is_(None)]
    else:
        keys = [sa.func.lower(kinds.c[name]) if name in ANY_CASE else kinds.c[name] for name in names]
        text = sa.func.concat_ws(COLON, *[sa.func.nullif(part.element, NO_TEXT) for part in shown])
        hashed = sa.func.sha256(sa.func.convert_to(sa.func.lower(text), UTF8))
        identifier = sa.func.encode(hashed, HEX).label("id")
    value = sa.cast(sa.func.sum(kinds.c.value), sa.BigInteger).label("value")
    return sa.select(identifier, *shown, value).group_by(*keys).cte("groups")


def _stock(names: tuple[str, ...], filters: tuple[str, ...], everybody: bool) -> Any:
    """What the stock and the changes to it say of each kind; a kind of which none is left says nothing."""
    parts = []
    for table in STOCK:
        columns: list[Any] = [table.c[name] for name in names]
        if names == PLACES:
            columns.append(table.c.place_id if "place_id" in table.c else MADE_PLACE_ID)
        selected = sa.select(*columns, table.c.value)
        parts.append(selected.where(*_tenant(table, everybody), *_conditions(table, filters)))
    both = sa.union_all(*parts).subquery()
    columns = [column for name, column in both.c.items() if name != "value"]
    value = sa.func.sum(both.c.value)
    return (
        sa.select(*columns, value.label("value")).group_by(*columns).having(value != ZERO).subquery("kinds")
    )


def _tenant(table: sa.Table, everybody: bool) -> list[sa.ColumnElement[bool]]:
    return [] if everybody else [table.c.carrier_id == sa.bindparam("owner", type_=sa.Uuid())]


def _conditions(table: sa.Table, filters: tuple[str, ...]) -> list[sa.ColumnElement[bool]]:
    found = clauses(table, [name for name in filters if name != "available"])
    if "available" in filters:
        found.append(table.c.available == sa.bindparam("available", type_=sa.Boolean()))
    return found


def _numbers(names: tuple[str, ...], filters: tuple[str, ...], everybody: bool) -> Any:
    columns = [NUMBERS.c[name] for name in names]
    counted = sa.select(*columns, sa.func.count().label("value")).group_by(*columns)
    conditions = [*_tenant(NUMBERS, everybody), *clauses(NUMBERS, filters)]
    return counted.where(*conditions).subquery("kinds")


def _statistic(names: tuple[str, ...], row: Any) -> PhoneNumberStatistic:
    parts = {name: row[name] if name in names else None for name in ORDER}
    return PhoneNumberStatistic(id=row["id"], value=row["value"], **parts)


def _page(
    found: list[PhoneNumberStatistic], size: int, backwards: bool, cursors: dict[str, Any]
) -> Connection[PhoneNumberStatistic]:
    """A page of up to `size` of the groups `found`, which were asked for one more than that, by id."""
    more, part = len(found) > size, found[:size]
    if backwards:
        part = part[::-1]
    shown = sorted(part, key=_place)
    return Connection(
        nodes=shown,
        edges=[Edge(node=group, cursor=group.id) for group in shown],
        page_info=PageInfo(
            has_next_page=bool(part) and "before" in cursors if backwards else more,
            has_previous_page=more if backwards else bool(part) and "after" in cursors,
            start_cursor=part[0].id if part else None,
            end_cursor=part[-1].id if part else None,
        ),
    )


def _place(group: PhoneNumberStatistic) -> tuple[Any, ...]:
    return tuple((getattr(group, name) is None, (getattr(group, name) or "").lower()) for name in ORDER)


READER = StatsReader()
