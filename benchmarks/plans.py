"""Prints how PostgreSQL reads each documented filter of calls, alone and combined, on page 1 and deep.

    python -m benchmarks.plans [--rows 1000000]

A temporary PostgreSQL is filled with one carrier's calls. `fetched` counts the rows that all scans of the
statement touched, `ms` is its execution time; a sequential scan of the calls is shouted.
"""

import argparse
import asyncio
import tempfile
from itertools import combinations
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from cli.embedded import Postgres
from models.api_key import ApiKeyAccess, ApiKeyRole
from models.database import READ_SETTINGS, Database
from models.migrations import migrate
from models.secrets import Cipher
from resolvers.context import Context, Home, Viewer
from schema.root import schema

CARRIER = UUID("01900000-0000-7000-8000-000000000001")
FILL = """
INSERT INTO carrier VALUES ('{carrier}', now(), now(), 'Bench', 'KH', 'KHR');
INSERT INTO account (id, created_at, updated_at, carrier_id, name, type, status,
                     billing_enabled, billing_mode, billing_currency, default_tts_voice, metadata_)
SELECT ('01900000-0000-7000-8000-1' || lpad(to_hex(i), 11, '0'))::uuid, now(), now(), '{carrier}',
       'a' || i, 'customer_managed', 'enabled', false, 'prepaid', 'KHR', 'Basic.Kal', '{{}}'
FROM generate_series(1, 100) i;
INSERT INTO phone_call (id, created_at, updated_at, carrier_id, account_id, "to", from_, direction, status)
SELECT (lpad(to_hex(1700000000000 + i * 60000), 12, '0') || '70008000' || lpad(to_hex(i), 12, '0'))::uuid,
       to_timestamp(1700000000 + i * 60), now(), '{carrier}',
       ('01900000-0000-7000-8000-1' || lpad(to_hex(1 + i % 100), 11, '0'))::uuid, '+85512334667', '2442',
       (ARRAY['outbound-api', 'outbound-api', 'outbound-dial'])[1 + i % 3],
       (ARRAY['completed', 'completed', 'completed', 'busy', 'no-answer'])[1 + i % 5]
FROM generate_series(1, {rows}::bigint) i;
ANALYZE;
"""
QUERY = """query($filter: PhoneCallFilter, $after: String) {
  phoneCalls(filter: $filter, after: $after, first: 10) { nodes { id to status account { id name } } } }"""
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
    """Stands where the pool for reads stands and explains what it is asked to read."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.plan: dict[str, Any] = {}

    async def fetch(self, text: str, *values: Any) -> list[Any]:
        found = await self.connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {text}", *values)
        self.plan = orjson.loads(found)[0]
        return []


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


async def measure(url: str, rows: int) -> None:
    connection = await asyncpg.connect(url, server_settings=READ_SETTINGS)
    await connection.execute(FILL.format(carrier=CARRIER, rows=rows), timeout=3600)
    deep = str(
        await connection.fetchval("SELECT id FROM phone_call ORDER BY id LIMIT 1 OFFSET $1", rows // 10)
    )
    explaining = Explaining(connection)
    database = Database(reads=explaining, engine=None, autocommit=None)  # type: ignore[arg-type] # reads alone are used
    viewer = Viewer(None, ApiKeyRole.CARRIER, ApiKeyAccess.READ, Home(CARRIER, "KH", "KHR"))
    print(f"{'filter':58} {'fetched':>8} {'ms':>8}")
    for name, given, after in cases(deep):
        for _ in range(2):  # the second one is warm
            context = Context(database, Cipher("k" * 32), viewer)
            result = await schema.run(QUERY, {"filter": given, "after": after}, context)
        assert not result.errors, result.errors
        scans = [node for node in nodes(explaining.plan["Plan"]) if "Relation Name" in node]
        fetched = sum(
            (n["Actual Rows"] + n.get("Rows Removed by Filter", 0)) * n["Actual Loops"] for n in scans
        )
        whole = any(n["Node Type"] == "Seq Scan" and n["Relation Name"] == "phone_call" for n in scans)
        shout = "   SEQUENTIAL SCAN" if whole else ""
        print(f"{name:58} {fetched:8.0f} {explaining.plan['Execution Time']:8.2f}{shout}")
    await connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o711)  # PostgreSQL's user has to pass when root runs this
        server = Postgres(Path(directory) / "postgres", durable=False)
        server.start()
        try:
            migrate(server.url)
            asyncio.run(measure(server.url, rows))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
