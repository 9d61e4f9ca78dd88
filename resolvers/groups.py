"""The groups of a statistic: their sums, their order, and which of them a page shows."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Context, Decimal, Inexact
from typing import Any

import orjson

from resolvers.conditions import NoMatch
from schema.node import Connection, Edge, PageInfo

EXACT = Context(prec=100, traps=[Inexact])
Place = tuple[tuple[bool, str], ...]


@dataclass
class Group:
    """Sums of the rows of one bucket, if there are buckets, that have the same keys."""

    start: datetime | None
    keys: tuple[str | None, ...]
    sums: dict[str, int] = field(default_factory=dict)
    charges: dict[str, Decimal] = field(default_factory=dict)

    @property
    def parts(self) -> list[str | None]:
        return [self.start.isoformat() if self.start else None, *self.keys]

    @property
    def cursor(self) -> str:
        """Its place in the order: a page follows it though the group itself may be gone."""
        return base64.urlsafe_b64encode(orjson.dumps(self.parts)).decode()

    def add(self, names: tuple[str, ...], row: Mapping[str, Any]) -> None:
        for name in names:
            self.sums[name] = self.sums.get(name, 0) + row[name]
        if currency := row.get("currency"):
            so_far = self.charges.get(currency, Decimal(0))
            self.charges[currency] = EXACT.add(so_far, Decimal(row["amount"]))


def place(parts: list[str | None]) -> Place:
    """By start, then by key after key; a group without one comes last."""
    return tuple((part is None, part or "") for part in parts)


def parse_cursor(cursor: str | None, count: int) -> Place | None:
    """The place that a cursor of `count` parts names; raises NoMatch where it is none."""
    if cursor is None:
        return None
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(cursor))
    except ValueError:
        raise NoMatch from None
    if not isinstance(parts, list) or len(parts) != count:
        raise NoMatch
    if not all(part is None or isinstance(part, str) for part in parts):
        raise NoMatch
    return place(parts)


@dataclass(frozen=True)
class Part:
    """Which groups a page shows."""

    size: int
    backwards: bool
    after: Place | None
    before: Place | None

    def of(self, groups: list[Group]) -> tuple[list[Group], bool]:
        """The groups of the page in order, and whether the list goes on beyond them."""
        placed = sorted(((place(g.parts), g) for g in groups), key=lambda pair: pair[0])
        inside = [
            group
            for at, group in placed
            if (self.after is None or at > self.after) and (self.before is None or at < self.before)
        ]
        shown = inside[-self.size :] if self.backwards else inside[: self.size]
        return shown, len(inside) > self.size

    def connection(self, groups: list[Group], nodes: list[Any], more: bool) -> Connection[Any]:
        cursors = [group.cursor for group in groups]
        return Connection(
            nodes=nodes,
            edges=[Edge(node=node, cursor=cursor) for node, cursor in zip(nodes, cursors, strict=True)],
            page_info=PageInfo(
                has_next_page=bool(nodes) and self.before is not None if self.backwards else more,
                has_previous_page=more if self.backwards else bool(nodes) and self.after is not None,
                start_cursor=cursors[0] if cursors else None,
                end_cursor=cursors[-1] if cursors else None,
            ),
        )
