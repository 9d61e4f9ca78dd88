"""Statistics, held against what the model counts."""

import operator
from dataclasses import dataclass, replace
from decimal import Decimal
from operator import itemgetter
from typing import Any
from urllib.parse import quote_plus

from hypothesis import strategies as st

from benchmarks.side_by_side import drawn
from benchmarks.side_by_side.doors import agree, enum_name
from benchmarks.side_by_side.lists import INFO
from benchmarks.side_by_side.model import Carrier, Row, groups

PLACES = ("country", "region", "locality")
COMPARED = {
    "eq": operator.eq,
    "neq": operator.ne,
    "gt": operator.gt,
    "gteq": operator.ge,
    "lt": operator.lt,
    "lteq": operator.le,
}
Group = tuple[dict[str, set[Any]], int]


@dataclass(frozen=True)
class Counted:
    door: str
    size: int
    names: tuple[str, ...]
    filters: dict[str, str]
    which: int
    backwards: bool
    having: tuple[str, int] | None = None


COUNTED = st.builds(
    Counted,
    door=st.sampled_from(["rest", "graphql"]),
    size=st.integers(1, 4),
    names=st.permutations(PLACES).map(tuple),
    filters=st.just({})
    | drawn.some(
        {"country": ["US", "kh"], "region": ["AR", "ar"], "locality": ["little rock", "PHNOM PENH"]}
    ),
    which=st.integers(0, 2),
    backwards=st.booleans(),
)


def count_numbers(carrier: Carrier, asked: Counted) -> None:
    """Available local numbers by place: all groups, and those that compare with the count of one."""
    local = {"type": "local", "available": True, **asked.filters}
    rows = [row for row in carrier.listed("phone_numbers") if row.meets(local)]
    counted = groups(rows, PLACES)
    numbers = sorted({number for _, number in counted.values()}) or [0]
    _pages(carrier, asked, counted)
    for name, compare in COMPARED.items():
        number = numbers[asked.which % len(numbers)]
        found = {identifier: group for identifier, group in counted.items() if compare(group[1], number)}
        _pages(carrier, replace(asked, having=(name, number)), found)


def _pages(carrier: Carrier, asked: Counted, found: dict[str, Group]) -> None:
    """In pages by the groups' ids, there and back."""
    ids = sorted(found)
    ask = _rest if asked.door == "rest" else _graphql
    start: str | None = None
    at = 0
    while True:
        page = ids[at : at + asked.size]
        shown = ask(
            carrier, asked, ("after", start) if start else None, page, more=at + asked.size < len(ids)
        )
        _check(shown, {identifier: found[identifier] for identifier in page})
        if at + asked.size >= len(ids):
            break
        start, at = page[-1], at + asked.size
    while asked.backwards and at:
        start, end = ids[at], at
        at = max(0, at - asked.size)
        page = ids[at:end]
        shown = ask(carrier, asked, ("before", start), page, more=at > 0)
        _check(shown, {identifier: found[identifier] for identifier in page})


def _check(shown: list[dict[str, Any]], expected: dict[str, Group]) -> None:
    agree({one["id"] for one in shown}, set(expected))
    places = []
    for one in shown:
        spelled, number = expected[one["id"]]
        agree(one["value"], number, one)
        assert all(one[name] in spelled[name] for name in PLACES), (one, spelled)
        places.append([(one[name] is None, (one[name] or "").lower()) for name in PLACES])
    agree(places, sorted(places))


def _rest(
    carrier: Carrier, asked: Counted, cursor: tuple[str, str] | None, page: list[str], *, more: bool
) -> list[dict[str, Any]]:
    origin = str(carrier.door.http.base_url).rstrip("/")

    def link(side: str, identifier: str) -> str:
        sent = [("filter[available]", "true"), ("filter[type]", "local"), ("page[size]", str(asked.size))]
        sent += [(f"filter[{name}]", value) for name, value in asked.filters.items()]
        sent += [("group_by[]", name) for name in asked.names]
        sent += [(f"having[count][{asked.having[0]}]", str(asked.having[1]))] if asked.having else []
        sent += [(f"page[{side}]", identifier)] if side else []
        query = "&".join(
            f"{quote_plus(name)}={quote_plus(value)}" for name, value in sorted(sent, key=itemgetter(0))
        )
        return f"{origin}/carrier/v1/phone_numbers/stats?{query}"

    response = carrier.door.rest("GET", link(*(cursor or ("", ""))))
    backwards = cursor is not None and cursor[0] == "before"
    prev = link("before", page[0]) if page and (more or not backwards) else None
    next_ = link("after", page[-1]) if page and (more or backwards) else None
    answer = response.json()
    agree(answer["links"], {"prev": prev, "next": next_})
    assert {one["type"] for one in answer["data"]} <= {"aggregate_data"}
    return [{"id": one["id"], **one["attributes"]["statistic"]} for one in answer["data"]]


def _graphql(
    carrier: Carrier, asked: Counted, cursor: tuple[str, str] | None, page: list[str], *, more: bool
) -> list[dict[str, Any]]:
    side, identifier = cursor or ("after", None)
    size = "last" if side == "before" else "first"
    text = (
        "query($filter: PhoneNumberFilter, $by: [PhoneNumberGroup!]!, $having: CountComparison, $n: Int,"
        f" $cursor: String) {{ phoneNumberStats(filter: $filter, groupBy: $by, having: $having, {size}: $n,"
        f" {side}: $cursor) {{ nodes {{ id country region locality value }} {INFO} }} }}"
    )
    variables = {
        "filter": {"type": "LOCAL", "available": True, **asked.filters},
        "by": [name.upper() for name in asked.names],
        "having": dict([asked.having]) if asked.having else None,
        "n": asked.size,
        "cursor": identifier,
    }
    shown = carrier.door.query(text, **variables)["phoneNumberStats"]
    info = shown["pageInfo"]
    agree(info["hasPreviousPage" if side == "before" else "hasNextPage"], more)
    agree((info["startCursor"], info["endCursor"]), (page[0], page[-1]) if page else (None, None))
    nodes: list[dict[str, Any]] = shown["nodes"]
    return nodes


def count_calls(carrier: Carrier, group: str) -> None:
    """Calls by their state, direction or account: the totals are those of the rows."""
    text = (
        "query($by: [InteractionGroup!]) { phoneCallStats(groupBy: $by, first: 100) { nodes {"
        " status direction account { id } count answered seconds charges { currency amount } } } }"
    )
    nodes = carrier.door.query(text, by=[group.upper()])["phoneCallStats"]["nodes"]
    shown = {
        node["account"]["id"] if group == "account" else node[group]: (
            node["count"],
            node["answered"],
            node["seconds"],
            {charge["currency"]: Decimal(charge["amount"]) for charge in node["charges"]},
        )
        for node in nodes
    }
    assert len(shown) == len(nodes)
    by: dict[Any, list[Row]] = {}
    for row in carrier.listed("phone_calls"):
        account = row.related["account"]
        key = account and account.id if group == "account" else enum_name(row.attributes[group])
        by.setdefault(key, []).append(row)
    agree(shown, {key: _totals(rows) for key, rows in by.items()}, group)


def _totals(rows: list[Row]) -> tuple[int, int, int, dict[str, Decimal]]:
    charged = [row for row in rows if row.attributes["price"] is not None]
    charges: dict[str, Decimal] = {}
    for row in charged:
        unit = row.attributes["price_unit"]
        charges[unit] = charges.get(unit, Decimal(0)) + row.attributes["price"]
    answered = sum(row.answered for row in rows)
    return len(rows), answered, sum(row.attributes["duration"] or 0 for row in rows), charges
