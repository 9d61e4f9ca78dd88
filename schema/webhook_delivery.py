"""Webhook deliveries and the log of their attempts."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import strawberry
from strawberry.scalars import JSON

from models.webhook_delivery import WebhookDeliveryStatus
from schema import paging
from schema.columns import decoded
from schema.errors import UserError, wrong
from schema.event import Event
from schema.node import Node
from schema.webhook_endpoint import WebhookEndpoint


def _text(_context: Any, body: bytes) -> str:
    return body.decode(errors="replace")


@strawberry.type(description="One POST of an event to an endpoint, and what came of it; kept for 30 days.")
class WebhookAttempt:
    attempted_at: datetime = strawberry.field(description="When it was begun.")
    status_code: int | None = strawberry.field(description="The HTTP status; null: no HTTP answer.")
    error: str | None = strawberry.field(description="What went wrong, in words; null: nothing.")
    duration_ms: int = strawberry.field(description="How long it took, in milliseconds.")
    request_headers: JSON = strawberry.field(description="The headers that were sent: [name, value] pairs.")
    response_headers: JSON = strawberry.field(description="The headers of the answer: [name, value] pairs.")
    response_body: str | None = decoded(
        "The first 16 KiB of the answer as UTF-8 text; null where none came.", _text
    )


@strawberry.type(description="An event on its way to one endpoint. Its id is sent as webhook-id each time.")
class WebhookDelivery(Node):
    event: Event = strawberry.field(description="The event.")
    endpoint: WebhookEndpoint = strawberry.field(description="The endpoint.")
    status: WebhookDeliveryStatus = strawberry.field(description="How far it has come.")
    next_attempt_at: datetime | None = strawberry.field(
        description="When it is tried next at the earliest; null when it is settled."
    )
    attempts: list[WebhookAttempt] = paging.rows_within(
        list[WebhookAttempt], "delivery", "Its attempts, the oldest first."
    )
    created_at: datetime = strawberry.field(description="When it was made: with its event.")
    updated_at: datetime = strawberry.field(description="When its state changed last.")


@strawberry.input(description="Which deliveries: those that meet every condition given.")
class WebhookDeliveryFilter:
    carrier: strawberry.ID | None = strawberry.field(default=None, description="Of this carrier.")
    endpoint: strawberry.ID | None = strawberry.field(default=None, description="To this endpoint.")
    event: strawberry.ID | None = strawberry.field(default=None, description="Of this event.")
    status: WebhookDeliveryStatus | None = strawberry.field(default=None, description="In this state.")
    from_date: datetime | None = strawberry.field(default=None, description="Created at this time or later.")
    to_date: datetime | None = strawberry.field(default=None, description="Created at this time or earlier.")


@strawberry.input(description="A delivery that is to be sent again.")
class RedeliverWebhookInput:
    delivery_id: strawberry.ID = strawberry.field(
        description="The delivery's id; its endpoint must be enabled."
    )

    def problems(self) -> Iterator[UserError]:
        yield from ()


@strawberry.input(
    description="An endpoint's deliveries that are to be sent again: those that meet all conditions."
)
class ReplayWebhooksInput:
    endpoint_id: strawberry.ID = strawberry.field(description="The endpoint, which must be enabled.")
    statuses: list[WebhookDeliveryStatus] | None = strawberry.field(
        default=None, description="In one of these states; EXHAUSTED unless said."
    )
    from_date: datetime | None = strawberry.field(default=None, description="Created at this time or later.")
    to_date: datetime | None = strawberry.field(default=None, description="Created at this time or earlier.")
    dry_run: bool | None = strawberry.field(
        default=None, description="Count them and change nothing; false unless said."
    )

    def problems(self) -> Iterator[UserError]:
        if self.statuses == []:
            yield wrong("statuses", "statuses must not be empty; leave it out for EXHAUSTED")
        if self.from_date and self.to_date and self.to_date < self.from_date:
            yield wrong("toDate", "toDate must not be before fromDate")


@strawberry.type(description="What came of a change to a delivery.")
class WebhookDeliveryPayload:
    webhook_delivery: WebhookDelivery | None = strawberry.field(
        description="The delivery; null where nothing was done."
    )
    user_errors: list[UserError] = strawberry.field(description="All that is wrong with the input.")


@strawberry.type(description="What came of sending many deliveries again.")
class ReplayWebhooksPayload:
    count: int | None = strawberry.field(
        description="How many deliveries are sent again, or would be; null where something is wrong."
    )
    user_errors: list[UserError] = strawberry.field(description="All that is wrong with the input.")
