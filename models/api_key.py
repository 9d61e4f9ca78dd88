"""API keys: who may do what. Only the hash of a key is kept."""

from datetime import datetime
from enum import Enum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from models.columns import TIMESTAMP, Row, enum_column, foreign_key

REVOKED = "api_key_revoked"  # the channel on which a key's id is notified as it is revoked or rotated

MAX_ALLOWED_ADDRESSES = 50
USUAL_OVERLAP_SECONDS = 24 * 3600
MAX_OVERLAP_SECONDS = 7 * 24 * 3600


class ApiKeyRole(Enum):
    CARRIER = "carrier"
    PLATFORM = "platform"


class ApiKeyAccess(Enum):
    READ = "read"
    WRITE = "write"


class ApiKey(Row, table=True):
    __tablename__ = "api_key"
    __table_args__ = (
        sa.CheckConstraint("(role = 'carrier') = (carrier_id IS NOT NULL)", "carrier"),
        sa.Index(None, "token_hash", unique=True),
        sa.Index(None, "carrier_id", "id"),
    )

    carrier_id: UUID | None = foreign_key("carrier.id", nullable=True)
    name: str
    role: ApiKeyRole = enum_column(ApiKeyRole)
    access: ApiKeyAccess = enum_column(ApiKeyAccess)
    token_hash: bytes
    # Networks in CIDR form that it may be used from; NULL: anywhere.
    allowed_addresses: list[str] | None = Field(default=None, sa_type=sa.ARRAY(sa.Text))
    last_used_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    expires_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    revoked_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
