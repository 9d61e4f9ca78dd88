"""Events."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from schema.node import Node


@strawberry.type(description="Something that happened to a call or a message.")
class Event(Node):
    type: str = strawberry.field(
        description="phone_call.completed, message.sent or message.delivered; more may come."
    )
    details: JSON = strawberry.field(description="The JSON:API document of the resource as it was then.")
    created_at: datetime = strawberry.field(description="When it happened.")
    updated_at: datetime = strawberry.field(description="The same: an event never changes.")


@strawberry.input(description="Which events: those that meet every condition given.")
class EventFilter:
    carrier: strawberry.ID | None = strawberry.field(default=None, description="Of this carrier.")
    type: str | None = strawberry.field(default=None, description="Of this type.")
    from_date: datetime | None = strawberry.field(default=None, description="Created at this time or later.")
    to_date: datetime | None = strawberry.field(default=None, description="Created at this time or earlier.")
