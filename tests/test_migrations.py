"""The migrations lead to the tables that the models describe, and to counts of what was there before."""

import asyncio

import alembic.command
import asyncpg

from models.migrations import configuration, migrate
from tests.servers import fresh_database

BEFORE_THE_STOCK, BEFORE_THE_WALL = "20261124_02", "20261124_12"
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


WAITING = "SELECT pid FROM pg_locks WHERE relation = 'phone_call'::regclass AND NOT granted"


async def test_a_migration_gives_way_to_who_holds_its_table_and_comes_again() -> None:
    async with fresh_database() as url:
        await asyncio.to_thread(alembic.command.upgrade, configuration(url), BEFORE_THE_WALL)
        holder, watcher = await asyncpg.connect(url), await asyncpg.connect(url)
        async with holder.transaction():
            await holder.execute("LOCK TABLE phone_call IN ACCESS SHARE MODE")
            migrating = asyncio.create_task(asyncio.to_thread(migrate, url))
            seen: set[int] = set()
            async with asyncio.timeout(60):
                while len(seen) < 2:
                    assert not migrating.done()
                    seen |= {row["pid"] for row in await watcher.fetch(WAITING)}
                    await asyncio.sleep(0.02)
        await migrating
        version = await watcher.fetchval("SELECT version_num FROM alembic_version")
        secured = await watcher.fetchval("SELECT relrowsecurity FROM pg_class WHERE relname = 'phone_call'")
        await holder.close()
        await watcher.close()
    assert (version > BEFORE_THE_WALL, secured) == (True, True)
