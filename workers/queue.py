"""The queue of webhook deliveries, which is PostgreSQL: hint, claim, record, release.

A claim moves a delivery's `next_attempt_at` to the end of the lease, so what a dead worker held is due
again by itself. The endpoint's own lease keeps its deliveries with one worker at a time. Whoever has lost
a lease changes nothing: every write asks for the token.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import orjson

from models import ids

if TYPE_CHECKING:  # the web process, which shows the queue's figures, need not load what sends
    from workers.sending import Outcome

PAUSE_AFTER = 20  # failures in a row before an endpoint is tried a little slower
PAUSE_SECONDS = 1
# A hint that nobody answers is sent again, ever more slowly: without workers the broker would fill up.
LOST_HINT_SECONDS, SLOWEST_HINT_SECONDS = 1.5, 60.0
DISABLED_AFTER_HOURS = 120

HINT = """
UPDATE webhook_endpoint SET hinted_at = now(), hints_unanswered = least(hints_unanswered + 1, 9) WHERE id IN (
    SELECT e.id FROM webhook_endpoint e
    WHERE e.enabled
      AND (e.lease_until IS NULL OR e.lease_until <= now())
      AND (e.paused_until IS NULL OR e.paused_until <= now())
      AND (e.hinted_at IS NULL
           OR e.hinted_at <= now() - make_interval(secs => least($1 * 2 ^ hints_unanswered, $2)))
      AND EXISTS (SELECT FROM webhook_delivery d
                  WHERE d.endpoint_id = e.id AND d.status IN ('pending', 'failed')
                    AND d.next_attempt_at <= now())
    FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id
"""
UNHINT = "UPDATE webhook_endpoint SET hinted_at = NULL, hints_unanswered = 0 WHERE id = ANY ($1)"

CLAIM = """
WITH mine AS (
    UPDATE webhook_endpoint SET lease_token = $2, lease_until = now() + make_interval(secs => $3)
    WHERE id = $1 AND enabled
      AND (lease_token = $2 OR lease_until IS NULL OR lease_until <= now())
      AND (paused_until IS NULL OR paused_until <= now())
    RETURNING *
), due AS (
    SELECT d.id FROM webhook_delivery d
    WHERE d.endpoint_id = (SELECT id FROM mine) AND d.status IN ('pending', 'failed')
      AND d.next_attempt_at <= now()
    ORDER BY d.next_attempt_at, d.id LIMIT (SELECT concurrency FROM mine)
    FOR NO KEY UPDATE SKIP LOCKED
), claimed AS (
    UPDATE webhook_delivery d
    SET tries = d.tries + 1, lease_token = $2, next_attempt_at = now() + make_interval(secs => $3)
    FROM due WHERE d.id = due.id
    RETURNING d.id, d.tries, d.event_id
)
SELECT c.id, c.tries, e.id AS event_id, e.created_at, e.updated_at, e.type, e.details,
       e.request_id, e.trace_parent,
       m.carrier_id, m.url, m.signing_secret, m.previous_signs_token,
       CASE WHEN m.previous_signing_secret_until > now() THEN m.previous_signing_secret END AS previous_secret
FROM claimed c JOIN event e ON e.id = c.event_id CROSS JOIN mine m
"""

RECORD = """
WITH done AS (
    SELECT * FROM unnest($3::uuid[], $4::text[], $5::float8[], $6::uuid[], $7::timestamptz[], $8::int[],
                         $9::int[], $10::text[], $11::text[], $12::text[], $13::bytea[])
        AS done (id, status, delay, attempt_id, attempted_at, duration_ms,
                 status_code, error, request_headers, response_headers, response_body)
), logged AS (
    INSERT INTO webhook_attempt (id, carrier_id, delivery_id, attempted_at, duration_ms, status_code, error,
                                 request_headers, response_headers, response_body)
    SELECT done.attempt_id, d.carrier_id, d.id, done.attempted_at, done.duration_ms, done.status_code,
           done.error, done.request_headers::json, done.response_headers::json, done.response_body
    FROM done JOIN webhook_delivery d ON d.id = done.id
), settled AS (
    UPDATE webhook_delivery d
    SET status = done.status, lease_token = NULL, updated_at = now(),
        next_attempt_at = now() + make_interval(secs => done.delay)
    FROM done WHERE d.id = done.id AND d.lease_token = $2
    RETURNING d.status
), counted AS (
    SELECT count(*) FILTER (WHERE status = 'succeeded') AS good,
           count(*) FILTER (WHERE status <> 'succeeded') AS bad,
           count(*) FILTER (WHERE status = 'exhausted') AS exhausted
    FROM settled
), tallied AS (
    INSERT INTO webhook_tally AS t (carrier_id, attempts_succeeded, attempts_failed, deliveries_exhausted)
    SELECT e.carrier_id, good, bad, exhausted FROM counted JOIN webhook_endpoint e ON e.id = $1
    ON CONFLICT (carrier_id) DO UPDATE
    SET attempts_succeeded = t.attempts_succeeded + excluded.attempts_succeeded,
        attempts_failed = t.attempts_failed + excluded.attempts_failed,
        deliveries_exhausted = t.deliveries_exhausted + excluded.deliveries_exhausted
)
UPDATE webhook_endpoint e
SET failures_in_a_row = CASE WHEN good > 0 THEN 0 ELSE failures_in_a_row + bad END,
    failing_since = CASE WHEN good > 0 THEN NULL WHEN bad > 0 THEN coalesce(failing_since, now())
                         ELSE failing_since END,
    paused_until = CASE WHEN good = 0 AND failures_in_a_row + bad >= $14
                        THEN now() + make_interval(secs => $15) END,
    enabled = enabled AND $16::text IS NULL AND NOT (good = 0 AND bad > 0
              AND coalesce(failing_since <= now() - make_interval(hours => $17), false)),
    disabled_reason = CASE
        WHEN $16::text IS NOT NULL THEN $16
        WHEN good = 0 AND bad > 0 AND failing_since <= now() - make_interval(hours => $17)
        THEN 'every attempt of the last ' || $17 || ' hours has failed'
        ELSE disabled_reason END
FROM counted WHERE e.id = $1 AND good + bad > 0
"""

RELEASE = """
UPDATE webhook_endpoint SET lease_token = NULL, lease_until = NULL, hinted_at = NULL, hints_unanswered = 0
WHERE id = $1 AND lease_token = $2
"""

FIGURES = """
WITH due AS (
    SELECT count(*) AS count, min(d.next_attempt_at) AS oldest
    FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id
    WHERE e.enabled AND d.status IN ('pending', 'failed') AND d.next_attempt_at <= now()
), tally AS (
    SELECT coalesce(sum(attempts_succeeded), 0)::bigint AS succeeded,
           coalesce(sum(attempts_failed), 0)::bigint AS failed,
           coalesce(sum(deliveries_exhausted), 0)::bigint AS exhausted
    FROM webhook_tally
)
SELECT due.count AS due, coalesce(extract(epoch FROM now() - oldest), 0)::float8 AS oldest_due_seconds,
       succeeded, failed, exhausted
FROM due CROSS JOIN tally
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What an operator watches: deliveries due now, and counts of attempts and deliveries since ever."""

    due: int
    oldest_due_seconds: float
    succeeded: int
    failed: int
    exhausted: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery to be tried now, with its event; the secrets are encrypted."""

    id: UUID
    tries: int
    event_id: UUID
    created_at: datetime
    updated_at: datetime
    type: str
    details: str
    request_id: str | None
    trace_parent: str | None
    carrier_id: UUID
    url: str
    signing_secret: str
    previous_signs_token: bool
    previous_secret: str | None


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of an attempt. `delay` is seconds until the next one: None where none follows."""

    delivery_id: UUID
    status: str
    delay: float | None
    outcome: "Outcome"
    request_headers: dict[str, str]


async def hint(pool: "asyncpg.Pool[Any]") -> list[UUID]:
    """Endpoints with due work that nobody has been told of, from now on taken as told."""
    return [row["id"] for row in await pool.fetch(HINT, LOST_HINT_SECONDS, SLOWEST_HINT_SECONDS)]


async def unhint(pool: "asyncpg.Pool[Any]", endpoints: Sequence[UUID]) -> None:
    """Nobody could be told: the next tick tries again."""
    await pool.execute(UNHINT, endpoints)


async def claim(pool: "asyncpg.Pool[Any]", endpoint: UUID, token: UUID, lease: float) -> list[Claimed]:
    """Up to the endpoint's concurrency of its due deliveries; none where somebody else holds it."""
    return [Claimed(**row) for row in await pool.fetch(CLAIM, endpoint, token, lease)]


async def record(
    pool: "asyncpg.Pool[Any]", endpoint: UUID, token: UUID, tried: Sequence[Tried], gone: str | None
) -> None:
    """Log the attempts and settle what is still ours; `gone` says why the endpoint is to be disabled."""
    outcomes = [one.outcome for one in tried]
    columns: list[list[Any]] = [
        [one.delivery_id for one in tried],
        [one.status for one in tried],
        [one.delay for one in tried],
        [ids.uuid7(outcome.attempted_at) for outcome in outcomes],
        [outcome.attempted_at for outcome in outcomes],
        [outcome.duration_ms for outcome in outcomes],
        [outcome.status_code for outcome in outcomes],
        [outcome.error for outcome in outcomes],
        [orjson.dumps(list(one.request_headers.items())).decode() for one in tried],
        [orjson.dumps(outcome.response_headers).decode() for outcome in outcomes],
        [outcome.response_body for outcome in outcomes],
    ]
    await pool.execute(
        RECORD, endpoint, token, *columns, PAUSE_AFTER, PAUSE_SECONDS, gone, DISABLED_AFTER_HOURS
    )


async def release(pool: "asyncpg.Pool[Any]", endpoint: UUID, token: UUID) -> None:
    """Let the next worker have the endpoint, and the scheduler look at it again."""
    await pool.execute(RELEASE, endpoint, token)


async def figures(pool: "asyncpg.Pool[Any]") -> Figures:
    (row,) = await pool.fetch(FIGURES)
    return Figures(**row)
