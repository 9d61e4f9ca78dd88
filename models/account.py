"""Accounts: a carrier's customers. Calls, messages and numbers belong to one."""

from enum import Enum
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.columns import Row, enum_column, foreign_key, json_column


class AccountType(Enum):
    CARRIER_MANAGED = "carrier_managed"
    CUSTOMER_MANAGED = "customer_managed"


class AccountStatus(Enum):
    ENABLED = "enabled"
    DISABLED = "disabled"


class BillingMode(Enum):
    PREPAID = "prepaid"


class Account(Row, table=True):
    """`auth_token` is encrypted; its hash tells an account's token from an unknown key at the door."""

    __table_args__ = (
        sa.CheckConstraint("(type = 'carrier_managed') = (auth_token IS NOT NULL)", "auth_token"),
        sa.Index(None, "carrier_id", "id"),
        sa.Index(None, "auth_token_hash", unique=True),
    )

    carrier_id: UUID = foreign_key("carrier.id")
    name: str
    type: AccountType = enum_column(AccountType)
    status: AccountStatus = enum_column(AccountStatus)
    billing_enabled: bool
    billing_mode: BillingMode = enum_column(BillingMode)
    billing_currency: str
    default_tts_voice: str
    auth_token: str | None = None
    auth_token_hash: bytes | None = None
    metadata_: dict[str, Any] = json_column()
