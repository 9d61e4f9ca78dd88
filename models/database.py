"""The database as the rest sees it: a pool for planned reads and an engine for writes.

Two, because a planned read on a bare asyncpg connection costs a fifth of what it costs through the
engine (docs/decisions/0002-two-pools.md).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, cast

import asyncpg
import orjson
import sqlalchemy as sa
import sqlalchemy.event
import sqlalchemy.exc
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

from models.wall import TENANT
from observability.statements import TimedConnection, observe_statement

#: What the drivers raise while the database is away, or too busy to let one in.
UNAVAILABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
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
}


class Reads:
    """The pool for planned reads: asyncpg's, with idle connections kept at hand.

    asyncpg's own acquire and release make a task and a future each time, a tenth of a short request. Here
    they happen when a connection is first used, when it has failed, and when somebody waits for one.
    """

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool
        self._idle: list[Any] = []
        self._waiting = 0

    async def fetch(self, text: str, *values: Any, **options: Any) -> list[Any]:
        rows: list[Any] = await self._run("fetch", text, values, options)
        return rows

    async def fetchrow(self, text: str, *values: Any, **options: Any) -> Any:
        return await self._run("fetchrow", text, values, options)

    async def fetchval(self, text: str, *values: Any, **options: Any) -> Any:
        return await self._run("fetchval", text, values, options)

    async def _run(self, method: str, text: str, values: tuple[Any, ...], options: dict[str, Any]) -> Any:
        connection = self._idle.pop() if self._idle else await self._acquire()
        if connection.is_closed():
            await self._pool.release(connection)
            connection = await self._acquire()
        try:
            found = await getattr(connection, method)(text, *values, **options)
        except BaseException:  # a statement may still be running: the pool knows how to end it
            await self._pool.release(connection)
            raise
        if self._waiting:
            await self._pool.release(connection)
        else:
            self._idle.append(connection)
        return found

    async def _acquire(self) -> Any:
        self._waiting += 1
        try:
            return await self._pool.acquire(timeout=ACQUIRE_SECONDS)
        finally:
            self._waiting -= 1

    def get_size(self) -> int:
        return self._pool.get_size()

    def get_idle_size(self) -> int:
        return self._pool.get_idle_size() + len(self._idle)

    def get_max_size(self) -> int:
        return self._pool.get_max_size()


@dataclass(frozen=True, slots=True)
class Database:
    """`walled` is for requests: it shows what is the carrier's that a statement names (models/wall.py).

    `reads` sees all rows, for what a process reads for itself: keys, and events for all its subscribers.
    """

    reads: Reads
    walled: Reads
    engine: AsyncEngine
    autocommit: AsyncEngine
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
            connect_args={"command_timeout": STATEMENT_SECONDS, "server_settings": {"timezone": "UTC"}},
        )
        _time_statements(engine)
        pool = await _read_pool(url, OWN_READS)
        walled = await _read_pool(url, size, role=TENANT)
        try:
            autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
            yield cls(Reads(pool), Reads(walled), engine, autocommit, url)
        finally:
            pool.terminate()
            walled.terminate()
            await engine.dispose()

    def connections(self) -> dict[str, dict[str, int]]:
        """How many connections each pool has in use and open, and may have at most."""
        reads, writes = self.walled, cast("QueuePool", self.engine.pool)
        return {
            "reads": {
                "used": reads.get_size() - reads.get_idle_size(),
                "open": reads.get_size(),
                "most": reads.get_max_size(),
            },
            "writes": {
                "used": writes.checkedout(),
                "open": writes.checkedin() + writes.checkedout(),
                "most": writes.size(),
            },
        }

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A connection of one's own, to LISTEN on; whatever ends it, it is gone at once."""
        connection = await asyncpg.connect(_dsn(self.url), timeout=ACQUIRE_SECONDS)
        try:
            yield connection
        finally:
            connection.terminate()


def engine_url(url: str) -> URL:
    """The same database for SQLAlchemy's asyncpg dialect."""
    return make_url(url).set(drivername="postgresql+asyncpg")


def work_pool(url: str, size: int) -> "asyncpg.Pool[asyncpg.Record]":
    """The pool of a worker or scheduler: bare connections, as asyncpg makes them."""
    return _pool(url, size, server_settings={"timezone": "UTC"})


def _read_pool(url: str, size: int, **settings: str) -> "asyncpg.Pool[asyncpg.Record]":
    return _pool(
        url,
        size,
        init=_prepare,
        connection_class=TimedConnection,
        server_settings=READ_SETTINGS | settings,
    )


def _pool(url: str, size: int, **options: Any) -> "asyncpg.Pool[asyncpg.Record]":
    return asyncpg.create_pool(
        _dsn(url),
        min_size=0,
        max_size=size,
        reset=_keep,
        command_timeout=STATEMENT_SECONDS,
        **options,
    )


def _dsn(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def _prepare(connection: Any) -> None:
    """JSON passes through unread: nothing between the row and the answer looks inside it."""
    await connection.set_type_codec(
        "json", schema="pg_catalog", encoder=str, decoder=orjson.Fragment, format="text"
    )


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
