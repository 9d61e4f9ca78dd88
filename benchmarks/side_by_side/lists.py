"""Lists, filtered and by pages in both directions, held against the model."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

from hypothesis import strategies as st

from benchmarks.side_by_side import drawn
from benchmarks.side_by_side.doors import ENUMS, agree, camel, enum_name
from benchmarks.side_by_side.model import KINDS, Carrier, Kind, Row, exact, instant

DATES = ("from_date", "to_date")
PAGES = 5  # of a walk, at most
INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"


@dataclass(frozen=True)
class Asked:
    """`start` and `chosen` choose among rows that are there, were there, or are another carrier's.

    A date that is chosen is the time of that row.
    """

    door: str
    path: str
    size: int
    backwards: bool
    start: int | None
    chosen: dict[str, int]
    filters: dict[str, Any]


WORDS = {
    ("accounts", "status"): {"enabled", "disabled"},
    ("accounts", "type"): {"customer_managed", "carrier_managed"},
    ("phone_numbers", "type"): {"local", "short_code"},
    ("phone_calls", "status"): {"queued", "completed"},
    ("messages", "status"): {"queued", "accepted", "sent"},
}
FILTERS = drawn.some(
    {
        "from_date": drawn.DATES,
        "to_date": drawn.DATES,
        "direction": ["inbound", "outbound-api"],
        "status": ["queued", "completed", "accepted", "sent", "enabled", "disabled"],
        "type": ["customer_managed", "carrier_managed", "local", "short_code"],
        "available": [True, False],
        "country": ["US", "us", "KH", "XX"],
        "region": ["AR", "ar"],
        "locality": ["little rock", "Little Rock", "phnom penh"],
        "event_type": ["phone_call.completed", "message.sent", "nothing"],
    }
)
ASKED = st.builds(
    Asked,
    door=st.sampled_from(["rest", "graphql"]),
    path=st.sampled_from(list(KINDS)),
    size=st.integers(1, 5),
    backwards=st.booleans(),
    start=st.none() | st.integers(0, 50),
    chosen=drawn.some({name: list(range(20)) for name in ("account", "phone_call", *DATES)}),
    filters=st.just({}) | FILTERS,
)


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
    start = _row(carriers, kind.path, asked.start)
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


def _filters(carriers: list[Carrier], kind: Kind, asked: Asked) -> dict[str, Any]:
    """Those that the door takes: as they are sent, but for rows."""
    names = kind.filters if asked.door == "rest" else (*kind.filters, *kind.more)
    known = {
        name: value
        for name, value in asked.filters.items()
        if name in names and value in WORDS.get((kind.path, name), {value})
    }
    for name, number in asked.chosen.items():
        row = _row(carriers, kind.path if name in DATES else f"{name}s", number) if name in names else None
        if row is not None:
            known[name] = row.moment if name in DATES else row
    return known


def _row(carriers: list[Carrier], path: str, number: int | None) -> Row | None:
    rows = [row for carrier in carriers for row in carrier.rows[path]]
    return None if number is None or not rows else rows[number % len(rows)]


def _refused(carrier: Carrier, kind: Kind, filters: dict[str, Any]) -> None:
    response = Rest(carrier, kind, filters, 1).get(None)
    sources = [error["source"] for error in response.json()["errors"]]
    agree((response.status_code, sources), (400, [{"parameter": "filter[to_date]"}]))


@dataclass
class Pages:
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

    def after(self, start: Row | None, page: list[Row], *, follows: bool) -> None:
        raise NotImplementedError

    def before(self, start: Row, page: list[Row], *, precedes: bool) -> None:
        raise NotImplementedError


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
