"""Answers to writes that came with an Idempotency-Key, kept for whoever asks again with the same key."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from models.columns import TIMESTAMP

KEPT_HOURS = 24


class IdempotencyKey(SQLModel, table=True):
    """`owner` is the carrier, or the platform key: one owner's keys are nothing to another."""

    __tablename__ = "idempotency_key"

    owner: UUID = Field(primary_key=True)
    key: str = Field(primary_key=True)
    created_at: datetime = Field(sa_type=TIMESTAMP, index=True)
    request: bytes  # SHA-256
    answer: str  # encrypted: it may hold an auth token or a signing secret
