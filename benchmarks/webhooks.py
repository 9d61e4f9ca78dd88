"""How fast webhooks go out, how soon, and how little hostile endpoints disturb the others.

    python -m benchmarks.webhooks throughput [--events 5000] [--workers 2]
    python -m benchmarks.webhooks delay      [--rate 50] [--seconds 20]
    python -m benchmarks.webhooks fairness   [--rate 25] [--seconds 20]

`throughput`: deliveries a second to 8 endpoints that answer after 20 ms, all due at the start. `delay`:
from the commit of an event to its first attempt, while calls end at the given rate. `fairness`: the same
delay of 4 endpoints beside 8 that answer, and beside 8 that hang, never stop answering, reset or are not
there, in turn.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from models import event
from models.columns import born
from models.database import engine_url
from models.event import Event
from resolvers.outbox import record_events
from tests.commands import Up, free_port

RECORD = """mutation($i: RecordPhoneCallInput!) {
  recordPhoneCall(input: $i) { phoneCall { id } userErrors { message } } }"""
DELAYS = """
SELECT percentile_cont($2::float8[]) WITHIN GROUP (ORDER BY delay) FROM (
    SELECT extract(epoch FROM min(a.attempted_at) - d.created_at) AS delay
    FROM webhook_delivery d JOIN webhook_attempt a ON a.delivery_id = d.id
    JOIN webhook_endpoint e ON e.id = d.endpoint_id
    WHERE e.carrier_id = $1 GROUP BY d.id) AS first_attempts
"""
UNSENT = "SELECT count(*) FROM webhook_delivery WHERE status <> 'succeeded'"
SENT = """
SELECT count(*), extract(epoch FROM max(attempted_at) - min(attempted_at))::float8 AS seconds
FROM webhook_attempt
"""
ROUNDS = 3
HOSTILE = ("/hang", "/endless", "/reset", "nowhere")
ENVIRONMENT = {"WEBHOOK_ALLOW_PRIVATE_ADDRESSES": "true", "LOG_FORMAT": "json"}


class Site:
    """A `carrierql up` with a sink, and the platform's key to it."""

    def __init__(self, up: Up, sink: str, http: aiohttp.ClientSession) -> None:
        self.up, self.sink, self.http = up, sink, http
        self.database = json.loads((up.data_dir / "addresses.json").read_text())["DATABASE_URL"]

    async def run(self, text: str, **given: Any) -> Any:
        body = {"query": text, "variables": {"i": given}}
        async with self.http.post(f"{self.up.origin}/graphql", json=body) as response:
            return (await response.json())["data"]

    async def make(self, type_: str, **given: Any) -> str:
        shown = type_[0].lower() + type_[1:]
        text = f"mutation($i: Create{type_}Input!) {{ create{type_}(input: $i) {{ {shown} {{ id }} }} }}"
        return str((await self.run(text, **given))[f"create{type_}"][shown]["id"])

    async def carrier(self, *urls: str) -> tuple[str, str]:
        """(id of a new carrier with endpoints at these places, id of its account)."""
        carrier = await self.make("Carrier", name="Benchmark", countryCode="KH", billingCurrency="KHR")
        for url in urls:
            await self.make("WebhookEndpoint", carrierId=carrier, url=url)
        return carrier, await self.make("Account", carrierId=carrier, name="Benchmark")

    async def disable(self, carrier: str) -> None:
        """Nothing of this carrier is sent any more."""
        text = "query($i: ID) { webhookEndpoints(carrier: $i) { id } }"
        changed = "updateWebhookEndpoint(input: $i) { userErrors { message } }"
        change = f"mutation($i: UpdateWebhookEndpointInput!) {{ {changed} }}"
        body = {"query": text, "variables": {"i": carrier}}
        async with self.http.post(f"{self.up.origin}/graphql", json=body) as response:
            endpoints = (await response.json())["data"]["webhookEndpoints"]
        for endpoint in endpoints:
            await self.run(change, id=endpoint["id"], enabled=False)

    async def end_calls(self, accounts: list[str], rate: float, seconds: float) -> None:
        """Calls that end, one after the other, for each account in turn."""
        given = {"to": "+85512334667", "from": "2442", "direction": "OUTBOUND_API", "status": "COMPLETED"}
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(int(rate * seconds)):
                await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
                account = accounts[number % len(accounts)]
                group.create_task(self.run(RECORD, accountId=account, **given))

    async def delays(self, carrier: str) -> list[float]:
        """Seconds to the first attempt: p50, p95, p99."""
        connection = await asyncpg.connect(self.database)
        try:
            return list(await connection.fetchval(DELAYS, carrier, [0.5, 0.95, 0.99]))
        finally:
            await connection.close()


async def throughput(site: Site, events: int, workers: int) -> None:
    carrier, _ = await site.carrier(*[f"{site.sink}/{number}" for number in range(8)])
    engine = create_async_engine(engine_url(site.database))
    made = [
        Event(
            **born(),
            carrier_id=UUID(carrier),
            type=event.PHONE_CALL_COMPLETED,
            details={"data": {"id": str(n)}},
        )
        for n in range(events)
    ]
    with more_workers(site, workers - 1):
        await asyncio.sleep(3)  # the further workers are there when the work is
        async with AsyncSession(engine) as session, session.begin():
            await record_events(session, *made)
        connection = await asyncpg.connect(site.database)
        while await connection.fetchval(UNSENT):  # noqa: ASYNC110  other processes' doing
            await asyncio.sleep(0.5)
        (row,) = await connection.fetch(SENT)
        print(f"{row['count']} deliveries, {row['count'] / row['seconds']:.0f} a second by {workers} workers")
        await connection.close()
    await engine.dispose()


@contextmanager
def more_workers(site: Site, count: int) -> Iterator[None]:
    command = [sys.executable, "-P", "-m", "cli", "worker"]
    running = [subprocess.Popen(command, env=site.up.environment_of_children()) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.terminate()
            process.wait()


async def delay(site: Site, rate: float, seconds: float) -> None:
    carrier, account = await site.carrier(*[f"{site.sink}/{number}" for number in range(4)])
    await site.end_calls([account], rate, seconds)
    await asyncio.sleep(3)
    p50, p95, p99 = await site.delays(carrier)
    print(f"first attempt after {p50:.3f} s (p50), {p95:.3f} s (p95), {p99:.3f} s (p99), 4 endpoints")


async def fairness(site: Site, rate: float, seconds: float) -> None:
    """The delay of four endpoints beside eight well-behaved ones and beside eight hostile ones, in turn."""
    hostile = [f"http://127.0.0.1:{free_port()}/" if at == "nowhere" else site.sink + at for at in HOSTILE]
    kinds = {"well-behaved": [f"{site.sink}/{number}" for number in range(8)], "hostile": hostile * 2}
    found: dict[str, list[list[float]]] = {kind: [] for kind in kinds}
    for _ in range(ROUNDS):
        for kind, urls in kinds.items():
            good, account = await site.carrier(*[f"{site.sink}/{number}" for number in range(4)])
            other, others_account = await site.carrier(*urls)
            await site.end_calls([account, others_account], 2 * rate, seconds)
            await asyncio.sleep(3)
            found[kind].append(await site.delays(good))
            await site.disable(other)
    well, ill = ([median(column) for column in zip(*found[kind], strict=True)] for kind in kinds)
    for name, before, after in zip(("p50", "p95", "p99"), well, ill, strict=True):
        print(f"{name}: {before:.3f} s beside good ones, {after:.3f} s beside hostile: {after / before:.2f}")


@contextmanager
def running_sink() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.sink", str(port)])
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


async def measure(given: argparse.Namespace) -> None:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="carrierql-")))
        directory.chmod(0o711)  # noqa: ASYNC240  PostgreSQL's user has to pass when root runs this
        up = stack.enter_context(Up.running(directory / "data", **ENVIRONMENT))
        sink = stack.enter_context(running_sink())
        key = up.wait_for("  platform key  ").split("key")[1].split()[0]
        bearer = {"Authorization": f"Bearer {key}"}
        async with aiohttp.ClientSession(headers=bearer) as http:
            site = Site(up, sink, http)
            if given.what == "throughput":
                await throughput(site, given.events, given.workers)
            else:
                await {"delay": delay, "fairness": fairness}[given.what](site, given.rate, given.seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=("throughput", "delay", "fairness"))
    parser.add_argument("--events", type=int, default=5000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--seconds", type=float, default=20)
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
