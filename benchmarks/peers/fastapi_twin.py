"""FastAPI and SQLModel as a good engineer writes them quickly, for the same documents about calls.

Run with the peers' packages: TWIN_DATABASE_URL=postgresql+asyncpg://… uvicorn fastapi_twin:app
"""

import os
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlmodel import Field, SQLModel, col, select

CARRIER = UUID("01900000-0000-7000-8000-000000000001")
engine = create_async_engine(os.environ["TWIN_DATABASE_URL"], pool_size=10)
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


class PhoneCall(SQLModel, table=True):
    __tablename__ = "phone_call"

    id: UUID = Field(primary_key=True)
    created_at: datetime
    updated_at: datetime
    carrier_id: UUID
    account_id: UUID
    to: str
    from_: str
    direction: str
    status: str
    duration: int | None
    price: Decimal | None
    price_unit: str | None


class Attributes(BaseModel):
    created_at: datetime
    updated_at: datetime
    to: str
    from_: str = Field(alias="from")
    price_unit: str | None
    duration: str | None
    direction: str
    status: str
    price: str | None


class Reference(BaseModel):
    id: UUID
    type: str


class Account(BaseModel):
    data: Reference


class Relationships(BaseModel):
    account: Account


class Resource(BaseModel):
    id: UUID
    type: str = "phone_call"
    attributes: Attributes
    relationships: Relationships


class Links(BaseModel):
    prev: str | None
    next: str | None


class One(BaseModel):
    data: Resource


class Many(BaseModel):
    data: list[Resource]
    links: Links


async def session() -> AsyncIterator[AsyncSession]:
    async with sessions() as opened:
        yield opened


Session = Annotated[AsyncSession, Depends(session)]


def shown(call: PhoneCall) -> Resource:
    given = call.model_dump(include={"to", "price_unit", "direction", "status"})
    moments = {name: getattr(call, name).replace(microsecond=0) for name in ("created_at", "updated_at")}
    attributes = Attributes(
        **given,
        **moments,
        **{"from": call.from_},
        duration=None if call.duration is None else str(call.duration),
        price=None if call.price is None else f"{call.price:.5f}",
    )
    account = Account(data=Reference(id=call.account_id, type="account"))
    return Resource(id=call.id, attributes=attributes, relationships=Relationships(account=account))


@app.get("/carrier/v1/phone_calls/{id}")
async def one(id: UUID, session: Session) -> One:  # noqa: A002 - the parameter's name
    found = await session.execute(
        select(PhoneCall).where(PhoneCall.id == id, PhoneCall.carrier_id == CARRIER)
    )
    call = found.scalar_one_or_none()
    if call is None:
        raise HTTPException(404)
    return One(data=shown(call))


@app.get("/carrier/v1/phone_calls")
async def many(
    request: Request,
    session: Session,
    size: Annotated[int, Query(alias="page[size]", ge=1, le=100)] = 10,
    after: Annotated[UUID | None, Query(alias="page[after]")] = None,
) -> Many:
    query = select(PhoneCall).where(PhoneCall.carrier_id == CARRIER)
    if after is not None:
        query = query.where(PhoneCall.id < after)
    calls = (await session.execute(query.order_by(col(PhoneCall.id).desc()).limit(size + 1))).scalars().all()
    data = [shown(call) for call in calls[:size]]

    def link(name: str, cursor: UUID) -> str:
        given = urlencode({f"page[{name}]": cursor, "page[size]": size})
        return f"{request.url.replace(query=None)}?{given}"

    prev = link("before", data[0].id) if data else None
    return Many(
        data=data, links=Links(prev=prev, next=link("after", data[-1].id) if len(calls) > size else None)
    )
