"""Lists, filtered and by pages in both directions, held against the model."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from benchmarks.side_by_side import drawn
from benchmarks.side_by_side.doors import ENUMS, agree, camel, enum_name
from benchmarks.side_by_side.model import KINDS, Carrier, Kind, Row, exact, instant

DATES = ("from_date", "to_date")
PAGES = 8  # of a walk, at most
INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"


WHICH = list(range(20))
"""One of the rows that there are, or were; those of other carriers too."""
INTERACTION: dict[str, list[Any]] = {
    "account": WHICH,
    "direction": ["inbound", "outbound-api"],
    "from_date": [*drawn.DATES, *WHICH[:5]],
    "to_date": [*drawn.DATES, *WHICH[:5]],
}
FILTERS: dict[str, dict[str, list[Any]]] = {
    "accounts": {"status": ["enabled", "disabled"], "type": ["customer_managed", "carrier_managed"]},
    "phone_numbers": {
        "account": WHICH,
        "available": [True, False],
        "type": ["local", "short_code"],
        "country": ["US", "us", "KH", "XX"],
        "region": ["AR", "ar"],
        "locality": ["little rock", "Little Rock"],
    },
    "phone_calls": INTERACTION | {"status": ["queued", "in-progress", "completed"]},
    "messages": INTERACTION | {"status": ["accepted", "queued", "sent"]},
    "tts_events": {"account": WHICH, "phone_call": WHICH, "from_date": WHICH, "to_date": WHICH},
    "events": {"event_type": ["phone_call.completed", "message.sent", "nothing"]},
}
"""A number in place of a row or a time chooses a row; its time is exact."""


@dataclass(frozen=True)
class Asked:
    """`start` chooses the row to go from; where it says True, among those that were deleted."""

    door: str
    path: str
    size: int
    backwards: bool
    start: tuple[bool, int] | None
    filters: dict[str, Any]


def _asked(path: str) -> SearchStrategy[Asked]:
    pairs = [st.tuples(st.just(name), st.sampled_from(values)) for name, values in FILTERS[path].items()]
    return st.builds(
        Asked,
        door=st.sampled_from(["rest", "graphql"]),
        path=st.just(path),
        size=st.sampled_from([1, 1, 2, 3]),
        backwards=st.booleans(),
        start=st.none() | st.tuples(st.booleans(), st.sampled_from(WHICH)),
        filters=st.lists(st.one_of(pairs), max_size=2).map(dict),
    )


ASKED = st.sampled_from([*KINDS, "phone_calls", "messages"]).flatmap(_asked)


def walk(carriers: list[Carrier], carrier: Carrier, asked: Asked) -> None:
    """Go through a list from its beginning, or from any row, page by page; the other way too."""
    kind = KINDS[asked.path]
    filters = _filters(carriers, kind, asked)
    reach = dict(filters)
    for name in DATES:
        if name in filters:
            reach[name] = instant(filters[name])
    if asked.door == "rest" and "to_date" in reach:
        if "from_date" in reach and reach["to_date"] < reach["from_date"]:
            _refused(carrier, kind, filters)
            return
        reach["to_date"] = reach["to_date"] + timedelta(days=1)
    rows = [row for row in carrier.listed(kind.path) if row.meets(reach)]
    start = _start(carriers, kind.path, asked.start)
    size = max(asked.size, len(rows) // PAGES + 1)
    pages = (Rest if asked.door == "rest" else GraphQL)(carrier, kind, filters, size)
    if start is None:
        last = pages.forward(rows, None)
        if asked.backwards and last is not None:
            pages.backward([row for row in rows if row.place > last.place], last)
    elif asked.backwards:
        mine = start.carrier is carrier
        pages.backward([row for row in rows if mine and row.place > start.place], start)
    else:
        mine = start.carrier is carrier
        pages.forward([row for row in rows if mine and row.place < start.place], start)


def around(row: Row, door: str) -> None:
    """What comes after and before a row, which may be deleted: its id stays a cursor."""
    rows = row.carrier.listed(row.kind.path)
    pages = (Rest if door == "rest" else GraphQL)(row.carrier, row.kind, {}, len(rows) + 1)
    pages.forward([one for one in rows if one.place < row.place], row)
    pages.backward([one for one in rows if one.place > row.place], row)


def of_one_day(carriers: list[Carrier], carrier: Carrier, path: str) -> None:
    """By REST the rows from the oldest one's day to that day, by GraphQL those of its exact time."""
    for row in carrier.listed(path)[-1:]:
        for door, time in (("rest", row.moment[:10]), ("graphql", row.moment)):
            filters = {"from_date": time, "to_date": time}
            walk(carriers, carrier, Asked(door, path, 2, backwards=False, start=None, filters=filters))


def _filters(carriers: list[Carrier], kind: Kind, asked: Asked) -> dict[str, Any]:
    """Those that the door takes: as they are sent, but for rows."""
    names = kind.filters if asked.door == "rest" else FILTERS[kind.path]
    known = {}
    for name, value in asked.filters.items():
        if name not in names:
            continue
        if name in (*DATES, "account", "phone_call") and isinstance(value, int):
            row = _row(carriers, kind.path if name in DATES else f"{name}s", value)
            if row is not None:
                known[name] = row.moment if name in DATES else row
        else:
            known[name] = value
    return known


def _row(carriers: list[Carrier], path: str, number: int, *, gone: bool = False) -> Row | None:
    rows = [row for carrier in carriers for row in carrier.rows[path] if row.gone or not gone]
    return rows[number % len(rows)] if rows else None


def _start(carriers: list[Carrier], path: str, chosen: tuple[bool, int] | None) -> Row | None:
    if chosen is None:
        return None
    return _row(carriers, path, chosen[1], gone=chosen[0])


def _refused(carrier: Carrier, kind: Kind, filters: dict[str, Any]) -> None:
    response = Rest(carrier, kind, filters, 1).get(None)
    sources = [error["source"] for error in response.json()["errors"]]
    agree((response.status_code, sources), (400, [{"parameter": "filter[to_date]"}]))


@dataclass
class Pages(ABC):
    """`rows` are those that a walk in that direction has to meet, in the order of the list."""

    carrier: Carrier
    kind: Kind
    filters: dict[str, Any]
    size: int

    def forward(self, rows: list[Row], start: Row | None) -> Row | None:
        """Walk to the end; the first row of the last page, if there is any."""
        while True:
            page, rows = rows[: self.size], rows[self.size :]
            self.after(start, page, follows=bool(rows))
            if not rows:
                return page[0] if page else None
            start = page[-1]

    def backward(self, rows: list[Row], start: Row) -> None:
        while True:
            page, rows = rows[-self.size :], rows[: -self.size]
            self.before(start, page, precedes=bool(rows))
            if not rows:
                return
            start = page[0]

    @abstractmethod
    def after(self, start: Row | None, page: list[Row], *, follows: bool) -> None:
        """Ask for what comes after `start`, which has to be `page`; more of it `follows`."""

    @abstractmethod
    def before(self, start: Row, page: list[Row], *, precedes: bool) -> None:
        """Ask for what comes before `start`, which has to be `page`; more of it `precedes`."""


class Rest(Pages):
    def after(self, start: Row | None, page: list[Row], *, follows: bool) -> None:
        links = {
            "prev": page and self._link("before", page[0]),
            "next": follows and self._link("after", page[-1]),
        }
        self._check(("after", start) if start else None, page, links)

    def before(self, start: Row, page: list[Row], *, precedes: bool) -> None:
        links = {
            "prev": precedes and self._link("before", page[0]),
            "next": page and self._link("after", page[-1]),
        }
        self._check(("before", start), page, links)

    def get(self, cursor: tuple[str, Row] | None) -> Any:
        return self.carrier.door.rest("GET", self._link(*cursor) if cursor else self._link())

    def _check(self, cursor: tuple[str, Row] | None, page: list[Row], links: dict[str, Any]) -> None:
        expected = {
            "data": [row.rest() for row in page],
            "links": {name: link or None for name, link in links.items()},
        }
        agree(self.get(cursor).json(), expected, (self, cursor))

    def _link(self, side: str = "", row: Row | None = None) -> str:
        sent = {"page[size]": str(self.size)} | ({f"page[{side}]": row.id} if row else {})
        for name, value in self.filters.items():
            sent[f"filter[{name}]"] = value.id if isinstance(value, Row) else value
        asked = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in sorted(sent.items()))
        return f"{str(self.carrier.door.http.base_url).rstrip('/')}/carrier/v1/{self.kind.path}?{asked}"


class GraphQL(Pages):
    def after(self, start: Row | None, page: list[Row], *, follows: bool) -> None:
        info = self._check("first: $size, after: $cursor", start, page)
        agree(info["hasNextPage"], follows, (self, start))

    def before(self, start: Row, page: list[Row], *, precedes: bool) -> None:
        info = self._check("last: $size, before: $cursor", start, page)
        agree(info["hasPreviousPage"], precedes, (self, start))

    def _check(self, which: str, start: Row | None, page: list[Row]) -> dict[str, Any]:
        text = (
            f"query($filter: {self.kind.filter_type}, $size: Int, $cursor: String) "
            f"{{ list: {self.kind.many}(filter: $filter, {which}) "
            f"{{ nodes {{ id }} edges {{ cursor node {{ {self.kind.selection} }} }} {INFO} }} }}"
        )
        variables = {"filter": self._filter(), "size": self.size, "cursor": start and start.id}
        shown = self.carrier.door.query(text, **variables)["list"]
        ids = [row.id for row in page]
        agree(
            [exact(edge["node"]) for edge in shown["edges"]],
            [row.graphql() for row in page],
            (self, which, start),
        )
        agree(
            [(edge["cursor"], node["id"]) for edge, node in zip(shown["edges"], shown["nodes"], strict=True)],
            [(one, one) for one in ids],
        )
        info: dict[str, Any] = shown["pageInfo"]
        agree((info["startCursor"], info["endCursor"]), (ids[0], ids[-1]) if ids else (None, None))
        return info

    def _filter(self) -> dict[str, Any]:
        named = {}
        for name, value in self.filters.items():
            if name in DATES:
                named[camel(name)] = instant(value).isoformat()
            elif name == "event_type":
                named["type"] = value
            else:
                sent = value.id if isinstance(value, Row) else value
                named[camel(name)] = enum_name(sent) if name in ENUMS else sent
        return named
