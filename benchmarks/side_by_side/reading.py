"""What both doors show of a carrier, held against the model."""

import json
from typing import Any

from benchmarks.side_by_side.doors import agree
from benchmarks.side_by_side.model import KINDS, Carrier, Kind, Row, exact, seconds

NOT_MODIFIED = 304
MOST = 100  # rows of a page; no case makes more of a kind
LISTS = " ".join(f"{kind.many}(first: {MOST}) {{ nodes {{ {kind.selection} }} }}" for kind in KINDS.values())


class Reading:
    def __init__(self, carriers: list[Carrier]) -> None:
        self.carriers = carriers

    def everything(self, carrier: Carrier) -> None:
        """All rows of all kinds by one GraphQL query."""
        data = carrier.door.query(f"{{ {LISTS} }}")
        for kind in KINDS.values():
            rows, shown = carrier.listed(kind.path), data[kind.many]["nodes"]
            self._learn(rows, shown)
            agree([exact(node) for node in shown], [row.graphql() for row in rows], kind.many)

    def every_list(self, carrier: Carrier) -> None:
        for kind in KINDS.values():
            self.list_of(carrier, kind)

    def list_of(self, carrier: Carrier, kind: Kind) -> None:
        shown = carrier.door.rest("GET", f"{kind.path}?page[size]={MOST}").json()["data"]
        agree(shown, [row.rest() for row in carrier.listed(kind.path)], kind.path)

    def row(self, row: Row) -> None:
        """Everything of its carrier, its kind's list by REST, and itself; nothing of it to strangers.

        What was shown before is asked for with its ETag: 304 where it is the same.
        """
        kind, carrier = row.kind, row.carrier
        self.everything(carrier)
        self.list_of(carrier, kind)
        before = next(reversed(row.tags), "")
        found = carrier.door.rest("GET", row.path, If_None_Match=before)
        if row.gone:
            agree(found.status_code, 404, row)
        elif found.status_code == NOT_MODIFIED:
            agree(json.loads(row.tags[before]), {"data": row.rest()}, row)
            agree(found.headers.get("ETag"), before, row)
        else:
            agree(found.json(), {"data": row.rest()}, row)
            assert found.headers["ETag"] != before
            row.tags[found.headers["ETag"]] = found.text
        self._one(row, carrier, None if row.gone else row.graphql())
        stranger = self.carriers[self.carriers.index(carrier) - 1]
        agree(stranger.door.rest("GET", row.path).status_code, 404, row)
        self._one(row, stranger, None)

    def _one(self, row: Row, carrier: Carrier, expected: Any) -> None:
        """The row by a GraphQL query, as this carrier sees it."""
        text = f"query($id: ID!) {{ one: {row.kind.one}(id: $id) {{ {row.kind.selection} }} }}"
        shown = carrier.door.query(text, id=row.id)["one"]
        agree(shown and exact(shown), expected, row)

    def _learn(self, rows: list[Row], shown: list[dict[str, Any]]) -> None:
        """Exact times, and what new events are called: only the service knows them."""
        for row, node in zip(rows, shown, strict=False):  # where they differ, it is told below
            row.moment = node["createdAt"]
            if not row.id:
                row.id = node["id"]
                row.attributes["created_at"] = seconds(node["createdAt"])
                row.attributes["updated_at"] = seconds(node["updatedAt"])
