"""Messages, and the states that a message goes through."""

from decimal import Decimal
from enum import Enum
from uuid import UUID

import sqlalchemy as sa

from models.columns import Row, country_unknown, decimal_column, enum_column, foreign_key


class MessageDirection(Enum):
    INBOUND = "inbound"
    OUTBOUND_API = "outbound-api"
    OUTBOUND_CALL = "outbound-call"
    OUTBOUND_REPLY = "outbound-reply"
    OUTBOUND = "outbound"


class MessageStatus(Enum):
    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    RECEIVED = "received"
    CANCELED = "canceled"
    DELIVERED = "delivered"


_S = MessageStatus
NEXT: dict[MessageStatus, frozenset[MessageStatus]] = {
    _S.ACCEPTED: frozenset({_S.QUEUED, _S.FAILED, _S.CANCELED}),
    _S.SCHEDULED: frozenset({_S.QUEUED, _S.FAILED, _S.CANCELED}),
    _S.QUEUED: frozenset({_S.SENDING, _S.FAILED, _S.CANCELED}),
    _S.SENDING: frozenset({_S.SENT, _S.FAILED}),
    _S.SENT: frozenset({_S.DELIVERED, _S.FAILED}),
    **dict.fromkeys((_S.FAILED, _S.RECEIVED, _S.CANCELED, _S.DELIVERED), frozenset[MessageStatus]()),
}


# Statistics read these from the index alone.
MEASURES = ["account_id", "price", "price_unit", "status", "direction", "country"]


class Message(Row, table=True):
    """`country` is that of the number outside, as `columns.country_unknown` says."""

    __table_args__ = (
        sa.CheckConstraint("price <= 0", "price"),
        sa.CheckConstraint("(price IS NULL) = (price_unit IS NULL)", "price_unit"),
        sa.Index("ix_message_statistics", "carrier_id", "id", postgresql_include=MEASURES),
        sa.Index(None, "carrier_id", "direction", "status", "id"),
        sa.Index(None, "account_id", "id"),
        sa.Index(None, "account_id", "direction", "status", "id"),
        country_unknown("message"),
    )

    carrier_id: UUID = foreign_key("carrier.id")
    account_id: UUID = foreign_key("account.id")
    to: str
    from_: str
    body: str
    direction: MessageDirection = enum_column(MessageDirection)
    status: MessageStatus = enum_column(MessageStatus)
    price: Decimal | None = decimal_column()
    price_unit: str | None = None
    country: str | None = None
