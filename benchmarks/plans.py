"""Prints how PostgreSQL reads each documented filter of calls, alone and combined, on page 1 and deep.

    python -m benchmarks.plans [--rows 1000000]

A temporary PostgreSQL is filled with one carrier's calls (10,000,000 take some minutes). `fetched` counts
the rows that all scans of the statement touched, `ms` is the median of its execution times; a sequential
scan of the calls is shouted. Pages have 100 rows; the deep one follows the last row of page 9,999 of the
unfiltered list. In the end: what that page costs against page 1 of the same filter, and what a filter that
matches nothing costs against the same one with rows that match.
"""

import argparse
import asyncio
import statistics
from itertools import combinations
from typing import Any

import asyncpg
import orjson

from benchmarks.database import ADD_CARRIER, CARRIER, reading, temporary_database
from models.database import READ_SETTINGS
from models.wall import SETTING, TENANT
from schema.root import schema

ACCOUNTS = f"""
INSERT INTO account (id, created_at, updated_at, carrier_id, name, type, status,
                     billing_enabled, billing_mode, billing_currency, default_tts_voice, metadata_)
SELECT ('01900000-0000-7000-8000-1' || lpad(to_hex(i), 11, '0'))::uuid, now(), now(), '{CARRIER}',
       'a' || i, 'customer_managed', 'enabled', false, 'prepaid', 'KHR', 'Basic.Kal', '{{}}'
FROM generate_series(1, 100) i
"""
CALLS = f"""
INSERT INTO phone_call (id, created_at, updated_at, carrier_id, account_id, "to", from_, direction, status)
SELECT (lpad(to_hex(1700000000000 + i * {{step}}), 12, '0') || '70008000' || lpad(to_hex(i), 12, '0'))::uuid,
       to_timestamp((1700000000000 + i * {{step}}) / 1000.0), now(), '{CARRIER}',
       ('01900000-0000-7000-8000-1' || lpad(to_hex(1 + i % 100), 11, '0'))::uuid, '+85512334667', '2442',
       (ARRAY['outbound-api', 'outbound-api', 'outbound-dial'])[1 + i % 3],
       (ARRAY['completed', 'completed', 'completed', 'busy', 'no-answer'])[1 + i % 5]
FROM generate_series(1, {{rows}}::bigint) i
"""
INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE tablename = 'phone_call' AND indexname NOT LIKE 'pk%'
"""
MINUTES = 1_000_000  # the calls come evenly in these minutes, however many there are
PAGE, DEEP_PAGE, ROUNDS = 100, 10_000, 21
QUERY = """query($filter: PhoneCallFilter, $after: String) {
  phoneCalls(filter: $filter, after: $after, first: 100) { nodes { id to status account { id name } } } }"""
ACCOUNT = "01900000-0000-7000-8000-100000000002"
MATCHING = {
    "account": ACCOUNT,
    "fromDate": "2024-01-01T00:00:00Z",
    "toDate": "2025-06-01T00:00:00Z",
    "direction": "OUTBOUND_API",
    "status": "COMPLETED",
}
NOTHING = {"direction": "INBOUND", "status": "CANCELED"}


class Explaining:
    """Stands where the pool for reads stands and explains what it is asked to read.

    As a prepared statement that is executed: EXPLAIN with parameters would plan for their values, which the
    service's plans do not know.
    """

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.prepared: dict[str, str] = {}
        self.plan: dict[str, Any] = {}

    async def fetch(self, _owner: Any, text: str, *values: Any) -> list[Any]:
        if text not in self.prepared:
            self.prepared[text] = f"read{len(self.prepared)}"
            await self.connection.execute(f"PREPARE {self.prepared[text]} AS {text}")
        given = ", ".join(map(literal, values))
        execute = f"EXECUTE {self.prepared[text]} ({given})"
        found = await self.connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {execute}")
        self.plan = orjson.loads(found)[0]
        return []


def literal(value: Any) -> str:
    """Of an id, a number, a text or a list of them, none of which has a quotation mark."""
    if value is None:
        return "NULL"
    return f"'{{{','.join(value)}}}'" if isinstance(value, list) else f"'{value}'"


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *[inner for part in plan.get("Plans", ()) for inner in nodes(part)]]


def cases(deep: str) -> list[tuple[str, dict[str, Any], str | None]]:
    made: list[tuple[str, dict[str, Any], str | None]] = []
    for count in range(len(MATCHING) + 1):
        for chosen in combinations(MATCHING, count):
            given = {name: MATCHING[name] for name in chosen}
            name = " ".join(chosen) or "no filter"
            made += [(name, given, None), (f"{name}, deep", given, deep)]
            if changed := {key: NOTHING[key] for key in chosen if key in NOTHING}:
                made.append((f"{name}, no match", given | changed, None))
    return made


async def fill(connection: Any, rows: int) -> None:
    """Fill the table first and index it then, without the triggers of foreign keys: a tenth of the time."""
    await connection.execute(ADD_CARRIER)
    await connection.execute(ACCOUNTS)
    indexes = await connection.fetch(INDEXES)
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['indexname']}")
    await connection.execute("SET session_replication_role = replica; SET maintenance_work_mem = '1GB'")
    step = MINUTES * 60_000 // rows
    await connection.execute(CALLS.format(rows=rows, step=step), timeout=3600)
    for index in indexes:
        await connection.execute(index["indexdef"], timeout=3600)
    await connection.execute("VACUUM ANALYZE", timeout=3600)


async def explained(explaining: Explaining, given: dict[str, Any], after: str | None) -> tuple[float, float]:
    """(rows fetched, median of the milliseconds) of a page."""
    times = []
    for _ in range(ROUNDS):
        result = await schema.run(QUERY, {"filter": given, "after": after}, reading(explaining))
        assert not result.errors, result.errors
        times.append(explaining.plan["Execution Time"])
    scans = [node for node in nodes(explaining.plan["Plan"]) if "Relation Name" in node]
    rows = (
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in scans
    )
    return sum(rows), statistics.median(times)


async def measure(url: str, rows: int) -> None:
    connection = await asyncpg.connect(url, server_settings=READ_SETTINGS)
    await fill(connection, rows)
    page = min(DEEP_PAGE, rows // PAGE * 9 // 10)
    deep = str(
        await connection.fetchval(
            "SELECT id FROM phone_call ORDER BY id DESC LIMIT 1 OFFSET $1", PAGE * (page - 1) - 1
        )
    )
    await connection.execute(f"SET ROLE {TENANT}; SET {SETTING} = '{CARRIER}'")  # as the service reads
    explaining = Explaining(connection)
    took: dict[str, float] = {}
    print(f"{'filter':58} {'fetched':>8} {'ms':>8}")
    for name, given, after in cases(deep):
        fetched, took[name] = await explained(explaining, given, after)
        whole = any(
            node["Node Type"] == "Seq Scan" and node["Relation Name"] == "phone_call"
            for node in nodes(explaining.plan["Plan"])
        )
        shout = "   SEQUENTIAL SCAN" if whole else ""
        print(f"{name:58} {fetched:8.0f} {took[name]:8.3f}{shout}")
    for kind in ("deep", "no match"):
        ratios = {name: took[f"{name}, {kind}"] / took[name] for name in took if f"{name}, {kind}" in took}
        worst = max(ratios, key=lambda name: ratios[name])
        middle = statistics.median(ratios.values())
        print(f"{kind} / first page: median {middle:.2f}, highest {ratios[worst]:.2f} ({worst})")
    await connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with temporary_database() as url:
        asyncio.run(measure(url, rows))


if __name__ == "__main__":
    main()
