"""Webhook deliveries: sent again one by one, or many at once."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models import ids
from models.webhook_delivery import WebhookDelivery, WebhookDeliveryStatus
from models.webhook_endpoint import WebhookEndpoint
from resolvers import audit, conditions
from resolvers.context import Context
from resolvers.readers import table_of
from resolvers.webhook_endpoint import check_enabled
from resolvers.writing import change, existing, locked, statement, transaction
from schema.webhook_delivery import RedeliverWebhookInput, ReplayWebhooksInput, ReplayWebhooksPayload

DELIVERIES = table_of(WebhookDelivery)
AT_ONCE = 10_000


async def redeliver(context: Context, given: RedeliverWebhookInput) -> UUID:
    """It begins its schedule anew, at once; one that is under way right now is left alone."""
    async with transaction(context) as session:
        row = await locked(session, context, WebhookDelivery, given.delivery_id, "deliveryId")
        endpoint = await session.get_one(WebhookEndpoint, row.endpoint_id)
        check_enabled(endpoint, "deliveryId")
        if row.lease_token is None:
            await change(session, context, row, _anew())
    return row.id


async def replay(context: Context, given: ReplayWebhooksInput) -> ReplayWebhooksPayload:
    """Each ten thousand are a transaction of their own, so that no worker waits for long."""
    async with transaction(context) as session:
        endpoint = await existing(session, context, WebhookEndpoint, given.endpoint_id, "endpointId")
        check_enabled(endpoint, "endpointId")
    wanted = _wanted(endpoint, given)
    if given.dry_run:
        async with statement(context) as session:
            counted = sa.select(sa.func.count()).select_from(DELIVERIES).where(*wanted)
            count = (await session.execute(counted)).scalar_one()
        return ReplayWebhooksPayload(count=count, user_errors=[])
    count, last = 0, UUID(int=0)
    while True:
        some = sa.select(DELIVERIES.c.id).where(*wanted, DELIVERIES.c.id > last)
        some = some.order_by(DELIVERIES.c.id).limit(AT_ONCE)
        async with statement(context) as session:
            changed = (await session.execute(_again(endpoint, some), audit.who(context))).scalars().all()
        if not changed:
            return ReplayWebhooksPayload(count=count, user_errors=[])
        count, last = count + len(changed), max(changed)


def _wanted(endpoint: WebhookEndpoint, given: ReplayWebhooksInput) -> list[Any]:
    table = DELIVERIES
    statuses = given.statuses or [WebhookDeliveryStatus.EXHAUSTED]
    found = [
        table.c.carrier_id == endpoint.carrier_id,
        table.c.endpoint_id == endpoint.id,
        table.c.status.in_(statuses),
        table.c.lease_token.is_(None),
    ]
    if given.from_date:
        found.append(table.c.id >= conditions.first_id(given.from_date))
    if given.to_date:
        found.append(table.c.id < conditions.id_after(given.to_date))
    return found


def _again(endpoint: WebhookEndpoint, some: Any) -> sa.Select[Any]:
    """UPDATE of `some` deliveries, with one entry in the audit about all of them."""
    change = sa.update(DELIVERIES).where(DELIVERIES.c.id.in_(some)).values(_anew())
    changed = change.returning(DELIVERIES.c.id).cte("changed")
    count = sa.func.count()
    return audit.leaving(
        sa.select(changed.c.id),
        DELIVERIES,
        changed,
        having=count > 0,
        carrier_id=sa.bindparam("carrier", endpoint.carrier_id, sa.Uuid()),
        object_ids=sa.func.array_agg(changed.c.id),
        after=sa.func.json_build_object("rows", count, "endpoint_id", str(endpoint.id)),
    )


def _anew() -> dict[str, Any]:
    now = ids.now()
    return {
        "status": WebhookDeliveryStatus.PENDING,
        "tries": 0,
        "next_attempt_at": now,
        "updated_at": now,
    }
