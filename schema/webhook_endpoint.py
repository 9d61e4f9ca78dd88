"""Webhook endpoints."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import strawberry
from strawberry import Maybe

from models import event, secrets
from models.webhook_endpoint import MAX_CONCURRENCY, USUAL_CONCURRENCY
from schema import checks
from schema.columns import decoded
from schema.errors import UserError, wrong
from schema.node import Node

MAX_OVERLAP_HOURS = 7 * 24
USUAL_OVERLAP_HOURS = 24
URL = "Where events are POSTed: http or https; addresses of private networks are refused."
EVENT_TYPES = "The types of events that it is told of; null: all, also those that may come."
CONCURRENCY = f"How many deliveries may be on their way to it at once: 1 to {MAX_CONCURRENCY}."
SIGNING = "What signs: 32 to 256 printable ASCII characters, or whsec_ and base64; made for you unless said."


def _decrypted(context: Any, encrypted: str) -> str:
    secret: str = context.cipher.decrypt(encrypted)
    return secret


@strawberry.type(description="An address of the carrier that is told of events as they happen.")
class WebhookEndpoint(Node):
    url: str = strawberry.field(description="Where events are POSTed.")
    enabled: bool = strawberry.field(
        description="Whether it is told of events. What waits for a disabled one goes on when it is enabled."
    )
    disabled_reason: str | None = strawberry.field(
        description="Why the service has disabled it; null where the carrier has, or where it is enabled."
    )
    event_types: list[str] | None = strawberry.field(description=EVENT_TYPES)
    concurrency: int = strawberry.field(description=CONCURRENCY)
    signing_secret: str = decoded(
        "The secret that signs: HS256 of the token in Authorization, and the Standard Webhooks signature.",
        _decrypted,
    )
    previous_signing_secret_until: datetime | None = strawberry.field(
        description="Until when the secret before this one signs too, after a rotation."
    )
    failing_since: datetime | None = strawberry.field(
        description="Since when every attempt has failed; null where the last one succeeded."
    )
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When it was changed last.")


@strawberry.input(description="A new webhook endpoint.")
class CreateWebhookEndpointInput:
    carrier_id: strawberry.ID | None = strawberry.field(
        default=None, description="The carrier it belongs to; a carrier key leaves it out."
    )
    url: str = strawberry.field(description=URL)
    enabled: bool | None = strawberry.field(
        default=None, description="Whether it is told of events; true unless said."
    )
    event_types: list[str] | None = strawberry.field(default=None, description=EVENT_TYPES)
    signing_secret: str | None = strawberry.field(default=None, description=SIGNING)
    concurrency: int | None = strawberry.field(
        default=None, description=f"{CONCURRENCY} {USUAL_CONCURRENCY} unless said."
    )

    def problems(self) -> Iterator[UserError]:
        yield from _type_problems(self.event_types)
        yield from _concurrency_problems(self.concurrency)
        yield from _secret_problems(self.signing_secret)


@strawberry.input(description="Changes to a webhook endpoint; what is left out stays.")
class UpdateWebhookEndpointInput:
    id: strawberry.ID = strawberry.field(description="The endpoint's id.")
    url: Maybe[str | None] = strawberry.field(description=URL)
    enabled: Maybe[bool | None] = strawberry.field(description="Whether it is told of events.")
    event_types: Maybe[list[str] | None] = strawberry.field(description=EVENT_TYPES)
    concurrency: Maybe[int | None] = strawberry.field(description=CONCURRENCY)

    def problems(self) -> Iterator[UserError]:
        yield from checks.not_null(url=self.url, enabled=self.enabled, concurrency=self.concurrency)
        yield from _type_problems(checks.given(self.event_types))
        yield from _concurrency_problems(checks.given(self.concurrency))


@strawberry.input(description="A new signing secret for an endpoint.")
class RotateWebhookSigningSecretInput:
    id: strawberry.ID = strawberry.field(description="The endpoint's id.")
    signing_secret: str | None = strawberry.field(default=None, description=SIGNING)
    overlap_hours: int | None = strawberry.field(
        default=None,
        description=f"How long the old secret signs the Standard Webhooks header too: 0 to "
        f"{MAX_OVERLAP_HOURS} hours; {USUAL_OVERLAP_HOURS} unless said.",
    )
    previous_signs_token: bool | None = strawberry.field(
        default=None,
        description="Whether meanwhile the old secret signs the token in Authorization, which has room for "
        "one; false unless said.",
    )

    def problems(self) -> Iterator[UserError]:
        yield from _secret_problems(self.signing_secret)
        if self.overlap_hours is not None and not 0 <= self.overlap_hours <= MAX_OVERLAP_HOURS:
            yield wrong("overlapHours", f"overlapHours must be 0 to {MAX_OVERLAP_HOURS}")


@strawberry.input(description="An event made for trying an endpoint.")
class SendTestEventInput:
    endpoint_id: strawberry.ID = strawberry.field(description="The endpoint, which must be enabled.")
    type: str | None = strawberry.field(
        default=None, description=f"The type that the event is to have; {event.WEBHOOK_TEST} unless said."
    )

    def problems(self) -> Iterator[UserError]:
        if self.type is not None and self.type not in (event.WEBHOOK_TEST, *event.TYPES):
            allowed = ", ".join((event.WEBHOOK_TEST, *event.TYPES))
            yield wrong("type", f"{self.type!r:.80} is not a type of events; give one of {allowed}")


def _type_problems(types: list[str] | None) -> Iterator[UserError]:
    if types is None:
        return
    if unknown := [type_ for type_ in types if type_ not in event.TYPES]:
        allowed = ", ".join(event.TYPES)
        yield wrong("eventTypes", f"{unknown[0]!r:.80} is not a type of events; there are {allowed}")
    elif not types:
        yield wrong(
            "eventTypes", "eventTypes must not be empty; leave it out for all, or disable the endpoint"
        )


def _concurrency_problems(concurrency: int | None) -> Iterator[UserError]:
    if concurrency is not None and not 1 <= concurrency <= MAX_CONCURRENCY:
        yield wrong("concurrency", f"concurrency must be 1 to {MAX_CONCURRENCY}")


def _secret_problems(secret: str | None) -> Iterator[UserError]:
    if secret is not None:
        yield from checks.problem("signingSecret", secrets.signing_secret_problem(secret))


@strawberry.type(description="What came of a change to a webhook endpoint.")
class WebhookEndpointPayload:
    webhook_endpoint: WebhookEndpoint | None = strawberry.field(
        description="The endpoint; null where nothing was done."
    )
    user_errors: list[UserError] = strawberry.field(description="All that is wrong with the input.")
