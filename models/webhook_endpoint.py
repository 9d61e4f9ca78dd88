"""Webhook endpoints: where a carrier wants to be told of its events."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from models.columns import TIMESTAMP, Row, foreign_key

MAX_ENDPOINTS = 50  # of a carrier: each event is a row for each of them
USUAL_CONCURRENCY = 32
MAX_CONCURRENCY = 100


class WebhookEndpoint(Row, table=True):
    """Secrets are encrypted. What stands below `signing_secret_until` is the workers' own.

    One worker at a time holds the lease and sends at most `concurrency` deliveries at once. An endpoint
    that has only failed since `failing_since` is tried a little slower, and in the end disabled.
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        sa.CheckConstraint(f"concurrency BETWEEN 1 AND {MAX_CONCURRENCY}", "concurrency"),
        sa.CheckConstraint(
            "(previous_signing_secret IS NULL) = (previous_signing_secret_until IS NULL)", "previous_secret"
        ),
        sa.Index(None, "carrier_id", "id"),
    )

    carrier_id: UUID = foreign_key("carrier.id")
    url: str
    enabled: bool
    disabled_reason: str | None = None
    event_types: list[str] | None = Field(default=None, sa_type=sa.ARRAY(sa.Text))
    concurrency: int
    signing_secret: str
    previous_signing_secret: str | None = None
    previous_signing_secret_until: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    previous_signs_token: bool = False
    hinted_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    hints_unanswered: int = 0
    lease_token: UUID | None = None
    lease_until: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    failing_since: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    failures_in_a_row: int = 0
    paused_until: datetime | None = Field(default=None, sa_type=TIMESTAMP)
