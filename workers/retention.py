"""What was kept long enough goes: settled deliveries with the log of their attempts, answers to keys,
and budgets.
"""

from datetime import timedelta
from typing import Any

import asyncpg

from models import ids
from models.idempotency_key import KEPT_HOURS
from models.webhook_delivery import KEPT_DAYS

AT_ONCE = 2_000
AT_MOST = 50  # times in one go: what is left waits for the next one

# Ids hold the time, so the primary keys lead to what is old. A delivery that waits for a disabled
# endpoint is old too; one that was sent again lately is not.
CLEAN_ATTEMPTS = """
DELETE FROM webhook_attempt
WHERE id IN (SELECT id FROM webhook_attempt WHERE id < $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)
"""
CLEAN_DELIVERIES = """
DELETE FROM webhook_delivery
WHERE id IN (SELECT id FROM webhook_delivery
             WHERE id < $1 AND updated_at < $3 AND lease_token IS NULL
             ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)
"""
CLEAN_KEYS = """
DELETE FROM idempotency_key
WHERE (owner, key) IN (SELECT owner, key FROM idempotency_key WHERE created_at < $1
                       ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)
"""
# A window that is over says as much as no row: also of a key that was revoked, or has expired. Without an
# index, which would make each lease dearer: there is one small row a key.
CLEAN_BUDGETS = """
DELETE FROM rate_budget
WHERE key_id IN (SELECT key_id FROM rate_budget WHERE began_at < now() - interval '1 hour'
                 LIMIT $1 FOR UPDATE SKIP LOCKED)
"""


async def clean(pool: "asyncpg.Pool[Any]") -> None:
    """Delete what is older than KEPT_DAYS, KEPT_HOURS, or an hour, a few thousand rows a statement."""
    oldest = ids.now() - timedelta(days=KEPT_DAYS)
    bound = ids.lowest_id(oldest)
    await _until_none(pool, CLEAN_ATTEMPTS, bound, AT_ONCE)
    await _until_none(pool, CLEAN_DELIVERIES, bound, AT_ONCE, oldest)
    await _until_none(pool, CLEAN_KEYS, ids.now() - timedelta(hours=KEPT_HOURS), AT_ONCE)
    await _until_none(pool, CLEAN_BUDGETS, AT_ONCE)


async def _until_none(pool: "asyncpg.Pool[Any]", statement: str, *values: Any) -> None:
    for _ in range(AT_MOST):
        if await pool.execute(statement, *values) != f"DELETE {AT_ONCE}":
            return
