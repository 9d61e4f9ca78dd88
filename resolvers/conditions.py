"""What each field of a filter means in SQL: a clause with a parameter, and the parameter's value."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from asyncpg.pgproto import pgproto
from sqlalchemy.dialects import postgresql

from models import ids
from models.audit_entry import AuditEntry
from models.phone_number import AVAILABLE

CANONICAL_LENGTH = 36
MILLISECOND = timedelta(milliseconds=1)
ENTRIES: sa.Table = AuditEntry.__table__  # type: ignore[attr-defined] # SQLModel sets it for table=True


class NoMatch(Exception):
    """A filter or cursor that no row can meet, such as an id that is no UUID."""


@dataclass(frozen=True, slots=True)
class Condition:
    clause: Callable[[Any], sa.ColumnElement[bool]]
    value: Callable[[Any], Any]


def parse_id(text: str) -> UUID:
    """The UUID in `text`, in its canonical form alone; raises NoMatch where it is none."""
    try:
        if len(text) == CANONICAL_LENGTH:
            parsed: UUID = pgproto.UUID(text)  # as uuid's own, in a tenth of the time
            return parsed
    except ValueError:
        raise NoMatch from None
    raise NoMatch


def clauses(table: Any, names: Iterable[str]) -> list[sa.ColumnElement[bool]]:
    return [_condition(name).clause(table) for name in names]


def values(filters: dict[str, Any]) -> dict[str, Any]:
    """Parameters of `clauses`; raises NoMatch."""
    return {name: _condition(name).value(value) for name, value in filters.items()}


def given(filter_: Any) -> dict[str, Any]:
    """The fields of a filter that the client set."""
    return (
        {} if filter_ is None else {name: value for name, value in vars(filter_).items() if value is not None}
    )


def kept_text(value: str) -> str:
    """A text that a row may have; raises NoMatch."""
    if "\x00" in value:  # which no text of PostgreSQL can hold
        raise NoMatch
    return value


def _reference(column: str) -> Condition:
    name = column.removesuffix("_id")
    return Condition(lambda table: table.c[column] == sa.bindparam(name, type_=sa.Uuid()), parse_id)


def _equals(name: str) -> Condition:
    def value(wanted: Any) -> Any:
        return wanted.value if isinstance(wanted, Enum) else kept_text(wanted)

    return Condition(lambda table: table.c[name] == sa.bindparam(name, type_=sa.Text()), value)


def first_id(moment: datetime) -> UUID:
    """The lowest id of a row created at `moment` or later."""
    start = ids.at_millisecond(moment)
    return ids.lowest_id(start if start == moment else start + MILLISECOND)


def id_after(moment: datetime) -> UUID:
    """The lowest id of a row created after `moment`."""
    return ids.lowest_id(ids.at_millisecond(moment) + MILLISECOND)


def _any_case(name: str) -> Condition:
    def clause(table: Any) -> sa.ColumnElement[bool]:
        return sa.func.lower(table.c[name]) == sa.func.lower(sa.bindparam(name, type_=sa.Text()))

    return Condition(clause, kept_text)


def _about_object(table: Any) -> Any:
    """Two indexes, each asked by itself: one of objects alone, one of those among many."""
    wanted = sa.bindparam("object", type_=sa.Uuid())
    alone = sa.select(ENTRIES.c.id).where(ENTRIES.c.object_id == wanted)
    among = sa.select(ENTRIES.c.id).where(ENTRIES.c.object_ids.contains(postgresql.array([wanted])))
    return table.c.id.in_(sa.union_all(alone, among))


SPECIAL = {
    "key": _reference("key_id"),
    "object": Condition(_about_object, parse_id),
    "carrier": _reference("carrier_id"),
    "account": _reference("account_id"),
    "phone_call": _reference("phone_call_id"),
    "endpoint": _reference("endpoint_id"),
    "event": _reference("event_id"),
    "from_date": Condition(lambda table: table.c.id >= sa.bindparam("from_date", type_=sa.Uuid()), first_id),
    "to_date": Condition(lambda table: table.c.id < sa.bindparam("to_date", type_=sa.Uuid()), id_after),
    "country": Condition(
        lambda table: table.c.country == sa.bindparam("country", type_=sa.Text()),
        lambda value: kept_text(value).upper(),
    ),
    "region": _any_case("region"),
    "locality": _any_case("locality"),
    "available": Condition(
        lambda _table: sa.literal_column(f"({AVAILABLE})") == sa.bindparam("available", type_=sa.Boolean()),
        lambda value: value,
    ),
}


def _condition(name: str) -> Condition:
    return SPECIAL.get(name) or _equals(name)
