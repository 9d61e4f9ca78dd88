"""Figures of what stands in the database, for whoever watches the service: no carrier's own."""

from models.database import Database

MOST_COUNTED = 100_000

WEBHOOKS = """
SELECT (SELECT count(*) FROM (SELECT FROM webhook_endpoint e JOIN webhook_delivery d ON d.endpoint_id = e.id
                              WHERE e.enabled AND d.status IN ('pending', 'failed')
                                AND d.next_attempt_at <= now()
                              LIMIT $1) AS due),
       coalesce(sum(attempts_succeeded), 0)::int8,
       coalesce(sum(attempts_failed), 0)::int8,
       coalesce(sum(deliveries_exhausted), 0)::int8,
       coalesce(extract(epoch FROM now() - (
           SELECT min(oldest) FROM webhook_endpoint e CROSS JOIN LATERAL (
               SELECT d.next_attempt_at AS oldest FROM webhook_delivery d
               WHERE d.endpoint_id = e.id AND d.status IN ('pending', 'failed')
                 AND d.next_attempt_at <= now()
               ORDER BY d.next_attempt_at LIMIT 1) AS first
           WHERE e.enabled)), 0)::float8
FROM webhook_endpoint
"""


async def webhook_figures(database: Database) -> tuple[dict[str, int], float]:
    """(what is due and what came of the rest, for how many seconds the oldest one has been due)."""
    ((due, sent, failed, exhausted, oldest),) = await database.reads.fetch(WEBHOOKS, MOST_COUNTED)
    return {"due": due, "sent": sent, "failed": failed, "exhausted": exhausted}, oldest
