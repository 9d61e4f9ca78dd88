"""What the service does in a storm: more load than it can serve, a carrier that floods, clients that dawdle.

    python -m benchmarks.storm load        five times what it can serve, then whether it is back at once
    python -m benchmarks.storm flood       a carrier's p95 alone and beside another one's flood, in turns
    python -m benchmarks.storm slow        hundreds of clients that send or read byte by byte
    python -m benchmarks.storm restart     web processes replaced one after another, 50 requests a second
    python -m benchmarks.storm migrations  the newest migrations beside the code before them, likewise

Each brings its own PostgreSQL and service, takes a minute or two and stops by itself; all traffic stays on loopback.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import UUID

import asyncpg
import uvloop

from benchmarks import rows
from benchmarks.bulk import answers
from benchmarks.clients import Told, at_rate, in_a_loop
from benchmarks.database import temporary_database
from benchmarks.ratios import body, pin
from cli.serve import listen
from models.secrets import fingerprint

CARRIERS, CALLS = 9, 2_000  # beside the one of benchmarks/rows.py
NO_LIMIT = "0"
WATCHED_SECONDS = 8
LAST = "ffffffff-ffff-7fff-bfff-ffffffffffff"  # pages begin after it, which is at the newest call
ADD_CARRIERS = """
INSERT INTO carrier (id, created_at, updated_at, name, country_code, billing_currency)
SELECT c::uuid, now(), now(), c, 'KH', 'KHR' FROM unnest($1::text[]) c;
"""
ADD_KEYS = """
INSERT INTO api_key (id, created_at, updated_at, carrier_id, name, role, access, token_hash)
SELECT gen_random_uuid(), now(), now(), c, 'storm', 'carrier', 'write', hash
FROM unnest($1::uuid[], $2::bytea[]) k (c, hash)
"""
ADD_ACCOUNTS = """
INSERT INTO account (id, created_at, updated_at, carrier_id, name, type, status,
                     billing_enabled, billing_mode, billing_currency, default_tts_voice, metadata_)
SELECT c, now(), now(), c, 'Account', 'customer_managed', 'enabled', false, 'prepaid', 'KHR', 'Basic.Kal',
       '{}'
FROM unnest($1::uuid[]) c
"""
ADD_CALLS = f"""
INSERT INTO phone_call (id, created_at, updated_at, carrier_id, account_id, "to", from_, direction, status)
SELECT (lpad(to_hex(1700000000000 + i * 60000), 12, '0') || '70008' || lpad(to_hex(n), 3, '0') ||
        lpad(to_hex(i), 12, '0'))::uuid,
       to_timestamp(1700000000 + i * 60), to_timestamp(1700000000 + i * 60), c, c, '+85512334667', '2442', 'inbound', 'completed'
FROM unnest($1::uuid[]) WITH ORDINALITY u (c, n), generate_series(1, {CALLS}::bigint) i
"""


@dataclass
class Site:
    """A service on loopback; `keys` are those of carriers, of which the first has most rows."""

    url: str
    port: int
    pid: int
    keys: list[str]

    def get(self, key: str, path: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer {key}\r\n\r\n".encode()

    def post(self, key: str, path: str, sent: bytes, *more: str) -> bytes:
        lines = ["Host: api", f"Authorization: Bearer {key}", "Content-Type: application/json", *more]
        head = "".join(f"{line}\r\n" for line in lines)
        return f"POST {path} HTTP/1.1\r\n{head}Content-Length: {len(sent)}\r\n\r\n".encode() + sent

    def pages(self, key: str, size: int) -> list[bytes]:
        """A page by REST, and one by GraphQL."""
        return [
            self.get(key, f"/carrier/v1/phone_calls?page[size]={size}"),
            self.post(key, "/graphql", body(size, LAST)),
        ]

    def memory(self) -> float:
        """MiB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


async def fill(url: str) -> list[str]:
    """Keys of ten carriers."""
    await rows.fill(url)
    carriers = [UUID(int=rows.CARRIER.int + number) for number in range(1, CARRIERS + 1)]
    keys = [f"storm-{number}-{rows.KEY}"[:43] for number in range(CARRIERS)]
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(ADD_CARRIERS, [str(carrier) for carrier in carriers])
        await connection.execute(ADD_KEYS, carriers, [fingerprint(key) for key in keys])
        await connection.execute(ADD_ACCOUNTS, carriers)
        await connection.execute(ADD_CALLS, carriers)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return [rows.KEY, *keys]


@contextmanager
def serving(url: str, descriptor: int, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`carrierql serve` on a socket that listens, on core 0 while this process is on core 1."""
    given = {"DATABASE_URL": url, "BROKER_URL": "redis://127.0.0.1:9/0", "SECRET_KEY": "k" * 32}
    pin(0)
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "serve", "--fd", str(descriptor)],
        env={"PATH": os.environ["PATH"], **given, **environment},
        pass_fds=[descriptor],
    )
    pin(1)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def site(**environment: str) -> Iterator[Site]:
    pin(1)
    with temporary_database() as url:
        keys = asyncio.run(fill(url))
        with (
            listen("127.0.0.1", 0) as listener,
            serving(url, listener.fileno(), **environment) as process,
        ):
            port = listener.getsockname()[1]
            asyncio.run(answers(f"http://127.0.0.1:{port}/health/live"))
            yield Site(url, port, process.pid, keys)


async def load(place: Site, seconds: float, connections: int) -> None:
    """Five times the requests a second that it serves at its best."""
    requests = [request for key in place.keys for size in (10, 100) for request in place.pages(key, size)]
    probe = place.pages(place.keys[1], 10)
    await in_a_loop(place.port, requests, 2, 16)
    capacity = (await in_a_loop(place.port, requests, 4, 16)).statuses[200] / 4
    normal = (await at_rate(place.port, probe, 50, 4, 8)).percentile(0.95)
    print(f"it serves {capacity:.0f} requests/s; p95 of a page of 10 is {normal * 1000:.1f} ms")
    print(f"memory {place.memory():.0f} MiB", flush=True)
    began = time.monotonic()
    told = await at_rate(place.port, requests, 5 * capacity, seconds, connections)
    took = time.monotonic() - began
    print(f"{5 * capacity:.0f} requests/s for {seconds:.0f} s, all answered after {took:.1f} s: {told}")
    print(f"memory {place.memory():.0f} MiB", flush=True)
    ended = time.monotonic()
    while time.monotonic() < ended + WATCHED_SECONDS:
        began = time.monotonic() - ended
        after = await at_rate(place.port, probe, 50, 1, 8)
        print(f"{began:4.1f} s after: p95 {after.percentile(0.95) * 1000:6.1f} ms; {after}", flush=True)


async def flood(place: Site, rounds: int, seconds: float, connections: int) -> None:
    """One carrier's steady 50 a second, alone and beside another's loops, in turns."""
    steady = place.pages(place.keys[1], 10)
    flooding = place.pages(place.keys[0], 100)
    await in_a_loop(place.port, steady + flooding, 2, 16)
    ratios = []
    print("a carrier's p95 in ms: alone, beside the flood, ratio; then what became of the flood")
    for _ in range(rounds):
        alone = await at_rate(place.port, steady, 50, seconds, 8)
        told = Told()
        async with asyncio.TaskGroup() as group:
            group.create_task(in_a_loop(place.port, flooding, seconds + 0.5, connections, told))
            await asyncio.sleep(0.25)
            beside = await at_rate(place.port, steady, 50, seconds, 8)
        values = alone.percentile(0.95), beside.percentile(0.95)
        ratios.append(values[1] / values[0])
        shown = " ".join(f"{value * 1000:6.2f}" for value in values)
        print(f"{shown} {ratios[-1]:5.2f}  {told}; the carrier's own: {beside}", flush=True)
    print(f"median ratio {median(ratios):.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=["load", "flood", "slow", "restart", "migrations"])
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--connections", type=int)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--rate-limit", default=NO_LIMIT, help="units a minute; no limit unless said")
    given = parser.parse_args()
    with site(RATE_LIMIT=given.rate_limit) as place:
        if given.what == "load":
            uvloop.run(load(place, given.seconds or 10, given.connections or 1000))
        elif given.what == "flood":
            uvloop.run(flood(place, given.rounds, given.seconds or 4, given.connections or 64))


if __name__ == "__main__":
    main()
