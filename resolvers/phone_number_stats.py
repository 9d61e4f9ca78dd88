"""How many phone numbers there are, by groups.

Rule 39 of the REST contract: a group's id is a hash of its parts, a page takes the groups that follow
the cursor by id, and shows them by country, region and locality, nulls last.
"""

import hashlib
import operator
from typing import Any

import sqlalchemy as sa

from models.phone_number import AVAILABLE, PhoneNumber
from resolvers.conditions import NoMatch, clauses, given, values
from resolvers.planner import DIALECT
from resolvers.readers import NOTHING, owned, table_of
from resolvers.window import page_size
from schema.errors import bad_argument
from schema.node import Connection, Edge, PageInfo
from schema.phone_number import PhoneNumberStatistic

NUMBERS = table_of(PhoneNumber)
COMPARISONS = {
    "eq": operator.eq,
    "neq": operator.ne,
    "gt": operator.gt,
    "gteq": operator.ge,
    "lt": operator.lt,
    "lteq": operator.le,
}
ORDER = ("country", "region", "locality", "type")


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
        names = [name for name in ORDER if name in {group.value for group in group_by}]
        if not names:
            raise bad_argument("groupBy", "groupBy must name at least one of COUNTRY, REGION, LOCALITY, TYPE")
        size, backwards = page_size(page.get("first"), page.get("last"))
        try:
            filters = given(filter)
            bound = values(filters) | {"owner": context.viewer.carrier_id}
        except NoMatch:
            return Connection(edges=[], nodes=[], page_info=PageInfo(**NOTHING))
        compiled = _statement(names, filters, context.viewer.carrier_id).compile(dialect=DIALECT)
        arguments = [bound[name] for name in compiled.positiontup or ()]
        rows = await context.database.reads.fetch(compiled.string, *arguments)
        groups = [_statistic(names, row) for row in rows]
        return _page(groups, _wanted(having), size, backwards, page.get("after"), page.get("before"))


def _statement(names: list[str], filters: dict[str, Any], owner: Any) -> sa.Select[Any]:
    folded = {"region", "locality"}
    keys = [sa.func.lower(NUMBERS.c[name]) if name in folded else NUMBERS.c[name] for name in names]
    shown = [sa.func.min(NUMBERS.c[name]).label(name) for name in names]
    select = sa.select(*shown, sa.func.count().label("value")).where(
        *owned(NUMBERS, owner), *clauses(NUMBERS, filters)
    )
    if filters.get("available"):
        select = select.where(sa.text(AVAILABLE))  # as the partial index says it, which a parameter does not
    return select.group_by(*keys)


def _statistic(names: list[str], row: Any) -> PhoneNumberStatistic:
    parts = [row[name].lower() for name in names if row[name]]
    return PhoneNumberStatistic(
        id=hashlib.sha256(":".join(parts).encode()).hexdigest(),  # type: ignore[arg-type] # an ID is text
        **{name: row[name] if name in names else None for name in ORDER},
        value=row["value"],
    )


def _wanted(having: Any) -> Any:
    """The comparison of `having` as a function of the count; all are wanted without one."""
    for name, compare in COMPARISONS.items():
        if having is not None and (number := getattr(having, name)):
            return lambda count: compare(count, number.value)
    return lambda _count: True


def _page(
    groups: list[PhoneNumberStatistic], wanted: Any, size: int, backwards: bool, after: Any, before: Any
) -> Connection[PhoneNumberStatistic]:
    known = {group.id for group in groups}
    if any(cursor is not None and cursor not in known for cursor in (after, before)):
        return Connection(edges=[], nodes=[], page_info=PageInfo(**NOTHING))
    inside = sorted(
        (
            g
            for g in groups
            if wanted(g.value) and (after is None or g.id > after) and (before is None or g.id < before)
        ),
        key=lambda group: group.id,
    )
    part = inside[-size:] if backwards else inside[:size]
    shown = sorted(part, key=_place)
    more = len(inside) > size
    return Connection(
        nodes=shown,
        edges=[Edge(node=group, cursor=group.id) for group in shown],
        page_info=PageInfo(
            has_next_page=bool(part) and before is not None if backwards else more,
            has_previous_page=more if backwards else bool(part) and after is not None,
            start_cursor=part[0].id if part else None,
            end_cursor=part[-1].id if part else None,
        ),
    )


def _place(group: PhoneNumberStatistic) -> tuple[Any, ...]:
    return tuple((getattr(group, name) is None, (getattr(group, name) or "").lower()) for name in ORDER)


READER = StatsReader()
