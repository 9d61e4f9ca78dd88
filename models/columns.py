"""The columns that tables share, so that each is declared once: id and times, enums, JSON, money."""

from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlmodel import Field, SQLModel

from models import ids

TIMESTAMP = sa.DateTime(timezone=True)


class Xid8(sa.types.UserDefinedType[int]):
    """PostgreSQL's id of a transaction, of 64 bits: it never comes twice in a database's life."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


ischema_names["xid8"] = Xid8  # so that a migrated column is known for what it is


SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Row(SQLModel):
    """A row of any table: its id is a UUIDv7 whose time is `created_at`."""

    id: UUID = Field(primary_key=True)
    created_at: datetime = Field(sa_type=TIMESTAMP)
    updated_at: datetime = Field(sa_type=TIMESTAMP)


def born(created_at: datetime | None = None, recorded: datetime | None = None) -> dict[str, Any]:
    """`id`, `created_at` and `updated_at` of a new row; `created_at` is given to record history.

    `recorded` is now, which many rows may share.
    """
    recorded = recorded or ids.now()
    created = recorded if created_at is None else ids.at_millisecond(created_at)
    return {"id": ids.uuid7(created), "created_at": created, "updated_at": recorded}


def enum_type(cls: type[Enum]) -> sa.Enum:
    """Text limited by a CHECK to the values of `cls`, which are the words of the REST API."""
    return sa.Enum(
        cls,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda c: [member.value for member in c],
        name=cls.__name__.lower(),
    )


def enum_column(cls: type[Enum]) -> Any:
    return Field(sa_type=enum_type(cls))


def json_column() -> Any:
    """JSON as text, not JSONB: keys keep the order in which the client sent them."""
    return Field(sa_type=sa.JSON)


def decimal_column(*, nullable: bool = True) -> Any:
    """NUMERIC without a scale: an amount keeps the digits that it was given."""
    if nullable:
        return Field(default=None, sa_type=sa.Numeric)
    return Field(sa_type=sa.Numeric)


def foreign_key(target: str, *, nullable: bool = False, ondelete: str = "RESTRICT") -> Any:
    reference = [sa.ForeignKey(target, ondelete=ondelete)]
    if nullable:
        return Field(default=None, sa_column_args=reference, nullable=True)
    return Field(sa_column_args=reference)


def country_unknown(table: str) -> sa.Index:
    """Finds the rows whose `country` is null: it is still to be worked out by `workers/countries.py`.

    Only a release that did not know the column leaves it null. It is "" for a number of no country.
    """
    return sa.Index(f"ix_{table}_country_unknown", "id", postgresql_where=sa.text("country IS NULL"))
