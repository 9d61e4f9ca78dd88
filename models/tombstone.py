"""Ids of deleted rows: a cursor goes on working after its row was deleted, an unknown one never did."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from models.columns import TIMESTAMP, foreign_key


class Tombstone(SQLModel, table=True):
    id: UUID = Field(primary_key=True)
    carrier_id: UUID = foreign_key("carrier.id")
    deleted_at: datetime = Field(sa_type=TIMESTAMP)
