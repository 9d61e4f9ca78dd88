"""A request whose reads and writes are one transaction on one connection: all of it is kept, or nothing.

The parts of the request keep their own begins and commits, which become savepoints inside.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from models.database import disconnected
from models.reads import Reads
from resolvers.context import Context


class ReadsWithin(Reads):
    """Reads on the connection of a transaction, one at a time: they see what it has written."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()

    async def _run(self, method: str, text: str, values: tuple[Any, ...]) -> Any:
        async with self._turn:
            return await getattr(self._connection, method)(text, *values)


@asynccontextmanager
async def whole(context: Context) -> AsyncIterator[tuple[Context, AsyncConnection]]:
    """A context within a transaction that commits at the end, unless its connection was rolled back.

    Raises one of UNAVAILABLE where the connection ends meanwhile.
    """
    outer: Any = context.database.engine
    try:
        if isinstance(outer, AsyncConnection):
            yield context, outer  # it is one already
            return
        async with outer.connect() as connection, connection.begin():
            driver = (await connection.get_raw_connection()).driver_connection
            database: Any = context.database
            reads = ReadsWithin(driver)
            within = replace(database, reads=reads, walled=reads, engine=connection, autocommit=connection)
            yield replace(context, database=within, _loaders={}), connection
    except DBAPIError as error:
        if disconnected(error):
            raise ConnectionError("the connection to the database is gone") from error
        raise
