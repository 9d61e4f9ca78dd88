"""How soon events reach many subscribers of one process, and what they cost in memory.

    python -m benchmarks.subscriptions delay  [--subscribers 1000] [--events 40] [--rate 2]
    python -m benchmarks.subscriptions memory [--events 20000]

`delay`: from the commit of an event to its arrival at each of the subscribers (WebSocket), and the memory of
the server before and with them. `memory`: of the server while one subscription with a selection of two
levels is given many events; where something is kept for each event, it grows with them.
"""

import argparse
import asyncio
import json
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from models import ids
from tests.commands import Up

PROTOCOL = Subprotocol("graphql-transport-ws")
PLAIN = "subscription { events { id type createdAt } }"
DEEP = "subscription { events { id type details deliveries { nodes { id status } } } }"
CARRIER = """mutation { createCarrier(input: {name: "Bench", countryCode: "KH", billingCurrency: "KHR"}) {
  carrier { id } } }"""
INSERT = """
INSERT INTO event (id, created_at, updated_at, carrier_id, type, details)
SELECT id, now(), now(), $1, 'message.sent', '{"data": {"type": "message"}}' FROM unnest($2::uuid[]) id
"""


@dataclass
class Site:
    up: Up
    key: str
    carrier: UUID
    database: str

    def megabytes(self) -> float:
        """Resident memory of the API's process."""
        status = Path(f"/proc/{self.up.child(' serve')}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", status)
        assert found
        return int(found[1]) / 1024

    async def follow(self, query: str) -> ClientConnection:
        """A subscription, once it has begun."""
        url = f"ws://127.0.0.1:{self.up.port}/graphql"
        connection = await connect(url, subprotocols=[PROTOCOL], open_timeout=60, ping_interval=None)
        payload = {"Authorization": f"Bearer {self.key}"}
        await connection.send(json.dumps({"type": "connection_init", "payload": payload}))
        await connection.recv()
        await connection.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": query}}))
        return connection


@contextmanager
def site() -> Iterator[Site]:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o711)  # PostgreSQL's user has to pass when root runs this
        with Up.running(Path(directory) / "data") as up:
            key = up.wait_for("  platform key  ").split("key")[1].split(maxsplit=1)[0]
            bearer = {"Authorization": f"Bearer {key}"}
            answer = httpx.post(f"{up.origin}/graphql", json={"query": CARRIER}, headers=bearer, timeout=30)
            carrier = UUID(answer.json()["data"]["createCarrier"]["carrier"]["id"])
            addresses = json.loads((up.data_dir / "addresses.json").read_text())
            yield Site(up, key, carrier, addresses["DATABASE_URL"])


async def write(connection: Any, carrier: UUID, count: int) -> list[str]:
    made = [ids.uuid7(ids.now()) for _ in range(count)]
    await connection.execute(INSERT, carrier, made)
    return [str(identifier) for identifier in made]


async def delay(place: Site, subscribers: int, events: int, rate: float) -> None:
    alone = place.megabytes()
    committed: dict[str, float] = {}
    delays: list[float] = []

    async def listen(connection: ClientConnection) -> None:
        for _ in range(events):
            arrived = json.loads(await connection.recv())["payload"]["data"]["events"]["id"]
            delays.append(time.monotonic() - committed[arrived])

    async with AsyncExitStack() as stack:
        connections = []
        for _ in range(subscribers):
            connections.append(await place.follow(PLAIN))
            stack.push_async_callback(connections[-1].close)
        await asyncio.sleep(2)
        listening = [asyncio.ensure_future(listen(connection)) for connection in connections]
        writer = await asyncpg.connect(place.database)
        for _ in range(events):
            identifier = ids.uuid7(ids.now())
            committed[str(identifier)] = time.monotonic()
            await writer.execute(INSERT, place.carrier, [identifier])
            committed[str(identifier)] = time.monotonic()
            await asyncio.sleep(1 / rate)
        await asyncio.gather(*listening)
        await writer.close()
        cuts = quantiles(delays, n=100)
        shown = ", ".join(f"p{part} {cuts[part - 1] * 1000:.0f} ms" for part in (50, 95, 99))
        print(f"{subscribers} subscribers, {len(delays)} arrivals: {shown}, most {max(delays) * 1000:.0f} ms")
        print(f"memory: {alone:.0f} MB alone, {place.megabytes():.0f} MB with them")


async def memory(place: Site, events: int) -> None:
    writer = await asyncpg.connect(place.database)
    connection = await place.follow(DEEP)
    await asyncio.sleep(1)
    began = time.monotonic()
    for part in range(1, 11):
        wanted = await write(writer, place.carrier, events // 10)
        got = [json.loads(await connection.recv())["payload"]["data"]["events"]["id"] for _ in wanted]
        assert got == wanted, "events were lost, came twice or out of order"
        print(
            f"{part * (events // 10):7} events {place.megabytes():7.1f} MB {time.monotonic() - began:6.1f} s"
        )
    await connection.close()
    await writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=["delay", "memory"])
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--events", type=int)
    parser.add_argument("--rate", type=float, default=2)
    given = parser.parse_args()
    with site() as place:
        if given.what == "delay":
            asyncio.run(delay(place, given.subscribers, given.events or 40, given.rate))
        else:
            asyncio.run(memory(place, given.events or 20_000))


if __name__ == "__main__":
    main()
