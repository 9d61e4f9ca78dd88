"""Events: what happened to a call or a message, as the JSON:API document it had then."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from models import money
from models.columns import Row, born, foreign_key, json_column
from models.message import Message
from models.phone_call import PhoneCall
from models.webhook_endpoint import WebhookEndpoint

PHONE_CALL_COMPLETED = "phone_call.completed"
MESSAGE_SENT = "message.sent"
MESSAGE_DELIVERED = "message.delivered"
WEBHOOK_TEST = "webhook.test"
TYPES = (PHONE_CALL_COMPLETED, MESSAGE_SENT, MESSAGE_DELIVERED)


class Event(Row, table=True):
    """`details` never changes: it is the document of the resource as it was when the event came."""

    __table_args__ = (sa.Index(None, "carrier_id", "id"), sa.Index(None, "carrier_id", "type", "id"))

    carrier_id: UUID = foreign_key("carrier.id")
    type: str
    details: dict[str, Any] = json_column()


def phone_call_event(call: PhoneCall) -> Event:
    attributes = {**_common(call), "duration": None if call.duration is None else str(call.duration)}
    return _event(PHONE_CALL_COMPLETED, "phone_call", call, attributes)


def message_event(type_: str, message: Message) -> Event:
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
    return Event(**row, carrier_id=endpoint.carrier_id, type=type_, details={"data": data})


def _samples(type_: str) -> dict[str, Any]:
    """The attributes of a call or a message, with the shortest numbers and no charge."""
    common = {"to": "0000", "from": "0000", "price": None, "price_unit": None, "direction": "outbound-api"}
    if type_ == PHONE_CALL_COMPLETED:
        return {**common, "status": "completed", "duration": "0"}
    return {**common, "status": type_.partition(".")[2], "body": "This is a test."}


def _common(row: PhoneCall | Message) -> dict[str, Any]:
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


def _event(type_: str, resource: str, row: PhoneCall | Message, attributes: dict[str, Any]) -> Event:
    data = {
        "id": str(row.id),
        "type": resource,
        "attributes": attributes,
        "relationships": {"account": {"data": {"id": str(row.account_id), "type": "account"}}},
    }
    return Event(**born(), carrier_id=row.carrier_id, type=type_, details={"data": data})


def timestamp(moment: datetime) -> str:
    """Rule 6 of the REST contract: UTC, whole seconds, Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def document(event_id: UUID, created_at: datetime, updated_at: datetime, type_: str, details: str) -> bytes:
    """The event's JSON:API document, byte for byte what GET /carrier/v1/events/:id answers."""
    attributes = {
        "created_at": timestamp(created_at),
        "updated_at": timestamp(updated_at),
        "type": type_,
        "details": orjson.Fragment(details),
    }
    return orjson.dumps({"data": {"id": str(event_id), "type": "event", "attributes": attributes}})
