"""The database as the rest sees it: a pool for planned reads and an engine for writes.

Two, because a planned read on a bare asyncpg connection costs a fifth of what it costs through the
engine (docs/decisions/0002-two-pools.md).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any

import asyncpg
import orjson
import sqlalchemy as sa
import sqlalchemy.event
import sqlalchemy.exc
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from models.reads import Reads, WalledReads
from models.wall import TENANT, WRITER
from models.writes import Writes
from observability.statements import observe_statement

#: What the drivers raise while the database is away, or too busy to let one in.
UNAVAILABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,  # it took too long
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that the server has just said it ends, and has not closed yet
    sqlalchemy.exc.InterfaceError,
    sqlalchemy.exc.TimeoutError,
    OSError,
    TimeoutError,
)
STATEMENT_SECONDS = 30
ACQUIRE_SECONDS = 5
OWN_READS = 4  # connections for keys and the stream of events

# Generic plans: PostgreSQL would otherwise plan each page anew, at three times the page's cost. Pages are
# taken to be in memory: else the planner filters a whole list, whose rows lie together on disk, instead of
# following the short streams of an index (benchmarks/plans.py shows both).
READ_SETTINGS = {
    "timezone": "UTC",
    "plan_cache_mode": "force_generic_plan",
    "random_page_cost": "0.1",
    "seq_page_cost": "0.1",
    "max_parallel_workers_per_gather": "0",  # statistics cut their range themselves
}


@dataclass(frozen=True, slots=True)
class Database:
    """`walled` and `writes` are for requests, each of which is for a carrier (models/wall.py).

    `reads` sees all rows, for what a process reads for itself: keys, and events for all its subscribers.
    """

    reads: Reads
    walled: WalledReads
    writes: Writes
    url: str = field(default="", repr=False)

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, size: int = 10) -> AsyncIterator["Database"]:
        """Connect on first use to `postgresql://…`; at most `size` connections for each kind of work."""
        engine = create_async_engine(
            engine_url(url),
            pool_size=size,
            hide_parameters=True,  # an error in the log must not hold what a client sent
            max_overflow=0,
            pool_timeout=ACQUIRE_SECONDS,
            pool_pre_ping=False,
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            isolation_level="AUTOCOMMIT",
            connect_args={
                "command_timeout": STATEMENT_SECONDS,
                "server_settings": {"timezone": "UTC", "role": WRITER},
            },
        )
        _time_statements(engine)
        reads = Reads(partial(_connect_to_read, _dsn(url)), OWN_READS, ACQUIRE_SECONDS, STATEMENT_SECONDS)
        to_tenant = partial(_connect_to_read, _dsn(url), role=TENANT)
        walled = WalledReads(to_tenant, size, ACQUIRE_SECONDS, STATEMENT_SECONDS)
        try:
            yield cls(reads, walled, Writes(engine), url)
        finally:
            reads.close()
            walled.close()
            await engine.dispose()

    def connections(self) -> dict[str, dict[str, int]]:
        """How many connections each pool has in use and open, and may have at most."""
        return {"reads": self.walled.figures(), "writes": self.writes.figures()}

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A connection of one's own, to LISTEN on; whatever ends it, it is gone at once."""
        connection = await asyncpg.connect(_dsn(self.url), timeout=ACQUIRE_SECONDS)
        try:
            yield connection
        finally:
            connection.terminate()


def disconnected(error: BaseException) -> bool:
    """Whether the engine says in its own words what UNAVAILABLE says in the driver's."""
    return isinstance(error, sqlalchemy.exc.DBAPIError) and (
        error.connection_invalidated or isinstance(error.orig and error.orig.__cause__, UNAVAILABLE)
    )


def engine_url(url: str) -> URL:
    """The same database for SQLAlchemy's asyncpg dialect."""
    return make_url(url).set(drivername="postgresql+asyncpg")


def work_pool(url: str, size: int) -> "asyncpg.Pool[asyncpg.Record]":
    """The pool of a worker or scheduler: bare connections, as asyncpg makes them."""
    return asyncpg.create_pool(
        _dsn(url),
        min_size=0,
        max_size=size,
        reset=_keep,
        command_timeout=STATEMENT_SECONDS,
        server_settings={"timezone": "UTC"},
    )


async def _connect_to_read(dsn: str, **settings: str) -> "asyncpg.Connection[asyncpg.Record]":
    connection = await asyncpg.connect(
        dsn,
        timeout=ACQUIRE_SECONDS,
        server_settings=READ_SETTINGS | settings,
    )
    try:
        # JSON passes through unread: nothing between the row and the answer looks inside it.
        await connection.set_type_codec(
            "json", schema="pg_catalog", encoder=str, decoder=orjson.Fragment, format="text"
        )
    except BaseException:
        connection.terminate()
        raise
    return connection


def _dsn(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def _keep(_connection: Any) -> None:
    """Nobody here SETs, LISTENs or locks: there is nothing to reset, and resetting costs a trip."""


def _time_statements(engine: AsyncEngine) -> None:
    """The engine's own events: asyncpg does not time the prepared statements that it uses."""

    def before(
        _connection: Any, _cursor: Any, _statement: Any, _values: Any, context: Any, _many: Any
    ) -> None:
        context.began = perf_counter()

    def after(
        _connection: Any, _cursor: Any, _statement: Any, _values: Any, context: Any, _many: Any
    ) -> None:
        observe_statement("writes", perf_counter() - context.began)

    sa.event.listen(engine.sync_engine, "before_cursor_execute", before)
    sa.event.listen(engine.sync_engine, "after_cursor_execute", after)
