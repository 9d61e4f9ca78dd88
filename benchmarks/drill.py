"""The kill drill: whatever is killed while webhooks are on their way, none is lost.

    python -m benchmarks.drill [--seconds 60] [--seeds 1 2 3] [--broker valkey|rabbitmq] [--rate 25]

`carrierql up` runs with nine endpoints, one of which always fails. Calls end at the given rate, each an
event for every endpoint, while processes are killed at random: workers, scheduler, web, PostgreSQL, the
broker, and the broker with all its data. Afterwards the rows of PostgreSQL are the truth: each delivery
must have come to its receiver and be recorded so. RabbitMQ is Debian's rabbitmq-server.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from aiohttp import web

from tests.commands import Up
from tests.rabbitmq import RabbitMQ
from tests.receivers import Receiver

GOOD = 8
SINK_SECONDS = 0.02
ENVIRONMENT = {
    "WEBHOOK_ALLOW_PRIVATE_ADDRESSES": "true",
    "WEBHOOK_ATTEMPT_SECONDS": "2",
    "WEBHOOK_RETRY_SCHEDULE": "0,1,1,1,2,2,2,4,4,4",
}
RECORD = """mutation($i: RecordPhoneCallInput!) {
  recordPhoneCall(input: $i) { phoneCall { id } userErrors { message } } }"""
PARTS = {
    "worker": "-m cli worker",
    "scheduler": "-m cli scheduler",
    "web": "-m cli serve",
    "postgres": "bin/postgres -D",
    "valkey": "valkey-server",
}


@dataclass
class Result:
    """`lost` counts deliveries that were committed and never came; `unheard` calls that were acknowledged
    and are not there. `disorder` counts deliveries whose attempts do not follow one another in time."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    committed: int = 0
    lost: int = 0
    unheard: int = 0
    duplicates: int = 0
    disorder: int = 0

    def __str__(self) -> str:
        kills = " ".join(f"{part} {count}" for part, count in sorted(self.kills.items()))
        return (
            f"seed {self.seed}: {self.acknowledged} calls acknowledged, {self.unheard} of them missing; "
            f"{self.committed} deliveries committed, {self.lost} lost, {self.duplicates} duplicates, "
            f"{self.disorder} out of order; killed: {kills or 'nothing'}"
        )


class Drill:
    def __init__(self, up: Up, receiver: Receiver, broker: RabbitMQ | None, result: Result) -> None:
        self.up, self.receiver, self.broker, self.result = up, receiver, broker, result
        self.random = random.Random(result.seed)
        self.key = up.wait_for("  platform key  ").split("key")[1].split()[0]
        self.database = json.loads((up.data_dir / "addresses.json").read_text())["DATABASE_URL"]
        self.acknowledged: list[str] = []

    async def run(self, seconds: float, rate: float) -> None:
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {self.key}"}) as http:
            account = await self._prepare(http)
            end = time.monotonic() + seconds
            await asyncio.gather(self._load(http, account, end, rate), self._kill(end))
        await self._settle()

    async def graphql(self, http: aiohttp.ClientSession, text: str, given: Any) -> Any:
        body = {"query": text, "variables": {"i": given}}
        async with http.post(f"{self.up.origin}/graphql", json=body) as response:
            return (await response.json())["data"]

    async def _prepare(self, http: aiohttp.ClientSession) -> str:
        carrier = await self._make(http, "Carrier", name="Drill", countryCode="KH", billingCurrency="KHR")
        for number in range(GOOD + 1):
            self.receiver.answers[f"/{number}"] = 500 if number == GOOD else answer_slowly
            url = f"{self.receiver.origin}/{number}"
            await self._make(http, "WebhookEndpoint", carrierId=carrier, url=url)
        return await self._make(http, "Account", carrierId=carrier, name="Drill")

    async def _make(self, http: aiohttp.ClientSession, type_: str, **given: Any) -> str:
        shown = type_[0].lower() + type_[1:]
        text = f"mutation($i: Create{type_}Input!) {{ create{type_}(input: $i) {{ {shown} {{ id }} }} }}"
        made = (await self.graphql(http, text, given))[f"create{type_}"]
        return str(made[shown]["id"])

    async def _load(self, http: aiohttp.ClientSession, account: str, end: float, rate: float) -> None:
        given = {"accountId": account, "to": "+85512334667", "from": "2442", "status": "COMPLETED"}
        given |= {"direction": "OUTBOUND_API"}

        async def report() -> None:
            # What a killed process leaves unanswered may have been committed or not: PostgreSQL knows.
            with suppress(aiohttp.ClientError, LookupError, TypeError, ValueError):
                answer = (await self.graphql(http, RECORD, given))["recordPhoneCall"]
                self.acknowledged.append(answer["phoneCall"]["id"])

        async with asyncio.TaskGroup() as group:
            while time.monotonic() < end:
                group.create_task(report())
                await asyncio.sleep(1 / rate)

    async def _kill(self, end: float) -> None:
        """Kill something every one to three seconds; what is just starting again may be missed."""
        parts = ["worker", "scheduler", "web", "postgres", "broker", "broker and its data"]
        while (pause := self.random.uniform(1, 3)) + time.monotonic() < end:
            await asyncio.sleep(pause)
            part = self.random.choice(parts)
            with suppress(ValueError, ProcessLookupError):  # it is not there at the moment
                await asyncio.to_thread(self._kill_one, part)
                self.result.kills[part] += 1

    def _kill_one(self, part: str) -> None:
        if not part.startswith("broker"):
            os.kill(self.up.child(PARTS[part]), signal.SIGKILL)
        elif self.broker is not None:
            self.broker.lose_everything() if "data" in part else self.broker.kill()
            self.broker.start()
        else:
            os.kill(self.up.child(PARTS["valkey"]), signal.SIGKILL)
            if "data" in part:
                shutil.rmtree(self.up.data_dir / "valkey" / "appendonlydir", ignore_errors=True)

    async def _settle(self, seconds: float = 180) -> None:
        """Wait until the good endpoints have nothing due, then count."""
        deadline = time.monotonic() + seconds
        connection = await self._connect(deadline)
        try:
            while await connection.fetchval(OPEN, GOOD) and time.monotonic() < deadline:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
            await self._count(connection)
        finally:
            await connection.close()

    async def _connect(self, deadline: float) -> Any:
        """PostgreSQL may have been the last one to be killed."""
        while True:
            try:
                return await asyncpg.connect(self.database)
            except (OSError, asyncpg.PostgresError):
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.2)

    async def _count(self, connection: Any) -> None:
        came = Counter(one.webhook_id for one in self.receiver.received if one.path != f"/{GOOD}")
        rows = await connection.fetch(GOOD_DELIVERIES, GOOD)
        found = self.result
        found.acknowledged, found.committed = len(self.acknowledged), len(rows)
        found.lost = sum(row["status"] != "succeeded" or str(row["id"]) not in came for row in rows)
        found.duplicates = sum(came.values()) - len(came)
        found.unheard = await connection.fetchval(MISSING, self.acknowledged)
        found.disorder = await connection.fetchval(DISORDER)


OF_GOOD = """FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id
  WHERE e.url NOT LIKE '%/' || $1::int"""
OPEN = f"SELECT count(*) {OF_GOOD} AND d.status <> 'succeeded'"
GOOD_DELIVERIES = f"SELECT d.id, d.status {OF_GOOD}"
MISSING = """SELECT count(*) FROM unnest($1::text[]) AS call (id)
  WHERE NOT EXISTS (SELECT FROM event WHERE details #>> '{data,id}' = call.id)"""
# The log's ids rise with the time of the attempts; one attempt must have ended before the next begins.
DISORDER = """SELECT count(DISTINCT delivery_id) FROM (
    SELECT delivery_id, attempted_at < lag(attempted_at + duration_ms * interval '1 ms')
        OVER (PARTITION BY delivery_id ORDER BY id) AS early FROM webhook_attempt) AS attempts WHERE early"""


async def answer_slowly(_request: web.Request) -> web.Response:
    await asyncio.sleep(SINK_SECONDS)
    return web.Response(status=204)


@asynccontextmanager
async def surroundings(kind: str) -> AsyncIterator[tuple[Up, Receiver, RabbitMQ | None]]:
    """A service of its own in a temporary directory, and its receiver."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="carrierql-")))
        directory.chmod(0o711)  # noqa: ASYNC240  PostgreSQL's user has to pass when root runs this
        broker, environment = None, dict(ENVIRONMENT)
        if kind == "rabbitmq":
            broker = RabbitMQ(directory / "rabbitmq")
            stack.callback(broker.stop)
            await asyncio.to_thread(broker.start)
            environment["BROKER_URL"] = broker.url
        receiver = await stack.enter_async_context(Receiver.listening())
        up = stack.enter_context(Up.running(directory / "data", **environment))
        yield up, receiver, broker


async def drill(kind: str, seed: int, seconds: float, rate: float) -> Result:
    result = Result(seed)
    async with surroundings(kind) as (up, receiver, broker):
        await Drill(up, receiver, broker, result).run(seconds, rate)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--broker", choices=("valkey", "rabbitmq"), default="valkey")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=25, help="calls a second; each is nine deliveries")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    given = parser.parse_args()
    for seed in given.seeds:
        print(given.broker, asyncio.run(drill(given.broker, seed, given.seconds, given.rate)), flush=True)


if __name__ == "__main__":
    main()
