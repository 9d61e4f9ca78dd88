"""Phone calls, and the states that a call goes through."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from models.columns import TIMESTAMP, Row, country_unknown, decimal_column, enum_column, foreign_key


class PhoneCallDirection(Enum):
    INBOUND = "inbound"
    OUTBOUND_API = "outbound-api"
    OUTBOUND_DIAL = "outbound-dial"


class PhoneCallStatus(Enum):
    QUEUED = "queued"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    BUSY = "busy"
    FAILED = "failed"
    NO_ANSWER = "no-answer"
    COMPLETED = "completed"
    CANCELED = "canceled"

    @property
    def ended(self) -> bool:
        return self in ENDED


_S = PhoneCallStatus
UNSUCCESSFUL = frozenset({_S.BUSY, _S.FAILED, _S.NO_ANSWER, _S.CANCELED})
ENDED = UNSUCCESSFUL | {_S.COMPLETED}
NEXT: dict[PhoneCallStatus, frozenset[PhoneCallStatus]] = {
    _S.QUEUED: UNSUCCESSFUL | {_S.RINGING},
    _S.RINGING: UNSUCCESSFUL | {_S.IN_PROGRESS},
    _S.IN_PROGRESS: ENDED,
    **dict.fromkeys(ENDED, frozenset[PhoneCallStatus]()),
}


# Statistics read these from the index alone: what has a fixed width comes first, it is found fastest.
MEASURES = [
    "account_id",
    "answered_at",
    "duration",
    "price",
    "price_unit",
    "status",
    "direction",
    "country",
]


class PhoneCall(Row, table=True):
    """`duration` is in seconds, null until the call has ended; `answered_at` is set once somebody picks up.

    `country` is that of the number outside, as `columns.country_unknown` says.
    """

    __tablename__ = "phone_call"
    __table_args__ = (
        sa.CheckConstraint("price <= 0", "price"),
        sa.CheckConstraint("duration >= 0", "duration"),
        sa.CheckConstraint("(price IS NULL) = (price_unit IS NULL)", "price_unit"),
        # A list filtered by status alone reads one short stream a direction, and so on: see readers.py.
        sa.Index("ix_phone_call_statistics", "carrier_id", "id", postgresql_include=MEASURES),
        sa.Index(None, "carrier_id", "direction", "status", "id"),
        sa.Index(None, "account_id", "id"),
        sa.Index(None, "account_id", "direction", "status", "id"),
        country_unknown("phone_call"),
        sa.Index(None, "phone_number_id", postgresql_where=sa.text("phone_number_id IS NOT NULL")),
    )

    carrier_id: UUID = foreign_key("carrier.id")
    account_id: UUID = foreign_key("account.id")
    phone_number_id: UUID | None = foreign_key("phone_number.id", nullable=True, ondelete="SET NULL")
    to: str
    from_: str
    direction: PhoneCallDirection = enum_column(PhoneCallDirection)
    status: PhoneCallStatus = enum_column(PhoneCallStatus)
    answered_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    duration: int | None = None
    price: Decimal | None = decimal_column()
    price_unit: str | None = None
    country: str | None = None
