"""Webhook endpoints."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from models import addresses, event, ids, secrets
from models.carrier import Carrier
from models.columns import born
from models.webhook_delivery import WebhookDelivery
from models.webhook_endpoint import MAX_ENDPOINTS, USUAL_CONCURRENCY, WebhookEndpoint
from resolvers import audit
from resolvers.context import Context
from resolvers.deletion import delete as delete_row
from resolvers.outbox import record_events
from resolvers.readers import table_of
from resolvers.writing import change, existing, home, insert_each, locked, refuse, transaction
from schema.checks import given as value_of
from schema.checks import problem
from schema.errors import Refused, UserErrorCode, wrong
from schema.node import DeleteInput
from schema.webhook_endpoint import (
    USUAL_OVERLAP_HOURS,
    CreateWebhookEndpointInput,
    RotateWebhookSigningSecretInput,
    SendTestEventInput,
    UpdateWebhookEndpointInput,
)

#: What is known of an endpoint's failures is forgotten when it is enabled or moved.
WELL = {"disabled_reason": None, "failing_since": None, "failures_in_a_row": 0, "paused_until": None}


async def create(context: Context, given: CreateWebhookEndpointInput) -> UUID:
    carrier = await home(context, given.carrier_id)
    _check_url(context, given.url)
    row = WebhookEndpoint(
        **born(),
        carrier_id=carrier.id,
        url=given.url,
        enabled=given.enabled is not False,
        event_types=given.event_types,
        concurrency=given.concurrency or USUAL_CONCURRENCY,
        signing_secret=context.cipher.encrypt(given.signing_secret or secrets.new_signing_secret()),
    )
    async with transaction(context) as session:
        await _check_room(session, carrier.id)
        await insert_each(session, context, WebhookEndpoint, [row])
    return row.id


async def update(context: Context, given: UpdateWebhookEndpointInput) -> UUID:
    _check_url(context, value_of(given.url))
    async with transaction(context) as session:
        row = await locked(session, context, WebhookEndpoint, given.id)
        changes: dict[str, Any] = {
            name: maybe.value
            for name in ("url", "enabled", "event_types", "concurrency")
            if (maybe := getattr(given, name))
        }
        if changes.get("enabled") or changes.get("url", row.url) != row.url:
            changes |= WELL
        if changes:
            await change(session, context, row, changes)
    return row.id


async def delete(context: Context, given: DeleteInput) -> UUID:
    """Its deliveries go with it."""
    return await delete_row(context, WebhookEndpoint, given.id, held="the endpoint cannot be deleted")


async def rotate_secret(context: Context, given: RotateWebhookSigningSecretInput) -> UUID:
    hours = USUAL_OVERLAP_HOURS if given.overlap_hours is None else given.overlap_hours
    async with transaction(context) as session:
        row = await locked(session, context, WebhookEndpoint, given.id)
        now = ids.now()
        await change(
            session,
            context,
            row,
            {
                "previous_signing_secret": row.signing_secret if hours else None,
                "previous_signing_secret_until": now + timedelta(hours=hours) if hours else None,
                "previous_signs_token": bool(given.previous_signs_token),
                "signing_secret": context.cipher.encrypt(
                    given.signing_secret or secrets.new_signing_secret()
                ),
            },
        )
    return row.id


async def send_test_event(context: Context, given: SendTestEventInput) -> UUID:
    """The event goes to this endpoint alone, whichever types it is told of."""
    async with transaction(context) as session:
        row = await existing(session, context, WebhookEndpoint, given.endpoint_id, "endpointId")
        check_enabled(row, "endpointId")
        made = event.test_event(given.type or event.WEBHOOK_TEST, row)
        (delivery,) = await record_events(session, made, only=row.id)
        await session.execute(_sent(row, delivery, made.type), audit.who(context))
    return delivery


def _sent(row: WebhookEndpoint, delivery: UUID, type_: str) -> sa.Select[Any]:
    """The entry in the audit about the delivery of a test event."""
    made = sa.select(sa.literal(delivery, sa.Uuid()).label("id")).cte("made")
    return audit.leaving(
        sa.select(made.c.id),
        table_of(WebhookDelivery),
        made,
        carrier_id=sa.literal(row.carrier_id, sa.Uuid()),
        object_id=made.c.id,
        after=sa.func.json_build_object("event_type", type_, "endpoint_id", str(row.id)),
    )


def check_enabled(row: WebhookEndpoint, field: str) -> None:
    if not row.enabled:
        raise Refused([wrong(field, "the endpoint is disabled; enable it first", UserErrorCode.CONFLICT)])


def _check_url(context: Context, url: str | None) -> None:
    if url is not None:
        refuse(problem("url", addresses.url_problem(url, allow_private=context.private_webhooks)))


async def _check_room(session: AsyncSession, carrier_id: UUID) -> None:
    """Raises Refused. Others of the carrier who look wait for our end, or they would count without us."""
    mine = sa.select(Carrier.id).where(Carrier.id == carrier_id)  # type: ignore[call-overload] # a column at run time
    await session.execute(mine.with_for_update(key_share=True))
    count = sa.select(sa.func.count()).where(WebhookEndpoint.carrier_id == carrier_id)  # type: ignore[arg-type] # a column at run time
    if (await session.execute(count)).scalar_one() >= MAX_ENDPOINTS:
        message = f"a carrier has at most {MAX_ENDPOINTS} endpoints; delete one first"
        raise Refused([wrong("url", message, UserErrorCode.RESTRICTED)])
