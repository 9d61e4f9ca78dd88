"""A request whose reads and writes are one transaction on one connection: all of it is kept, or nothing.

The parts of the request keep their own begins and commits, which become savepoints inside.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from models.database import disconnected
from models.reads import WalledReads
from models.writes import Writes
from resolvers.context import Context


class ReadsWithin(WalledReads):
    """Reads on the connection of a transaction, one at a time: they see what it has written."""

    def __init__(self, connection: Any, owner: UUID | None) -> None:
        self._connection, self._owner = connection, owner
        self._turn = asyncio.Lock()

    async def _run(self, method: str, text: str, values: tuple[Any, ...], owner: UUID | None = None) -> Any:
        assert owner == self._owner  # whom the connection is named
        async with self._turn:
            return await getattr(self._connection, method)(text, *values)


class WritesWithin(Writes):
    """Writes on the connection of a transaction, in savepoints of it."""

    def __init__(self, connection: AsyncConnection, owner: UUID | None) -> None:
        self.connection, self._owner = connection, owner

    @asynccontextmanager
    async def statement(self, owner: UUID | None) -> AsyncIterator[AsyncConnection]:
        assert owner == self._owner  # whom the connection is named
        yield self.connection

    transaction = statement


@asynccontextmanager
async def whole(context: Context) -> AsyncIterator[tuple[Context, AsyncConnection]]:
    """A context within a transaction that commits at the end, unless its connection was rolled back.

    Raises one of UNAVAILABLE where the connection ends meanwhile.
    """
    database, owner = context.database, context.viewer.carrier_id
    try:
        if isinstance(database.writes, WritesWithin):
            yield context, database.writes.connection  # it is one already
            return
        async with database.writes.transaction(owner) as connection, connection.begin():
            driver = (await connection.get_raw_connection()).driver_connection
            reads, writes = ReadsWithin(driver, owner), WritesWithin(connection, owner)
            within = replace(database, walled=reads, writes=writes)
            yield replace(context, database=within, _loaders={}), connection
    except DBAPIError as error:
        if disconnected(error):
            raise ConnectionError("the connection to the database is gone") from error
        raise
