"""Folds the changes of the stock of phone numbers into its sums (models/number_stock.py says why)."""

from typing import Any

from models.number_stock import PLACE, PLACE_ID

CHANGES_AT_ONCE = 10_000

# One statement: a change is deleted and added to its sum, or neither. Any number of folds may run: each
# takes changes that no other has, and the order keeps two that meet in the same kinds from a deadlock.
FOLD = f"""
WITH taken AS (
    DELETE FROM phone_number_stock_change WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM phone_number_stock_change LIMIT $1 FOR UPDATE SKIP LOCKED
    )) RETURNING *
), folded AS (
    INSERT INTO phone_number_stock AS stock
        (carrier_id, type, country, region, locality, available, value, place_id)
    SELECT carrier_id, type, country, region, locality, available, sum(value), {PLACE_ID} FROM taken
    GROUP BY carrier_id, type, country, region, locality, available HAVING sum(value) <> 0
    ORDER BY carrier_id, type, available, country, {PLACE}
    ON CONFLICT (carrier_id, type, available, country, {PLACE})
    DO UPDATE SET value = stock.value + excluded.value
    RETURNING id, value
)
SELECT (SELECT count(*) FROM taken) AS taken, ARRAY(SELECT id FROM folded WHERE value = 0) AS empty
"""  # noqa: S608 - every word is ours
FORGET = "DELETE FROM phone_number_stock WHERE id = ANY($1)"


async def fold(connection: Any) -> int:
    """Fold up to CHANGES_AT_ONCE changes in one transaction of the asyncpg `connection`; how many it took."""
    async with connection.transaction():
        done = await connection.fetchrow(FOLD, CHANGES_AT_ONCE)
        if done["empty"]:
            await connection.execute(FORGET, done["empty"])
    taken: int = done["taken"]
    return taken
