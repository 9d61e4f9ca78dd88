"""Prints how long a chart of 1,000,000 calls in a month takes, with and without ten times as much history.

    python -m benchmarks.statistics [--rows 1000000] [--history 10]

A temporary PostgreSQL is filled with one carrier's month, then with its history. Each chart is asked
through the schema, five times. Needs Linux: `core ms` comes from /proc.
"""

import argparse
import asyncio
import statistics
import time
from pathlib import Path
from typing import Any

import asyncpg

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


def busy(backends: list[int]) -> float:
    """Milliseconds for which this process and the database's have had a core."""
    on_core = sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in backends)
    return on_core / 1e6 + time.process_time() * 1000


async def ask(database: Database) -> None:
    sleep = "SELECT pg_backend_pid() FROM pg_sleep(0.1)"
    backends = await asyncio.gather(*[database.walled.fetchval(sleep) for _ in range(SIDE_BY_SIDE)])
    print(f"  {'':28} {'groups':>6} {'median ms':>10} {'best ms':>8} {'core ms':>8}")
    for name, (arguments, fields) in CHARTS.items():
        times, cores = [], []
        for _ in range(5):
            begin, began = time.perf_counter(), busy(backends)
            result = await schema.run(query(arguments, fields), None, reading(database.walled))
            times.append((time.perf_counter() - begin) * 1000)
            cores.append(busy(backends) - began)
            assert result.data, result.errors
            groups = len(result.data["phoneCallStats"]["nodes"])
        print(
            f"  {name:28} {groups:6} {statistics.median(times):10.0f} {min(times):8.0f} "
            f"{statistics.median(cores):8.0f}"
        )


async def measure(url: str, rows: int, history: int) -> None:
    connection: Any = await asyncpg.connect(url)
    await connection.execute(f"{ADD_CARRIER}; {ACCOUNTS}")
    async with Database.open(url, size=SIDE_BY_SIDE) as database:
        await connection.execute(CALLS, MARCH_MS, MONTH_MS, rows, timeout=3600)
        await connection.execute("VACUUM ANALYZE", timeout=3600)
        print(f"{rows} calls in the month, nothing outside of it")
        await ask(database)
        for month in range(1, history + 1):
            await connection.execute(CALLS, MARCH_MS - month * MONTH_MS, MONTH_MS, rows, timeout=3600)
        await connection.execute("VACUUM ANALYZE", timeout=3600)
        print(f"{rows} calls in the month, {history} times as many before it")
        await ask(database)
    await connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--history", type=int, default=10)
    given = parser.parse_args()
    with temporary_database() as url:
        asyncio.run(measure(url, given.rows, given.history))


if __name__ == "__main__":
    main()
