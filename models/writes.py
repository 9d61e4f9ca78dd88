"""Connections for what a request writes: each is named whom it is for, as those for reads are (wall.py)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import QueuePool

from models.wall import SETTING, named

NAME = sa.select(
    sa.func.set_config(sa.literal_column(f"'{SETTING}'"), sa.bindparam("name"), sa.literal_column("false"))
)


class Writes:
    """Those of an engine in autocommit, as WRITER; a connection keeps whom it was last named."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def statement(self, owner: UUID | None) -> AsyncIterator[AsyncConnection]:
        """For single statements, each a transaction by itself, for a carrier or, with None, the platform."""
        async with self._engine.connect() as connection:
            kept = (await connection.get_raw_connection()).info
            if kept.get("name") != named(owner):
                kept.pop("name", None)
                await connection.execute(NAME, {"name": named(owner)})
                await connection.commit()
                kept["name"] = named(owner)
            yield connection

    @asynccontextmanager
    async def transaction(self, owner: UUID | None) -> AsyncIterator[AsyncConnection]:
        """For a transaction, which whoever takes the connection begins and ends."""
        async with self.statement(owner) as connection:
            yield await connection.execution_options(isolation_level="READ COMMITTED")

    def figures(self) -> dict[str, int]:
        """Connections in use, open, and the most that may be."""
        pool = cast("QueuePool", self._engine.pool)
        used = pool.checkedout()
        return {"used": used, "open": pool.checkedin() + used, "most": pool.size()}
