"""Migrations: they make what the models say, and a count of what was there before."""

import asyncio
from typing import Any

import alembic.command
import asyncpg
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from models.database import engine_url
from models.migrations import configuration
from models.tables import METADATA
from tests.servers import fresh_database

BEFORE_THE_STOCK = "20261124_01"
ROWS = """
INSERT INTO carrier VALUES ('01900000-0000-7000-8000-000000000001', now(), now(), 'Old', 'US', 'USD');
INSERT INTO phone_number (id, created_at, updated_at, carrier_id, number, type, visibility, country,
                          region, locality, price, currency, metadata_)
SELECT gen_random_uuid(), now(), now(), '01900000-0000-7000-8000-000000000001', '+1205309' || 5500 + i,
       'local', (ARRAY['public', 'disabled'])[1 + i % 2], 'US', 'AL', (ARRAY['Mobile', NULL])[1 + i % 3 / 2],
       0, 'USD', '{}' FROM generate_series(0, 11) i
"""


async def test_the_models_and_the_migrations_tell_of_the_same_tables(database_url: str) -> None:
    def compare(connection: sa.Connection) -> Any:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return compare_metadata(context, METADATA)

    engine = create_async_engine(engine_url(database_url))
    async with engine.connect() as connection:
        assert await connection.run_sync(compare) == []
    await engine.dispose()


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
