"""Events: what happened to a call or a message, as the JSON:API document it had then."""

from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Field

from models import money
from models.columns import Row, Xid8, born, foreign_key, json_column
from models.message import Message
from models.phone_call import PhoneCall
from models.webhook_endpoint import WebhookEndpoint
from observability.requests import CURRENT

PHONE_CALL_COMPLETED = "phone_call.completed"
MESSAGE_SENT = "message.sent"
MESSAGE_DELIVERED = "message.delivered"
WEBHOOK_TEST = "webhook.test"
THIS_TRANSACTION = sa.text("pg_current_xact_id()")
TYPES = (PHONE_CALL_COMPLETED, MESSAGE_SENT, MESSAGE_DELIVERED)


class Event(Row, table=True):
    """`details` never changes: it is the document of the resource as it was when the event came.

    `request_id` and `trace_parent` (W3C) are of the request that it came from.
    """

    __table_args__ = (
        sa.Index(None, "carrier_id", "id"),
        sa.Index(None, "carrier_id", "type", "id"),
        sa.Index(None, "xid", "id", postgresql_where=sa.text("xid > '0'")),
        sa.Index(None, "carrier_id", "xid", "id", postgresql_where=sa.text("xid > '0'")),
    )

    carrier_id: UUID = foreign_key("carrier.id")
    type: str
    details: dict[str, Any] = json_column()
    request_id: str | None = None
    trace_parent: str | None = None
    # The transaction that wrote it, which PostgreSQL fills in: subscribers are given events in the order of
    # (xid, id). 0 for what was there before anybody could subscribe.
    xid: int | None = Field(
        default=None, sa_type=Xid8, nullable=False, sa_column_kwargs={"server_default": THIS_TRANSACTION}
    )


def phone_call_event(call: PhoneCall | SimpleNamespace) -> SimpleNamespace:
    """The event, with the columns of Event as attributes; `call` may be a row that is not stored yet."""
    attributes = {**_common(call), "duration": None if call.duration is None else str(call.duration)}
    return _event(PHONE_CALL_COMPLETED, "phone_call", call, attributes)


def message_event(type_: str, message: Message | SimpleNamespace) -> SimpleNamespace:
    return _event(type_, "message", message, {**_common(message), "body": message.body})


def test_event(type_: str, endpoint: WebhookEndpoint) -> Event:
    """An event for trying an endpoint: what it tells of never happened, as its ids and numbers show."""
    row = born()
    attributes = {
        "created_at": timestamp(row["created_at"]),
        "updated_at": timestamp(row["updated_at"]),
        **({"url": endpoint.url} if type_ == WEBHOOK_TEST else _samples(type_)),
    }
    resource = "webhook_endpoint" if type_ == WEBHOOK_TEST else type_.partition(".")[0]
    data: dict[str, Any] = {"id": str(endpoint.id), "type": resource, "attributes": attributes}
    if type_ != WEBHOOK_TEST:
        nobody = {"id": str(UUID(int=0)), "type": "account"}
        data |= {"id": str(UUID(int=0)), "relationships": {"account": {"data": nobody}}}
    return Event(**row, **_origin(), carrier_id=endpoint.carrier_id, type=type_, details={"data": data})


def _samples(type_: str) -> dict[str, Any]:
    """The attributes of a call or a message, with the shortest numbers and no charge."""
    common = {"to": "0000", "from": "0000", "price": None, "price_unit": None, "direction": "outbound-api"}
    if type_ == PHONE_CALL_COMPLETED:
        return {**common, "status": "completed", "duration": "0"}
    return {**common, "status": type_.partition(".")[2], "body": "This is a test."}


def _common(row: PhoneCall | Message | SimpleNamespace) -> dict[str, Any]:
    return {
        "created_at": timestamp(row.created_at),
        "updated_at": timestamp(row.updated_at),
        "to": row.to,
        "from": row.from_,
        "price": None if row.price is None else money.charge_text(row.price),
        "price_unit": row.price_unit,
        "direction": row.direction.value,
        "status": row.status.value,
    }


def _event(
    type_: str, resource: str, row: PhoneCall | Message | SimpleNamespace, attributes: dict[str, Any]
) -> SimpleNamespace:
    data = {
        "id": str(row.id),
        "type": resource,
        "attributes": attributes,
        "relationships": {"account": {"data": {"id": str(row.account_id), "type": "account"}}},
    }
    happened = born(row.updated_at, row.updated_at)
    return SimpleNamespace(
        **happened, **_origin(), carrier_id=row.carrier_id, type=type_, details={"data": data}
    )


def _origin() -> dict[str, Any]:
    request = CURRENT.get()
    return {
        "request_id": request and request.id,
        "trace_parent": request and request.trace_parent,
    }


def timestamp(moment: datetime) -> str:
    """Rule 6 of the REST contract: UTC, whole seconds, Z."""
    return f"{moment.isoformat()[:19]}Z"


def document(event_id: UUID, created_at: datetime, updated_at: datetime, type_: str, details: str) -> bytes:
    """The event's JSON:API document, byte for byte what GET /carrier/v1/events/:id answers."""
    attributes = {
        "created_at": timestamp(created_at),
        "updated_at": timestamp(updated_at),
        "type": type_,
        "details": orjson.Fragment(details),
    }
    return orjson.dumps({"data": {"id": str(event_id), "type": "event", "attributes": attributes}})
