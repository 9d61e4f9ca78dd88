"""Prints how many calls a second `recordPhoneCalls` takes, through HTTP, with their events and deliveries.

    python -m benchmarks.bulk [--processes 2] [--seconds 10]

A temporary PostgreSQL, a carrier with 100 accounts and a webhook endpoint, and the service with its web
processes; every call has ended, so each has an event and a delivery. As the load shares the cores with what
it measures, the CPU time of all but the load is shown too, with the calls a second that two free cores give.
"""

import argparse
import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import orjson

from benchmarks.database import temporary_database
from cli.serve import listen
from models.database import Database
from models.secrets import Cipher
from resolvers.context import operator
from schema.root import schema

AT_ONCE, CORES = 1_000, 2
QUERY = """mutation($i: RecordPhoneCallsInput!) { recordPhoneCalls(input: $i) {
    results { phoneCall { id } userErrors { message field code } } userErrors { message field code } } }"""
SERIAL = count(10_000_000)


async def prepared(url: str, secret: str) -> tuple[str, list[str]]:
    """(a platform key, the ids of a carrier's accounts)."""
    async with Database.open(url) as database:
        context = operator(database, Cipher(secret))

        async def do(text: str, **given: Any) -> Any:
            result = await schema.run(text, given, context)
            assert not result.errors, result.errors
            return result.data

        key = await do('mutation { createApiKey(input: {name: "bench", role: PLATFORM}) { token } }')
        made = await do(
            """mutation { createCarrier(input: {name: "B", countryCode: "KH", billingCurrency: "KHR"}) {
            carrier { id } } }"""
        )
        carrier = made["createCarrier"]["carrier"]["id"]
        await do(
            """mutation($c: ID!) {
            createWebhookEndpoint(input: {carrierId: $c, url: "https://example.com/"}) {
            userErrors { message } } }""",
            c=carrier,
        )
        accounts = [
            await do(
                """mutation($c: ID!) { createAccount(input: {carrierId: $c, name: "A"}) {
                account { id } } }""",
                c=carrier,
            )
            for _ in range(100)
        ]
    return key["createApiKey"]["token"], [made["createAccount"]["account"]["id"] for made in accounts]


def body(accounts: list[str]) -> bytes:
    calls = [
        {
            "accountId": accounts[i % len(accounts)],
            "to": f"+8551{next(SERIAL)}",
            "from": f"+85523{4_000_000 + i % 50}",
            "direction": "OUTBOUND_API",
            "status": "COMPLETED",
            "duration": i % 300,
            "createdAt": "2026-11-24T09:44:32Z",
        }
        for i in range(AT_ONCE)
    ]
    return orjson.dumps({"query": QUERY, "variables": {"i": {"calls": calls}}})


async def load(address: str, key: str, accounts: list[str], seconds: float, clients: int) -> int:
    """How many calls were recorded in that time."""
    end, done = time.monotonic() + seconds, 0
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def one_client() -> None:
            nonlocal done
            while time.monotonic() < end:
                async with session.post(address, data=body(accounts)) as response:
                    answer = orjson.loads(await response.read())
                    results = answer["data"]["recordPhoneCalls"]["results"]
                    if len(results) != AT_ONCE or any(result["userErrors"] for result in results):
                        raise SystemExit(f"not recorded: {results[:1]}")
                done += AT_ONCE

        await asyncio.gather(*[one_client() for _ in range(clients)])
    return done


def statuses() -> Iterator[tuple[int, int, int, int]]:
    """(id, parent, session, ticks of CPU) of each process."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        yield int(path.parent.name), int(fields[1]), int(fields[3]), int(fields[11]) + int(fields[12])


def cpu_seconds(service: int, database: int) -> dict[str, float]:
    """CPU time of the web processes, which share a session, and of PostgreSQL's, by their parent."""
    used = {"web": 0, "PostgreSQL": 0}
    for process, parent, session, ticks in statuses():
        used["web"] += ticks if session == service else 0
        used["PostgreSQL"] += ticks if database in (process, parent) else 0
    return {name: ticks / os.sysconf("SC_CLK_TCK") for name, ticks in used.items()}


@contextmanager
def service(url: str, secret: str, processes: int) -> Iterator[tuple[int, str]]:
    """(process id, origin) of the web server."""
    environment = {"DATABASE_URL": url, "BROKER_URL": "redis://127.0.0.1:9/0", "SECRET_KEY": secret}
    environment |= {"WEB_CONCURRENCY": str(processes), "PATH": os.environ["PATH"]}
    with listen("127.0.0.1", 0) as listener:
        command = [sys.executable, "-m", "cli", "serve", "--fd", str(listener.fileno())]
        started = subprocess.Popen(
            command, env=environment, pass_fds=[listener.fileno()], start_new_session=True
        )
        try:
            yield started.pid, f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            started.send_signal(signal.SIGTERM)
            started.wait(30)


async def answers(address: str) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(600):
            try:
                async with session.get(address) as response:
                    if response.ok:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    raise SystemExit("the service does not answer")


async def measure(url: str, processes: int, seconds: float) -> None:
    secret = secrets.token_urlsafe(32)
    key, accounts = await prepared(url, secret)
    connection = await asyncpg.connect(url)
    own = await connection.fetchval("SELECT pg_backend_pid()")
    postmaster = next(parent for process, parent, *_ in statuses() if process == own)
    with service(url, secret, processes) as (web, origin):
        await answers(f"{origin}/health/live")
        await load(f"{origin}/graphql", key, accounts, 2, processes * 2)
        before, began = cpu_seconds(web, postmaster), time.monotonic()
        done = await load(f"{origin}/graphql", key, accounts, seconds, processes * 2)
        taken, after = time.monotonic() - began, cpu_seconds(web, postmaster)
    costs = {name: 1e6 * (after[name] - before[name]) / done for name in after}
    print(f"{done / taken:,.0f} calls/s with the load on the same cores")
    print("microseconds of CPU a call:", ", ".join(f"{name} {cost:.0f}" for name, cost in costs.items()))
    print(f"calls/s that {CORES} free cores give: {CORES * 1e6 / sum(costs.values()):,.0f}")
    for table in ("phone_call", "event", "webhook_delivery"):
        print(f"{table}: {await connection.fetchval(f'SELECT count(*) FROM {table}'):,} rows")
    await connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=10)
    given = parser.parse_args()
    with temporary_database() as url:
        asyncio.run(measure(url, given.processes, given.seconds))


if __name__ == "__main__":
    main()
