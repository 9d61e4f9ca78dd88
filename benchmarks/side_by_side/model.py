"""What must be there, in plain Python: carriers with their rows, as both doors must show them.

Written from the contract (docs/carrier-api.txt, the rules of the REST API, the GraphQL schema), not from
the code, so that it can be of another opinion.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cached_property
from itertools import count
from typing import Any

from benchmarks.side_by_side.doors import ENUMS, Door, camel, enum_name

LAST = "9"  # sorts after every time
EXACT = frozenset({"price", "latitude", "longitude"})
CURRENCIES = {"KH": ("KHR", 2), "CA": ("CAD", 2), "JP": ("JPY", 0)}
SEQUENCE = count()


@dataclass(frozen=True)
class Kind:
    """A resource; `relations` are what it belongs to, `filters` those of REST."""

    path: str
    type: str
    attributes: tuple[str, ...]
    relations: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    graphql_only: frozenset[str] = frozenset()

    @property
    def one(self) -> str:
        return camel(self.type)

    @property
    def many(self) -> str:
        return camel(self.path)

    @property
    def filter_type(self) -> str:
        return f"{self.one[0].upper()}{self.one[1:]}Filter"

    @cached_property
    def selection(self) -> str:
        named = [camel(name) for name in self.attributes]
        return " ".join(["id", *named, *[f"{camel(name)} {{ id }}" for name in self.relations]])


def _kind(path: str, attributes: str, **more: Any) -> Kind:
    return Kind(path, path.removesuffix("s"), ("created_at", "updated_at", *attributes.split()), **more)


INTERACTION = ("account", "direction", "status", "from_date", "to_date")
KINDS = {
    kind.path: kind
    for kind in (
        _kind(
            "accounts",
            "name metadata status type billing_enabled billing_mode auth_token default_tts_voice"
            " billing_currency",
            graphql_only=frozenset({"billing_currency"}),
        ),
        _kind(
            "phone_numbers",
            "number country visibility type locality rate_center lata latitude longitude metadata currency"
            " price region",
            relations=("account",),
            graphql_only=frozenset({"account"}),
        ),
        _kind(
            "phone_calls",
            "to from price_unit duration direction status price",
            relations=("account", "phone_number"),
            filters=INTERACTION,
            graphql_only=frozenset({"phone_number"}),
        ),
        _kind(
            "messages",
            "to from price_unit direction status body price",
            relations=("account",),
            filters=INTERACTION,
        ),
        _kind(
            "tts_events",
            "voice characters",
            relations=("account", "phone_call"),
            filters=("account", "phone_call", "from_date", "to_date"),
        ),
        _kind("events", "type details"),
    )
}


@dataclass(eq=False)
class Carrier:
    name: str
    id: str
    door: Door
    country: str
    rows: dict[str, list["Row"]] = field(default_factory=lambda: {path: [] for path in KINDS})
    """By path, in the order in which they came to be; what was deleted stays, for cursors."""

    @property
    def currency(self) -> str:
        return CURRENCIES[self.country][0]

    def listed(self, path: str) -> list["Row"]:
        """Newest first; history takes its place in the past."""
        there = [row for row in self.rows[path] if not row.gone]
        return sorted(there, key=lambda row: row.place, reverse=True)

    def add(self, path: str, attributes: dict[str, Any], **related: "Row | None") -> "Row":
        row = Row(self, KINDS[path], attributes, related)
        self.rows[path].append(row)
        return row

    def __repr__(self) -> str:
        return self.name


@dataclass(eq=False)
class Row:
    """`attributes` in the words of REST; prices are Decimals, durations numbers of seconds."""

    carrier: Carrier
    kind: Kind
    attributes: dict[str, Any]
    related: dict[str, "Row | None"] = field(default_factory=dict)
    id: str = ""
    gone: bool = False
    history: bool = False
    answered: bool = False
    moment: str = ""
    """When it was created, exactly."""
    tags: dict[str, str] = field(default_factory=dict)
    """The ETags that were seen, each with what was shown then."""
    number: int = field(default_factory=lambda: next(SEQUENCE))

    @property
    def place(self) -> tuple[str, int]:
        return (self.attributes["created_at"] if self.history else LAST, self.number)

    @property
    def path(self) -> str:
        return f"{self.kind.path}/{self.id}"

    def is_used(self) -> bool:
        """Whether a row that is there speaks of it, so that it cannot be deleted."""
        of = [row for rows in self.carrier.rows.values() for row in rows if not row.gone]
        return any(self is row.related.get(self.kind.type) for row in of)

    def rest(self) -> dict[str, Any]:
        """The resource object."""
        hidden = self.kind.graphql_only
        attributes = {
            name: self._text(name, value) for name, value in self.attributes.items() if name not in hidden
        }
        if attributes.get("auth_token", "") is None:
            del attributes["auth_token"]
        shown = {"id": self.id, "type": self.kind.type, "attributes": attributes}
        relations = {
            name: {"data": row and {"id": row.id, "type": name}}
            for name, row in self.related.items()
            if name not in hidden
        }
        return shown | ({"relationships": relations} if relations else {})

    def graphql(self) -> dict[str, Any]:
        """The object with all its fields; exact numbers are Decimals."""
        worded = ENUMS if self.kind.path != "events" else ()  # whose type is a text
        named = {
            camel(name): enum_name(value) if name in worded else value
            for name, value in self.attributes.items()
        }
        relations = {camel(name): row and {"id": row.id} for name, row in self.related.items()}
        return {"id": self.id} | named | relations

    def _text(self, name: str, value: Any) -> Any:
        if value is None:
            return None
        if name == "duration":
            return str(value)
        if name == "price":
            of_number = self.kind.path == "phone_numbers"
            rounded = _rounded(value, CURRENCIES[self.carrier.country][1] if of_number else 5)
            return str(rounded or abs(rounded))  # never a negative zero
        return str(value) if isinstance(value, Decimal) else value

    def meets(self, filters: dict[str, Any]) -> bool:
        return all(self._meets(name, wanted) for name, wanted in filters.items())

    def _meets(self, name: str, wanted: Any) -> bool:
        value = self.related[name] if name in self.related else self.attributes.get(name)
        if name == "available":
            disabled = self.attributes["visibility"] == "disabled"
            return (not disabled and self.related["account"] is None) is wanted
        if name == "event_type":
            return bool(self.attributes["type"] == wanted)
        if name in ("from_date", "to_date"):
            created = instant(self.moment)
            return bool(created >= wanted if name == "from_date" else created <= wanted)
        if name in ("country", "region", "locality"):
            return bool(value is not None and str(value).lower() == wanted.lower())
        return bool(value == wanted)

    def __repr__(self) -> str:
        return f"{self.carrier}'s {self.kind.type} {self.number}"


def _rounded(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN)


def exact(shown: dict[str, Any]) -> dict[str, Any]:
    """An object of GraphQL as `Row.graphql` tells it: its times are cut to whole seconds."""
    return {name: _exact(name, value) for name, value in shown.items()}


def _exact(name: str, value: Any) -> Any:
    if name in ("createdAt", "updatedAt"):
        return seconds(value)
    return Decimal(value) if name in EXACT and isinstance(value, str) else value


def seconds(time: str) -> str:
    """A time as REST shows it."""
    return f"{time[:19]}Z"


def instant(text: str) -> datetime:
    """A time, or the beginning of a day, in UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Objects merge, everything else replaces."""
    both = dict(old)
    for name, value in new.items():
        inner = both.get(name)
        both[name] = merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return both


def groups(rows: list[Row], names: tuple[str, ...]) -> dict[str, tuple[dict[str, set[Any]], int]]:
    """By id, the spellings of each part and the count of each group."""
    found: dict[str, tuple[dict[str, set[Any]], int]] = {}
    for row in rows:
        parts = [row.attributes[name] for name in names]
        text = ":".join(part.lower() for part in parts if part)
        identifier = hashlib.sha256(text.encode()).hexdigest()
        spelled, number = found.get(identifier, ({name: set() for name in names}, 0))
        for name, part in zip(names, parts, strict=True):
            spelled[name].add(part)
        found[identifier] = (spelled, number + 1)
    return found
