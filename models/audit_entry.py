"""The audit: what each write leaves of itself, and the chains that its entries are sealed into.

An entry never changes. Writers do not wait for one another: an entry comes with a seal that is still
empty, and `workers/sealing.py` fills it in: the entry's place in its carrier's chain, and a hash over
the one before and the entry (docs/decisions/0011-audit.md).
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from models.columns import TIMESTAMP, enum_column, foreign_key

PLATFORM = UUID(int=0)
"""The chain of what belongs to no carrier."""
START = bytes(32)
"""What stands in the place of a hash before a chain's first entry."""
REDACTED = "[redacted]"


class AuditActor(Enum):
    CARRIER = "carrier"
    PLATFORM = "platform"
    OPERATOR = "operator"


class AuditDoor(Enum):
    REST = "rest"
    GRAPHQL = "graphql"
    COMMAND = "command"


class AuditEntry(SQLModel, table=True):
    """`id` is a UUIDv7. An object is named by `object_id`, many at once by `object_ids`.

    `before` and `after` are the object's columns, of a change those that were set; of many at once, how many
    there are and the SHA-256 of their rows. What is secret or personal is `REDACTED`.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        sa.CheckConstraint("(object_id IS NULL) = (object_ids IS NOT NULL)", "object"),
        sa.Index(None, "carrier_id", "id"),
        sa.Index(None, "carrier_id", "action", "id"),
        sa.Index(None, "key_id", "id"),
        sa.Index(None, "object_id", "id", postgresql_where=sa.text("object_id IS NOT NULL")),
        sa.Index(
            None,
            "object_ids",
            postgresql_using="gin",
            postgresql_where=sa.text("object_ids IS NOT NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    created_at: datetime = Field(sa_type=TIMESTAMP)
    carrier_id: UUID | None = foreign_key("carrier.id", nullable=True)
    actor: AuditActor = enum_column(AuditActor)
    key_id: UUID | None = None
    key_name: str | None = None
    door: AuditDoor = enum_column(AuditDoor)
    action: str
    operation: str | None = None
    request_id: str | None = None
    address: str | None = None
    object_type: str
    object_id: UUID | None = None
    object_ids: list[UUID] | None = Field(default=None, sa_type=ARRAY(sa.Uuid))
    before: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON)
    after: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON)


class AuditSeal(SQLModel, table=True):
    """`chain` is the carrier or `PLATFORM`; `place` counts from 1; both null until the entry is sealed."""

    __tablename__ = "audit_seal"
    __table_args__ = (
        sa.CheckConstraint("(place IS NULL) = (hash IS NULL)", "sealed"),
        sa.Index(None, "chain", "place", unique=True),
        sa.Index("ix_audit_seal_waiting", "entry_id", postgresql_where=sa.text("place IS NULL")),
    )

    entry_id: UUID = Field(primary_key=True)
    chain: UUID
    place: int | None = Field(default=None, sa_type=sa.BigInteger)
    hash: bytes | None = None


# What a hash is over. A column that is added later stays out, or what was sealed before fits no more.
CONTENT = (
    "id",
    "created_at",
    "carrier_id",
    "actor",
    "key_id",
    "key_name",
    "door",
    "action",
    "operation",
    "request_id",
    "address",
    "object_type",
    "object_id",
    "object_ids",
    "before",
    "after",
)


def sealing_hash(previous: bytes, place: int, entry: Mapping[str, Any]) -> bytes:
    """The hash of an entry at its place; `entry` is a row as asyncpg reads it, JSON as its text."""
    content = [place, *[entry[name] for name in CONTENT]]
    said = orjson.dumps(content, default=str, option=orjson.OPT_UTC_Z)
    return hashlib.sha256(previous + said).digest()
