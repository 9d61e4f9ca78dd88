"""Events."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from schema import paging
from schema.node import Connection, Node

if TYPE_CHECKING:
    from schema.webhook_delivery import WebhookDelivery


@strawberry.type(description="Something that happened to a call or a message.")
class Event(Node):
    type: str = strawberry.field(
        description="phone_call.completed, message.sent or message.delivered; more may come."
    )
    details: JSON = strawberry.field(description="The JSON:API document of the resource as it was then.")
    created_at: datetime = strawberry.field(description="When it happened.")
    updated_at: datetime = strawberry.field(description="The same: an event never changes.")
    deliveries = paging.list_within(
        Connection[Annotated["WebhookDelivery", strawberry.lazy("schema.webhook_delivery")]],
        None,
        "event",
        "Its way to each endpoint that wanted it, the newest first.",
    )


@strawberry.input(description="Which events: those that meet every condition given.")
class EventFilter:
    carrier: strawberry.ID | None = strawberry.field(default=None, description="Of this carrier.")
    type: str | None = strawberry.field(default=None, description="Of this type.")
    from_date: datetime | None = strawberry.field(default=None, description="Created at this time or later.")
    to_date: datetime | None = strawberry.field(default=None, description="Created at this time or earlier.")
