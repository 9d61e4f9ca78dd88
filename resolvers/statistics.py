"""What calls, messages and TTS events come to, by groups and by buckets of time.

Nothing is kept beside the rows: a statistic is read from an index that holds all it needs, one range of
ids for each bucket. So it equals the rows at every moment, and rows outside of the range cost nothing.
"""

import asyncio
import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import SQLModel

from models import ids, voices
from models.account import Account
from models.message import Message
from models.phone_call import PhoneCall
from models.tts_event import TtsEvent
from resolvers.buckets import Interval, Stretch, slices, stretches, zones
from resolvers.conditions import MILLISECOND, NoMatch, clauses, given, values
from resolvers.groups import Group, Part, parse_cursor
from resolvers.planner import Plan, Statement, compiled, named_type
from resolvers.readers import NOTHING, node_details, owned, table_of
from resolvers.window import page_size
from schema.errors import bad_argument
from schema.limits import WHOLE_CHART
from schema.node import Connection, PageInfo
from schema.selections import Details, Selections, declared
from schema.statistics import Amount, MessageStatistic, PhoneCallStatistic, TtsStatistic

MAX_BUCKETS = 10_000
MAX_SUMS = 20_000
MAX_INT = 2**31 - 1
SLICES = 16
ANYBODY = UUID(int=0)  # stands for the carrier while a statement is made
SIDE_BY_SIDE = 2  # connections for one chart: the pool has ten, and PostgreSQL a core for each or not
SCOPE = frozenset({"carrier", "account", "phone_call", "from_date", "to_date"})


@dataclass(frozen=True, eq=False)
class Kind:
    """What is counted: groups in the order that sorts them and sums, both in SQL; ratios of two sums."""

    model: type[SQLModel]
    type_: type
    groups: dict[str, str]
    sums: dict[str, str]
    ratios: dict[str, tuple[str, str]] = field(default_factory=dict)


INTERACTION = {
    "account": "account_id",
    "direction": "direction",
    "status": "status",
    "country": "nullif(country, '')",
}
CALLS = Kind(
    PhoneCall,
    PhoneCallStatistic,
    groups=INTERACTION,
    # A call has a duration from the moment that it has ended.
    sums={
        "count": "count(*)",
        "answered": "count(answered_at)",
        "ended": "count(duration)",
        "seconds": "coalesce(sum(duration), 0)",
    },
    ratios={"answer_seizure_ratio": ("answered", "ended"), "average_seconds": ("seconds", "answered")},
)
MESSAGES = Kind(
    Message,
    MessageStatistic,
    groups=INTERACTION,
    sums={
        "count": "count(*)",
        "delivered": "count(*) FILTER (WHERE status = 'delivered')",
        "failed": "count(*) FILTER (WHERE status = 'failed')",
        "settled": "count(*) FILTER (WHERE status IN ('delivered', 'failed'))",
    },
    ratios={"delivery_ratio": ("delivered", "settled")},
)
TTS = Kind(
    TtsEvent,
    TtsStatistic,
    groups={"account": "account_id", "voice": "voice"},
    sums={"count": "count(*)", "characters": "coalesce(sum(characters), 0)"},
)


@dataclass(frozen=True)
class Chosen:
    """What of a kind's statistics an operation selects, and so reads."""

    sums: tuple[str, ...]
    charges: bool
    id: bool
    account: Plan | None


@dataclass(frozen=True)
class Question:
    """What an operation asks: groups, filters, their values and the tenant, buckets."""

    groups: tuple[str, ...]
    filters: tuple[str, ...]
    bound: dict[str, Any]
    interval: Interval | None
    zone: ZoneInfo

    @property
    def everywhere(self) -> bool:
        return self.bound["owner"] is None


class Statistics:
    """Reads a page of the groups of one kind."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def prepare(self, selections: Selections, type_: Any, details: Details) -> Chosen:
        connection = named_type(type_)
        node_type = named_type(connection.fields["nodes"].type)
        names: set[str] = set()
        account: Details = []
        for fields in selections.of(node_type, node_details(selections, connection, details)).values():
            name = fields[0].node.name.value
            if found := declared(selections.schema.get_field(node_type, name)):
                names.add(found.python_name)
            if name == "account":
                account += fields
        names |= {part for ratio, pair in self.kind.ratios.items() if ratio in names for part in pair}
        account_type = named_type(node_type.fields["account"].type)
        return Chosen(
            sums=tuple(name for name in self.kind.sums if name in names),
            charges="charges" in names,
            id="id" in names,
            account=Plan(selections, account_type, account, table_of(Account)) if account else None,
        )

    async def read(
        self,
        context: Any,
        chosen: Chosen,
        filter: Any = None,  # noqa: A002 - the argument's name in the schema
        group_by: list[Any] | None = None,
        interval: Any = None,
        time_zone: str | None = None,
        **page: Any,
    ) -> Connection[Any]:
        size, backwards = page_size(page.get("first"), page.get("last"), WHOLE_CHART)
        zone = _zone(time_zone)
        wanted = {group.value for group in group_by or ()}
        groups = tuple(name for name in self.kind.groups if name in wanted)
        try:
            filters = given(filter)
            bound = values(filters) | {"owner": context.viewer.carrier_id}
            after, before = (parse_cursor(page.get(name), 1 + len(groups)) for name in ("after", "before"))
        except NoMatch:
            return Connection(edges=[], nodes=[], page_info=PageInfo(**NOTHING))
        part = Part(size, backwards, after, before)
        question = Question(groups, tuple(filters), bound, interval and Interval[interval.name], zone)
        found = await self._groups(context, chosen, question, await self._cut(context, question))
        shown, more = part.of(found)
        accounts = await _accounts(context, chosen, question, shown)
        nodes = [self._statistic(group, chosen, question, accounts) for group in shown]
        return part.connection(shown, nodes, more)

    async def _cut(self, context: Any, question: Question) -> list[Stretch]:
        """The time from the first row to the last in stretches, each of them of one bucket."""
        text, names = _extent(self.kind, question.filters, question.everywhere)
        first, last = await context.database.walled.fetchrow(
            context.viewer.carrier_id, text, *[question.bound[name] for name in names]
        )
        if first is None:
            return []
        since, until = ids.created_at_of(first), ids.created_at_of(last) + MILLISECOND
        if question.interval is None:
            return slices(since, until, SLICES)
        cut = list(islice(stretches(since, until, question.interval, question.zone), MAX_BUCKETS + 1))
        if len(cut) > MAX_BUCKETS:
            raise bad_argument(
                "interval",
                f"there are more than {MAX_BUCKETS} buckets of one {question.interval.name} from "
                f"{since:%Y-%m-%d} to {until:%Y-%m-%d}; narrow fromDate and toDate or take a longer interval",
            )
        return cut

    async def _groups(
        self, context: Any, chosen: Chosen, question: Question, cut: list[Stretch]
    ) -> list[Group]:
        """All groups, read on a few connections at once: every row is of one stretch, and counted once."""
        shares = [cut[i::SIDE_BY_SIDE] for i in range(SIDE_BY_SIDE)]
        found = await asyncio.gather(*[self._share(context, chosen, question, share) for share in shares])
        if sum(map(len, found)) > MAX_SUMS:
            raise bad_argument(
                "groupBy",
                f"these are more than {MAX_SUMS} groups, where each currency of a group counts; "
                "narrow the filter, take a longer interval or group by less",
            )
        groups: dict[tuple[Any, ...], Group] = {}
        for share, rows in zip(shares, found, strict=True):
            for row in rows:
                start, keys = share[row["number"] - 1].start, tuple(row[name] for name in question.groups)
                groups.setdefault((start, keys), Group(start, keys)).add(chosen.sums, row)
        return list(groups.values())

    async def _share(self, context: Any, chosen: Chosen, question: Question, share: list[Stretch]) -> Any:
        if not share:
            return []
        text, names = _statement(
            self.kind, chosen.sums, chosen.charges, question.groups, question.filters, question.everywhere
        )
        bound = question.bound | {
            "begins": [ids.lowest_id(stretch.begin) for stretch in share],
            "ends": [ids.lowest_id(stretch.end) for stretch in share],
        }
        return await context.database.walled.fetch(bound["owner"], text, *[bound[name] for name in names])

    def _statistic(
        self, group: Group, chosen: Chosen, question: Question, accounts: dict[str | None, Any]
    ) -> Any:
        """The statistic with what is selected of it."""
        keys = dict(zip(question.groups, group.keys, strict=True))
        shown: Any = object.__new__(self.kind.type_)
        shown.id = _identifier(self.kind, question, group) if chosen.id else ""
        shown.start = group.start
        for name in self.kind.groups:
            setattr(shown, name, keys.get(name))
        shown.account = accounts.get(keys.get("account"))
        if voice := keys.get("voice"):
            shown.voice = voices.describe(voice)
        for name in chosen.sums:
            setattr(shown, name, _int(name, group.sums[name]))
        for name, (dividend, divisor) in self.kind.ratios.items():
            total = group.sums.get(divisor)
            setattr(shown, name, group.sums.get(dividend, 0) / total if total else None)
        shown.charges = [Amount(currency=code, amount=sum_) for code, sum_ in sorted(group.charges.items())]
        return shown


def _zone(name: str | None) -> ZoneInfo:
    if name is not None and name not in zones():
        raise bad_argument(
            "timeZone", f'timeZone {name!r:.80} is no time zone; give an IANA name such as "Asia/Phnom_Penh"'
        )
    return ZoneInfo(name or "UTC")


def _int(name: str, value: int) -> int:
    if value > MAX_INT:
        raise bad_argument(
            "filter", f"{name} is {value} here, more than an Int holds; narrow the filter or group by more"
        )
    return value


def _identifier(kind: Kind, question: Question, group: Group) -> str:
    bound = sorted((name, str(value)) for name, value in question.bound.items())
    asked = (kind.type_.__name__, question.groups, bound, question.interval, question.zone.key, group.parts)
    return hashlib.sha256(repr(asked).encode()).hexdigest()


@lru_cache(maxsize=256)
def _extent(kind: Kind, filters: tuple[str, ...], everywhere: bool) -> Statement:
    """The first and the last id that may meet the filters: those alone that an index finds them by."""
    table = table_of(kind.model)
    found = sa.select(table.c.id).where(
        *_owned(table, everywhere), *clauses(table, [name for name in filters if name in SCOPE])
    )
    ends = [found.order_by(order).limit(sa.literal_column("1")) for order in (table.c.id, table.c.id.desc())]
    return compiled(sa.select(*[end.scalar_subquery() for end in ends]))


@lru_cache(maxsize=256)
def _statement(
    kind: Kind,
    sums: tuple[str, ...],
    charges: bool,
    groups: tuple[str, ...],
    filters: tuple[str, ...],
    everywhere: bool,
) -> Statement:
    """One scan of the index for each stretch: a row's stretch need not be worked out."""
    table = table_of(kind.model)
    uuids = sa.ARRAY(sa.Uuid())
    stretch = (
        sa.func.unnest(sa.bindparam("begins", type_=uuids), sa.bindparam("ends", type_=uuids))
        .table_valued("begin_id", "end_id", with_ordinality="number", name="stretch")
        .render_derived()
    )
    columns: list[Any] = [
        *[sa.literal_column(f"{kind.groups[name]}::text").label(name) for name in groups],
        *[sa.literal_column(kind.sums[name]).label(name) for name in sums],
    ]
    by: list[Any] = [sa.literal_column(kind.groups[name]) for name in groups]
    if charges:
        by.append(table.c.price_unit)
        amount = sa.cast(sa.func.sum(table.c.price), sa.Text)
        columns += [table.c.price_unit.label("currency"), amount.label("amount")]
    rows = (
        sa.select(*columns, sa.func.count().label("rows"))
        .where(table.c.id >= stretch.c.begin_id, table.c.id < stretch.c.end_id)
        .where(*_owned(table, everywhere), *clauses(table, filters))
        .group_by(*by)
        .lateral("found")
    )
    return compiled(
        sa.select(stretch.c.number, rows)
        .select_from(stretch.join(rows, rows.c.rows > sa.literal_column("0")))
        .limit(sa.literal_column(str(MAX_SUMS + 1)))
    )


def _owned(table: sa.Table, everywhere: bool) -> list[sa.ColumnElement[bool]]:
    return owned(table, None if everywhere else ANYBODY)


async def _accounts(
    context: Any, chosen: Chosen, question: Question, groups: list[Group]
) -> dict[str | None, Any]:
    """The accounts of the page's groups by id, in one statement."""
    plan = chosen.account
    if plan is None or "account" not in question.groups:
        return {}
    position = question.groups.index("account")
    wanted = plan.table.c.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid())))
    text, names = plan.statement(
        question.everywhere, lambda: plan.select().where(wanted, *_owned(plan.table, question.everywhere))
    )
    bound = {"ids": list({group.keys[position] for group in groups}), "owner": question.bound["owner"]}
    rows = await context.database.walled.fetch(bound["owner"], text, *[bound[name] for name in names])
    return {row[plan.id]: plan.make(row, context) for row in rows}


READERS = {kind.type_.__name__: Statistics(kind) for kind in (CALLS, MESSAGES, TTS)}
