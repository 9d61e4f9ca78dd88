"""How Alembic reaches the database and what it compares with."""

import asyncio
import time

import sqlalchemy as sa
import sqlalchemy.event
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine

from models import tables
from models.database import engine_url

LOCK_SECONDS = 1
LOCK = 0x6361727269  # any constant: it keeps two migrations of one database apart


def run(connection: sa.Connection) -> None:
    wait_for_turn(connection)
    sa.event.listen(connection, "begin", be_impatient)
    context.configure(
        connection=connection,
        target_metadata=tables.METADATA,
        compare_server_default=True,
        transaction_per_migration=True,  # else the first one's locks are kept to the end of the last
    )
    with context.begin_transaction():
        context.run_migrations()
        for statement in context.config.attributes.get("afterwards", tuple)():
            connection.exec_driver_sql(statement)


def be_impatient(connection: sa.Connection) -> None:
    """Who waits for a table keeps all requests waiting behind: give up soon (`migrate` tries again).

    An index made CONCURRENTLY, outside of transactions, keeps nobody waiting.
    """
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")


def wait_for_turn(connection: sa.Connection) -> None:
    """Take the lock until the connection ends: a migration may commit on its way.

    By trying: who waits within a statement keeps CREATE INDEX CONCURRENTLY waiting in turn.
    """
    while not connection.scalar(sa.text(f"SELECT pg_try_advisory_lock({LOCK})")):
        connection.rollback()
        time.sleep(0.1)
    connection.commit()


async def connect() -> None:
    engine = create_async_engine(engine_url(context.config.attributes["url"]))
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
            await connection.commit()
    finally:  # the turn is given up with the connection
        await engine.dispose()


asyncio.run(connect())
