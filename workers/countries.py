"""Works out the country of calls and messages that a release without that column has recorded."""

from typing import Any

from models import numbering

ROWS_AT_ONCE = 1000
TABLES = ("phone_call", "message")
FIND = """
SELECT id, direction = 'inbound' AS inbound, "to", from_ FROM {table}
WHERE country IS NULL ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
"""
FILL = """
UPDATE {table} SET country = found.country FROM unnest($1::uuid[], $2::text[]) AS found (id, country)
WHERE {table}.id = found.id
"""


async def fill(connection: Any) -> int:
    """Fill in up to ROWS_AT_ONCE calls and as many messages on an asyncpg `connection`; how many it did."""
    done = 0
    for table in TABLES:
        async with connection.transaction():
            rows = await connection.fetch(FIND.format(table=table), ROWS_AT_ONCE)
            countries = [
                numbering.country_outside(row["inbound"], row["to"], row["from_"]) or "" for row in rows
            ]
            await connection.execute(FILL.format(table=table), [row["id"] for row in rows], countries)
        done += len(rows)
    return done
