"""Prints what the stats of phone numbers cost, and what keeping their stock costs those who write.

    python -m benchmarks.stock [--numbers 1000000] [--seconds 4]

A temporary PostgreSQL is filled with numbers in 2,000 places. Each ratio is the median of interleaved
rounds with and without the triggers, which commit nothing or go on with the same table.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

import asyncpg

from benchmarks.database import ADD_CARRIER, CARRIER, reading, temporary_database
from models.database import READ_SETTINGS
from resolvers.whole import ReadsWithin
from schema.root import schema
from workers.folding import fold

COLUMNS = (
    "id, created_at, updated_at, carrier_id, number, type, visibility, country, region, locality, price,"
    " currency, metadata_"
)
FILL = f"""
INSERT INTO phone_number ({COLUMNS})
SELECT gen_random_uuid(), now(), now(), '{CARRIER}', '+1' || ($1::bigint + i),
       (ARRAY['local', 'local', 'local', 'mobile'])[1 + i / 2000 % 4],
       (ARRAY['public', 'private', 'public', 'disabled'])[1 + i / 8000 % 4],
       'US', 'R' || i % 50, 'Town ' || i % 2000, 0, 'USD', '{{}}'
FROM generate_series(1, $2::bigint) i
"""
ONE = f"""
INSERT INTO phone_number ({COLUMNS}) VALUES (gen_random_uuid(), now(), now(), '{CARRIER}', '+1' || $1::bigint,
    'local', 'public', 'US', 'R1', 'Town 1', 0, 'USD', '{{}}')
"""
COUNT_ROWS = f"""
SELECT count(*) FROM (
    SELECT min(country), min(region), min(locality), count(*) FROM phone_number
    WHERE carrier_id = '{CARRIER}' AND type = 'local' AND account_id IS NULL AND visibility <> 'disabled'
    GROUP BY country, lower(region), lower(locality))
"""
STATS = """{ phoneNumberStats(groupBy: [COUNTRY, REGION, LOCALITY], filter: {available: true, type: LOCAL},
    having: {gt: 1}) { nodes { id country region locality value } pageInfo { hasNextPage } } }"""
TRIGGERS = "ALTER TABLE phone_number {} TRIGGER USER"
NUMBERS = count(3_000_000_000)
BULK, WRITERS, ROUNDS = 100_000, 8, 5


class Rounds:
    """What was measured without and with the triggers."""

    def __init__(self) -> None:
        self.found: dict[str, list[float]] = {"DISABLE": [], "ENABLE": []}

    def note(self, state: str, value: float) -> None:
        self.found[state].append(value)

    def __str__(self) -> str:
        without, kept = (statistics.median(values) for values in self.found.values())
        return f"{without:10,.2f} without the stock {kept:10,.2f} with it: {kept / without:.2f} times"


async def milliseconds(work: Callable[[], Awaitable[Any]], times: int = 25) -> float:
    found = []
    for _ in range(times):
        began = time.perf_counter()
        await work()
        found.append(time.perf_counter() - began)
    return statistics.median(found) * 1000


async def answers(connection: Any) -> None:
    async def ask() -> None:
        result = await schema.run(STATS, None, reading(ReadsWithin(connection, CARRIER)))
        assert not result.errors, result.errors

    print(f"stats, changes not folded       {await milliseconds(ask):8.2f} ms")
    while await fold(connection):
        pass
    await connection.execute("VACUUM ANALYZE")
    print(f"stats, changes folded           {await milliseconds(ask):8.2f} ms")
    rows = await milliseconds(lambda: connection.execute(COUNT_ROWS), 3)
    print(f"the same by counting the rows   {rows:8.2f} ms")


async def bulk(connection: Any, state: str) -> float:
    """Seconds of an insert of BULK rows, which is rolled back."""
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(TRIGGERS.format(state))
    began = time.perf_counter()
    await connection.execute(FILL, 4_000_000_000, BULK, timeout=600)
    taken = time.perf_counter() - began
    await transaction.rollback()
    await connection.execute("VACUUM phone_number")
    return taken


async def writers(url: str, connection: Any, state: str, seconds: float) -> float:
    """Numbers a second that WRITERS connections insert into one place, while changes are folded."""
    await connection.execute(TRIGGERS.format(state))
    writing = [await asyncpg.connect(url) for _ in range(WRITERS)]
    end, done = time.monotonic() + seconds, 0

    async def write(own: Any) -> None:
        nonlocal done
        while time.monotonic() < end:
            await own.execute(ONE, next(NUMBERS))
            done += 1

    async def keep_folding() -> None:
        while time.monotonic() < end:
            await fold(connection)
            await asyncio.sleep(1)

    await asyncio.gather(keep_folding(), *[write(own) for own in writing])
    for own in writing:
        await own.close()
    return done / seconds


async def measure(url: str, numbers: int, seconds: float) -> None:
    connection = await asyncpg.connect(url, server_settings=READ_SETTINGS)
    await connection.execute(ADD_CARRIER)
    await connection.execute(FILL, 2_000_000_000, numbers, timeout=1800)
    await answers(connection)
    inserts, rates = Rounds(), Rounds()
    for _ in range(ROUNDS):
        for state in ("DISABLE", "ENABLE"):
            inserts.note(state, await bulk(connection, state))
    for _ in range(ROUNDS):
        for state in ("DISABLE", "ENABLE"):
            rates.note(state, await writers(url, connection, state, seconds))
    print(f"seconds to insert {BULK:,} numbers:   {inserts}")
    print(f"{WRITERS} writers into one place, rows/s: {rates}")
    await connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=4)
    given = parser.parse_args()
    with temporary_database() as url:
        asyncio.run(measure(url, given.numbers, given.seconds))


if __name__ == "__main__":
    main()
