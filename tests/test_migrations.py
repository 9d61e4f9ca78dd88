"""The migrations lead to the tables that the models describe."""

import asyncio

import alembic.command

from models.migrations import configuration


async def test_the_migrated_database_is_what_the_models_say(database_url: str) -> None:
    # In a thread: the migrations' environment runs a loop of its own.
    await asyncio.to_thread(alembic.command.check, configuration(database_url))
