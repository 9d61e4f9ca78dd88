"""Events and what follows from them, in the transaction of what happened.

One statement writes events with a delivery for each endpoint that wants them. A delivery's id takes the
time (the first 48 bits) of its event's and random bits of its own: a UUIDv7 that PostgreSQL makes alone.
"""

from collections.abc import Sequence
from types import SimpleNamespace
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from models.event import Event

RECORD = sa.text(
    """
WITH written AS (
    INSERT INTO event (id, created_at, updated_at, carrier_id, type, details, request_id, trace_parent)
    SELECT id, created_at, created_at, carrier_id, type, details::json, request_id, trace_parent
    FROM unnest(:ids, :times, :carriers, :types, :details, :requests, :traces)
        AS given (id, created_at, carrier_id, type, details, request_id, trace_parent)
    RETURNING id, created_at, carrier_id, type
)
INSERT INTO webhook_delivery
    (id, created_at, updated_at, carrier_id, event_id, endpoint_id, status, tries, next_attempt_at)
SELECT (left(e.id::text, 15) || substr(gen_random_uuid()::text, 16))::uuid,
       e.created_at, e.created_at, e.carrier_id, e.id, w.id, 'pending', 0, e.created_at
FROM written e JOIN webhook_endpoint w ON w.carrier_id = e.carrier_id
WHERE CASE WHEN :only IS NULL
           THEN w.enabled AND (w.event_types IS NULL OR e.type = ANY (w.event_types))
           ELSE w.id = :only END
RETURNING id
"""
).bindparams(
    sa.bindparam("ids", type_=ARRAY(sa.Uuid())),
    sa.bindparam("times", type_=ARRAY(sa.DateTime(timezone=True))),
    sa.bindparam("carriers", type_=ARRAY(sa.Uuid())),
    sa.bindparam("types", type_=ARRAY(sa.Text())),
    sa.bindparam("details", type_=ARRAY(sa.Text())),
    sa.bindparam("requests", type_=ARRAY(sa.Text())),
    sa.bindparam("traces", type_=ARRAY(sa.Text())),
    sa.bindparam("only", type_=sa.Uuid()),
)


async def record_events(
    session: AsyncSession, *events: Event | SimpleNamespace, only: UUID | None = None
) -> Sequence[UUID]:
    """Write the events and their deliveries, whose ids are answered; the caller's transaction commits them.

    `only` names the one endpoint that is told, whatever it wants to be told of.
    """
    if not events:
        return []
    written = await session.execute(
        RECORD,
        {
            "ids": [event.id for event in events],
            "times": [event.created_at for event in events],
            "carriers": [event.carrier_id for event in events],
            "types": [event.type for event in events],
            "details": [orjson.dumps(event.details).decode() for event in events],
            "requests": [event.request_id for event in events],
            "traces": [event.trace_parent for event in events],
            "only": only,
        },
    )
    return written.scalars().all()
