"""The pool of planned reads: whoever waits, gives up or fails, its connections stay whole and few."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from models.database import UNAVAILABLE
from models.reads import Reads, WalledReads
from tests.wire import Wire

SLEEP = "SELECT pg_sleep(60)"
BUSY = (
    "SELECT count(*) FROM pg_stat_activity WHERE query = $1 AND state = 'active' AND pid <> pg_backend_pid()"
)
Pool = Callable[..., AbstractAsyncContextManager[Reads]]


@pytest.fixture
def pool(database_url: str) -> Pool:
    @asynccontextmanager
    async def of(size: int, seconds: float = 30, statement_seconds: float = 60) -> AsyncIterator[Reads]:
        reads = Reads(lambda: asyncpg.connect(database_url), size, seconds, statement_seconds)
        try:
            yield reads
        finally:
            reads.close()

    return of


async def busy(database_url: str, count: int) -> None:
    """Returns once so many statements sleep."""
    other = await asyncpg.connect(database_url)
    try:
        async with asyncio.timeout(30):
            while await other.fetchval(BUSY, SLEEP) != count:  # noqa: ASYNC110 - PostgreSQL tells nobody
                await asyncio.sleep(0.01)
    finally:
        await other.close()


async def test_more_readers_than_connections_all_get_their_turn(pool: Pool) -> None:
    async with pool(2) as reads:
        found = await asyncio.gather(*[reads.fetchval("SELECT $1::int", number) for number in range(50)])
        assert found == list(range(50))
        assert reads.figures() == {"used": 0, "open": 2, "most": 2}


async def test_who_waits_too_long_is_told_and_takes_nothing(pool: Pool, database_url: str) -> None:
    async with pool(1, 0.05) as reads:
        sleeper = asyncio.create_task(reads.fetchval(SLEEP))
        await busy(database_url, 1)
        with pytest.raises(TimeoutError, match="no connection to the database became free in time"):
            await reads.fetchval("SELECT 1")
        sleeper.cancel()
        await asyncio.wait([sleeper])
        await busy(database_url, 0)
        assert await reads.fetchval("SELECT 2") == 2
        assert reads.figures() == {"used": 0, "open": 1, "most": 1}


async def test_a_cancelled_statement_makes_room_for_those_who_wait(pool: Pool, database_url: str) -> None:
    async with pool(1) as reads:
        sleeper = asyncio.create_task(reads.fetchval(SLEEP))
        await busy(database_url, 1)
        waiting = [asyncio.create_task(reads.fetchval("SELECT $1::int", number)) for number in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        sleeper.cancel()
        assert await asyncio.gather(*waiting[1:]) == [1, 2]
        await busy(database_url, 0)
        assert reads.figures() == {"used": 0, "open": 1, "most": 1}


async def test_a_statement_that_takes_too_long_is_ended_and_makes_room(pool: Pool, database_url: str) -> None:
    async with pool(1, statement_seconds=0.1) as reads:
        sleeper = asyncio.create_task(reads.fetchval(SLEEP))
        await busy(database_url, 1)
        waiting = asyncio.create_task(reads.fetchval("SELECT 1"))
        with pytest.raises(asyncpg.QueryCanceledError):
            await sleeper
        assert await waiting == 1
        await busy(database_url, 0)
        assert reads.figures() == {"used": 0, "open": 1, "most": 1}


class FallenSilent(Wire):
    """A network on which nothing new is answered: cancelling a statement takes a further connection."""

    taken = False

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.taken:
            await reader.read()  # until the client goes
            writer.close()
            return
        self.taken = True
        await super()._relay(reader, writer)


async def test_a_server_that_says_nothing_more_is_given_up(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.reads.CLOSE_SECONDS", 0.1)
    async with FallenSilent(database_url, tmp_path).open() as wire:
        reads = Reads(lambda: asyncpg.connect(wire.url), 1, 30, 0.1)
        async with asyncio.timeout(30):
            with pytest.raises(UNAVAILABLE) as told:
                await reads.fetchval(SLEEP)
        assert not isinstance(told.value, TimeoutError)  # that would be the test's own
        reads.close()


async def test_a_failed_statement_costs_its_own_connection_alone(pool: Pool) -> None:
    async with pool(1) as reads:
        with pytest.raises(asyncpg.UndefinedTableError):
            await reads.fetch("SELECT * FROM nothing")
        assert reads.figures() == {"used": 0, "open": 0, "most": 1}
        assert await reads.fetchrow("SELECT 1 AS one") == (1,)


async def test_a_database_that_is_away_is_told_to_all_who_wait() -> None:
    async def refuse() -> "asyncpg.Connection[asyncpg.Record]":
        await asyncio.sleep(0)
        raise ConnectionRefusedError

    reads = Reads(refuse, 1, 30, 60)
    found = await asyncio.gather(*[reads.fetchval("SELECT 1") for _ in range(5)], return_exceptions=True)
    assert [type(error) for error in found] == [ConnectionRefusedError] * 5


async def test_a_carrier_never_has_all_connections(database_url: str) -> None:
    reads = WalledReads(lambda: asyncpg.connect(database_url), 4, 30, 60)
    ours, theirs = uuid4(), uuid4()
    sleeping = [asyncio.create_task(reads.fetchval(ours, SLEEP)) for _ in range(6)]
    waiting = [asyncio.create_task(reads.fetchval(ours, "SELECT $1::int", number)) for number in range(20)]
    for owner in (theirs, None) * 5:
        assert await asyncio.gather(*[reads.fetchval(owner, "SELECT 1") for _ in range(3)]) == [1] * 3
    assert reads.figures()["used"] == 2
    assert not any(task.done() for task in sleeping + waiting)
    for task in sleeping:
        task.cancel()
    await asyncio.wait(sleeping)
    assert await asyncio.gather(*waiting) == list(range(20))
    assert reads.figures()["used"] == 0
    assert reads._used == {}
    reads.close()
