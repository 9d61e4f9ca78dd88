"""The migrations lead to the tables that the models describe, and to counts of what was there before."""

import asyncio

import alembic.command
import asyncpg

from models.migrations import configuration
from tests.servers import fresh_database

BEFORE_THE_STOCK = "20261124_02"
ROWS = """
INSERT INTO carrier VALUES ('01900000-0000-7000-8000-000000000001', now(), now(), 'Old', 'US', 'USD');
INSERT INTO phone_number (id, created_at, updated_at, carrier_id, number, type, visibility, country,
                          region, locality, price, currency, metadata_)
SELECT gen_random_uuid(), now(), now(), '01900000-0000-7000-8000-000000000001', '+1205309' || 5500 + i,
       'local', (ARRAY['public', 'disabled'])[1 + i % 2], 'US', 'AL', (ARRAY['Mobile', NULL])[1 + i % 3 / 2],
       0, 'USD', '{}' FROM generate_series(0, 11) i
"""


async def test_the_migrated_database_is_what_the_models_say(database_url: str) -> None:
    # In a thread: the migrations' environment runs a loop of its own.
    await asyncio.to_thread(alembic.command.check, configuration(database_url))


async def test_numbers_that_were_there_before_are_counted() -> None:
    async with fresh_database() as url:
        await asyncio.to_thread(alembic.command.upgrade, configuration(url), BEFORE_THE_STOCK)
        connection = await asyncpg.connect(url)
        await connection.execute(ROWS)
        await asyncio.to_thread(alembic.command.upgrade, configuration(url), "head")
        found = await connection.fetch(
            """SELECT type, country, region, locality, available, value
               FROM phone_number_stock ORDER BY locality, available"""
        )
        await connection.close()
    assert [tuple(row) for row in found] == [
        ("local", "US", "AL", "Mobile", False, 4),
        ("local", "US", "AL", "Mobile", True, 4),
        ("local", "US", "AL", None, False, 2),
        ("local", "US", "AL", None, True, 2),
    ]
