"""Phone numbers: a carrier's stock, some of it assigned to accounts."""

from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.columns import Row, decimal_column, enum_column, foreign_key, json_column


class PhoneNumberType(Enum):
    SHORT_CODE = "short_code"
    LOCAL = "local"
    MOBILE = "mobile"
    TOLL_FREE = "toll_free"


class PhoneNumberVisibility(Enum):
    PRIVATE = "private"
    PUBLIC = "public"
    DISABLED = "disabled"


AVAILABLE = "account_id IS NULL AND visibility <> 'disabled'"  # rule 38 of the REST contract


class PhoneNumber(Row, table=True):
    """`number` is as numbering.canonical writes it: +digits where E.164, else a bare short code."""

    __tablename__ = "phone_number"
    __table_args__ = (
        sa.CheckConstraint("(type = 'short_code') = (number NOT LIKE '+%')", "type_fits_number"),
        sa.CheckConstraint("price >= 0", "price"),
        sa.Index(None, "carrier_id", "id"),
        sa.Index(None, "carrier_id", "number", unique=True),
        sa.Index(None, "account_id", "id", postgresql_where=sa.text("account_id IS NOT NULL")),
        sa.Index(
            "ix_phone_number_available",
            "carrier_id",
            "type",
            "country",
            sa.text("lower(region)"),
            sa.text("lower(locality)"),
            postgresql_where=sa.text(AVAILABLE),
        ),
    )

    carrier_id: UUID = foreign_key("carrier.id")
    account_id: UUID | None = foreign_key("account.id", nullable=True)
    number: str
    type: PhoneNumberType = enum_column(PhoneNumberType)
    visibility: PhoneNumberVisibility = enum_column(PhoneNumberVisibility)
    country: str
    region: str | None = None
    locality: str | None = None
    lata: str | None = None
    rate_center: str | None = None
    latitude: Decimal | None = decimal_column()
    longitude: Decimal | None = decimal_column()
    price: Decimal = decimal_column(nullable=False)
    currency: str
    metadata_: dict[str, Any] = json_column()
