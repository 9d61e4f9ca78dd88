"""Webhook deliveries: an event on its way to one endpoint, with the log of the attempts.

A delivery is written in the transaction that wrote its event, so PostgreSQL itself is the queue. A worker
that takes one moves `next_attempt_at` to the end of its lease: should it die, the delivery is due again.
"""

from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from models.columns import TIMESTAMP, Row, enum_column, foreign_key, json_column

KEPT_DAYS = 30
OPEN = "status IN ('pending', 'failed')"


class WebhookDeliveryStatus(Enum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXHAUSTED = "exhausted"


class WebhookDelivery(Row, table=True):
    """`tries` counts attempts since the delivery was made or sent again; `lease_token` is its taker's."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        sa.CheckConstraint(f"({OPEN}) = (next_attempt_at IS NOT NULL)", "next_attempt_at"),
        sa.Index(None, "carrier_id", "id"),
        sa.Index(None, "carrier_id", "status", "id"),
        sa.Index(None, "endpoint_id", "id"),
        sa.Index(None, "event_id"),
        sa.Index(
            "ix_webhook_delivery_due",
            "endpoint_id",
            "next_attempt_at",
            "id",
            postgresql_where=sa.text(OPEN),
        ),
    )

    carrier_id: UUID = foreign_key("carrier.id")
    event_id: UUID = foreign_key("event.id", ondelete="CASCADE")
    endpoint_id: UUID = foreign_key("webhook_endpoint.id", ondelete="CASCADE")
    status: WebhookDeliveryStatus = enum_column(WebhookDeliveryStatus)
    tries: int
    next_attempt_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    lease_token: UUID | None = None


class WebhookTally(SQLModel, table=True):
    """Counts of a carrier that only ever rise, whatever is deleted: what monitoring wants."""

    __tablename__ = "webhook_tally"

    carrier_id: UUID = Field(primary_key=True, foreign_key="carrier.id")
    attempts_succeeded: int = Field(sa_type=sa.BigInteger)
    attempts_failed: int = Field(sa_type=sa.BigInteger)
    deliveries_exhausted: int = Field(sa_type=sa.BigInteger)


class WebhookAttempt(SQLModel, table=True):
    """One POST: its id's time is `attempted_at`; `response_body` is the first 16 KiB of the answer.

    Headers are [name, value] pairs in their order.
    """

    __tablename__ = "webhook_attempt"
    __table_args__ = (sa.Index(None, "delivery_id", "id"),)

    id: UUID = Field(primary_key=True)
    carrier_id: UUID = foreign_key("carrier.id")
    delivery_id: UUID = foreign_key("webhook_delivery.id", ondelete="CASCADE")
    attempted_at: datetime = Field(sa_type=TIMESTAMP)
    duration_ms: int
    status_code: int | None = None
    error: str | None = None
    request_headers: list[Any] = json_column()
    response_headers: list[Any] = json_column()
    response_body: bytes | None = None
