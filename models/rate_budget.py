"""What of each key's budget the processes have taken (docs/decisions/0010-one-budget.md)."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from models.columns import TIMESTAMP

WINDOW_SECONDS = 60


class RateBudget(SQLModel, table=True):
    """A key's present window: when it began, and the units that were `taken`, `granted` by the last lease.

    Unlogged: after a crash every budget is whole again, which is nothing against a flush to disk each time.
    """

    __tablename__ = "rate_budget"
    __table_args__ = {"prefixes": ["UNLOGGED"]}

    key_id: UUID = Field(primary_key=True)
    began_at: datetime = Field(sa_type=TIMESTAMP)
    taken: int
    granted: int
