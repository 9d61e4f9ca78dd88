"""Prints how long a chart of 1,000,000 calls in a month takes, without and with ten times as much history.

    python -m benchmarks.statistics [--rows 1000000] [--history 10] [--rounds 9]

A temporary PostgreSQL is filled with one carrier's month; a copy of that database gets its history too. Each
chart is asked of both in turn, through the schema, so that whatever else the machine does meets both alike.
`core` is what this process and PostgreSQL have had of the processors. Needs Linux: it comes from /proc.
"""

import argparse
import asyncio
import statistics
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url

from benchmarks.database import ADD_CARRIER, CARRIER, reading, temporary_database
from models.database import Database
from resolvers.statistics import SIDE_BY_SIDE
from schema.root import schema

MONTH_MS = 31 * 86_400_000
MARCH_MS = 1_772_323_200_000
ACCOUNTS = f"""
INSERT INTO account (id, created_at, updated_at, carrier_id, name, type, status,
                     billing_enabled, billing_mode, billing_currency, default_tts_voice, metadata_)
SELECT ('01900000-0000-7000-8000-1' || lpad(to_hex(i), 11, '0'))::uuid, now(), now(), '{CARRIER}',
       'a' || i, 'customer_managed', 'enabled', false, 'prepaid', 'KHR', 'Basic.Kal', '{{}}'
FROM generate_series(0, 99) i"""
CALLS = f"""
INSERT INTO phone_call (id, created_at, updated_at, carrier_id, account_id, "to", from_, direction, status,
                        answered_at, duration, price, price_unit, country)
SELECT (lpad(to_hex(ms), 12, '0') || '70008000' || lpad(to_hex(i), 12, '0'))::uuid,
       to_timestamp(ms / 1000.0), now(), '{CARRIER}',
       ('01900000-0000-7000-8000-1' || lpad(to_hex(i * 7919 % 100), 11, '0'))::uuid, '+85512334667', '2442',
       (ARRAY['outbound-api', 'inbound', 'outbound-dial'])[1 + i % 3], status,
       CASE WHEN status = 'completed' THEN to_timestamp(ms / 1000.0) END,
       CASE WHEN status = 'completed' THEN i % 300 ELSE 0 END,
       CASE WHEN status = 'completed' THEN -(i % 1000) * 0.000123 END,
       CASE WHEN status = 'completed' THEN (ARRAY['KHR', 'USD'])[1 + (i % 50 = 0)::int] END,
       (ARRAY['KH', 'VN', 'TH'])[1 + i % 3]
FROM (SELECT i, $1::bigint + i * $2::bigint / $3::bigint AS ms,
             (ARRAY['completed', 'completed', 'completed', 'busy', 'no-answer'])[1 + i % 5] AS status
      FROM generate_series(0, $3::bigint - 1) i) made"""
ALL = "count answered seconds answerSeizureRatio averageSeconds charges { currency amount }"
CHARTS = {
    "count by day": ("interval: DAY", "count"),
    "everything by day": ("interval: DAY", ALL),
    "everything by hour": ("interval: HOUR", ALL),
    "everything by day and state": ("interval: DAY, groupBy: STATUS", ALL),
    "everything by account": ("groupBy: ACCOUNT", f"account {{ name }} {ALL}"),
    "one account of 100 by day": (
        'interval: DAY, filter: {account: "01900000-0000-7000-8000-100000000005", %s}',
        ALL,
    ),
}
DATES = 'fromDate: "2026-03-01T00:00:00Z", toDate: "2026-03-31T23:59:59.999Z"'


def query(arguments: str, fields: str) -> str:
    filtered = arguments % DATES if "%s" in arguments else f"{arguments}, filter: {{{DATES}}}"
    return f'{{ phoneCallStats({filtered}, timeZone: "UTC", first: 1000) {{ nodes {{ start {fields} }} }} }}'


@dataclass
class Side:
    """A database that is asked, and the milliseconds that its answers to a chart took."""

    database: Database
    backends: list[int]
    times: list[float] = field(default_factory=list)
    cores: list[float] = field(default_factory=list)

    @classmethod
    async def of(cls, database: Database) -> "Side":
        sleep = "SELECT pg_backend_pid() FROM pg_sleep(0.1)"
        return cls(
            database,
            await asyncio.gather(*[database.walled.fetchval(CARRIER, sleep) for _ in range(SIDE_BY_SIDE)]),
        )

    async def ask(self, text: str) -> int:
        """How many groups the answer has."""
        began, begin = self._busy(), time.perf_counter()
        result = await schema.run(text, None, reading(self.database.walled))
        self.times.append((time.perf_counter() - begin) * 1000)
        self.cores.append(self._busy() - began)
        assert result.data, result.errors
        return len(result.data["phoneCallStats"]["nodes"])

    def _busy(self) -> float:
        """Milliseconds for which this process and the database's have had a core."""
        on_core = sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in self.backends)
        return on_core / 1e6 + time.process_time() * 1000


async def compare(sides: list[Side], rounds: int) -> None:
    print(f"{'':28} {'groups':>6} {'ms':>6} {'with history':>13} {'core':>6} {'with history':>13}")
    for name, (arguments, fields) in CHARTS.items():
        for side in sides:
            await side.ask(query(arguments, fields))  # what is new to it is planned now
            side.times.clear()
            side.cores.clear()
        for turn in range(rounds):
            for side in sides if turn % 2 else reversed(sides):
                groups = await side.ask(query(arguments, fields))
        told = [
            f"{alone:6.0f} {history:6.0f} ({history / alone:4.2f})"
            for alone, history in (
                [statistics.median(side.times) for side in sides],
                [statistics.median(side.cores) for side in sides],
            )
        ]
        print(f"{name:28} {groups:6} {' '.join(told)}")


async def fill(url: str, months: range, rows: int) -> None:
    connection: Any = await asyncpg.connect(url)
    await connection.execute("SET session_replication_role = replica")  # no triggers of foreign keys
    for month in months:
        await connection.execute(CALLS, MARCH_MS - month * MONTH_MS, MONTH_MS, rows, timeout=3600)
    await connection.execute("VACUUM ANALYZE", timeout=3600)
    await connection.close()


async def copied(url: str) -> str:
    """The URL of a copy of the database, which nobody may be connected to."""
    server: Any = await asyncpg.connect(url, database="postgres")
    await server.execute("CREATE DATABASE history TEMPLATE carrierql", timeout=3600)
    await server.close()
    return make_url(url).set(database="history").render_as_string(hide_password=False)


async def measure(url: str, rows: int, history: int, rounds: int) -> None:
    connection: Any = await asyncpg.connect(url)
    await connection.execute(f"{ADD_CARRIER}; {ACCOUNTS}")
    await connection.close()
    await fill(url, range(1), rows)
    longer = await copied(url)
    await fill(longer, range(1, history + 1), rows)
    print(f"{rows} calls in the month, alone and with {history} times as many before it; medians of {rounds}")
    async with AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(Database.open(each, size=SIDE_BY_SIDE)) for each in (url, longer)
        ]
        await compare([await Side.of(database) for database in opened], rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--history", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    with temporary_database() as url:
        asyncio.run(measure(url, given.rows, given.history, given.rounds))


if __name__ == "__main__":
    main()
