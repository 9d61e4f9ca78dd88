"""How many phone numbers of each kind a carrier has: kept by triggers, so that nobody counts rows.

A kind is a type in a place, available or not. Triggers on phone_number append what each statement
changed (`PhoneNumberStockChange`), which waits for nobody; `workers/folding.py` moves it into one
sum for each kind (`PhoneNumberStock`). A change is in one of the two from the moment its own
transaction commits: the sum over both, in one statement, is exact at every moment.
"""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

# An array tells its nulls apart from text and takes them for equal, which a unique index does not.
PLACE = "(ARRAY[region, locality])"
# The id of a kind's place as statistics show it: rule 39 of the REST contract.
PLACE_ID = """encode(sha256(convert_to(lower(concat_ws(
    ':', nullif(country, ''), nullif(region, ''), nullif(locality, ''))), 'UTF8')), 'hex')"""


def _identity() -> Any:
    return Field(sa_type=sa.BigInteger, sa_column_args=[sa.Identity(always=True)], primary_key=True)


class _Kind(SQLModel):
    """No foreign key: numbers hold their carrier, and the sums of one that is gone must still fold."""

    carrier_id: UUID
    type: str
    country: str
    region: str | None = None
    locality: str | None = None
    available: bool
    value: int = Field(sa_type=sa.BigInteger)


class PhoneNumberStock(_Kind, table=True):
    """`value` numbers of this kind were there at the last fold; regions and localities as spelled."""

    __tablename__ = "phone_number_stock"
    __table_args__ = (
        sa.Index(
            "ix_phone_number_stock_kind",
            "carrier_id",
            "type",
            "available",
            "country",
            sa.text(PLACE),
            unique=True,
        ),
    )

    id: int = _identity()
    place_id: str  # kept, because a hash costs more to make than all else that reading a sum does


class PhoneNumberStockChange(_Kind, table=True):
    """One statement's change of a kind: `value` numbers more, or fewer, not folded yet."""

    __tablename__ = "phone_number_stock_change"

    carrier_id: UUID = Field(primary_key=True)
    id: int = _identity()
