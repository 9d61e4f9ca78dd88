"""A service on loopback with ten carriers, of this tree or another, for storms and replacements."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
import orjson

from benchmarks import rows
from benchmarks.clients import GONE, Connection, connected
from benchmarks.database import temporary_database
from benchmarks.ratios import MANY, pin
from models.secrets import fingerprint

ROOT = Path(__file__).parent.parent
OK, READY_SECONDS = 200, 30
CARRIERS, CALLS = 9, 2_000  # beside the one of benchmarks/rows.py
ADD_CARRIERS = """
INSERT INTO carrier (id, created_at, updated_at, name, country_code, billing_currency)
SELECT c, now(), now(), c::text, 'KH', 'KHR' FROM unnest($1::uuid[]) c
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
       '{}' FROM unnest($1::uuid[]) c
"""
ADD_CALLS = f"""
INSERT INTO phone_call (id, created_at, updated_at, carrier_id, account_id, "to", from_, direction, status)
SELECT (lpad(to_hex(1700000000000 + i * 60000), 12, '0') || '70008' || lpad(to_hex(n), 3, '0') ||
        lpad(to_hex(i), 12, '0'))::uuid, to_timestamp(1700000000 + i * 60),
       to_timestamp(1700000000 + i * 60), c, c, '+85512334667', '2442', 'inbound', 'completed'
FROM unnest($1::uuid[]) WITH ORDINALITY u (c, n), generate_series(1, {CALLS}::bigint) i
"""


@dataclass
class Site:
    """Where the service listens, and its carriers' keys; the first has 200,000 calls, the others 2,000."""

    port: int
    keys: list[str]
    url: str = ""
    pid: int = 0

    def get(self, key: str, path: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer {key}\r\n\r\n".encode()

    def post(self, key: str, path: str, sent: bytes) -> bytes:
        lines = ["Host: api", f"Authorization: Bearer {key}", "Content-Type: application/json"]
        head = "".join(f"{line}\r\n" for line in lines)
        return f"POST {path} HTTP/1.1\r\n{head}Content-Length: {len(sent)}\r\n\r\n".encode() + sent

    def pages(self, key: str, size: int) -> list[bytes]:
        """A page of calls by REST, and one by GraphQL."""
        return [
            self.get(key, f"/carrier/v1/phone_calls?page[size]={size}"),
            self.post(key, "/graphql", orjson.dumps({"query": MANY, "variables": {"first": size}})),
        ]

    def memory(self) -> float:
        """MiB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    async def answers(self) -> None:
        """Return once a page is answered."""
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            connection: Connection = await connected(self.port)
            status, _ = await connection.ask(self.pages(self.keys[1], 10)[0])
            connection.close()
            if status == OK:
                return
            await asyncio.sleep(0.1 if status == GONE else 1)
        raise SystemExit("the service does not answer")


def environment(url: str) -> dict[str, str]:
    given = {"DATABASE_URL": url, "BROKER_URL": "redis://127.0.0.1:9/0", "SECRET_KEY": "k" * 32}
    return {"PATH": os.environ["PATH"], "LOG_FORMAT": "json", "RATE_LIMIT": "0"} | given


def carrierql(url: str, tree: Path, *command: str) -> None:
    """Run a command of the tree's code."""
    subprocess.run([sys.executable, "-m", "cli", *command], env=environment(url), cwd=tree, check=True)


@contextmanager
def filled(tree: Path = ROOT) -> Iterator[tuple[str, list[str]]]:
    """(URL of a temporary database as the tree's code migrates it, keys of its carriers)."""
    pin(1)
    with temporary_database(lambda url: carrierql(url, tree, "migrate")) as url:
        yield url, asyncio.run(fill(url))


async def fill(url: str) -> list[str]:
    await rows.fill(url)
    carriers = [UUID(int=rows.CARRIER.int + number) for number in range(1, CARRIERS + 1)]
    keys = [f"storm-{number}-{rows.KEY}"[:43] for number in range(CARRIERS)]
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(ADD_CARRIERS, carriers)
        await connection.execute(ADD_KEYS, carriers, [fingerprint(key) for key in keys])
        await connection.execute(ADD_ACCOUNTS, carriers)
        await connection.execute(ADD_CALLS, carriers)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return [rows.KEY, *keys]


@contextmanager
def serving(
    url: str, listener: socket.socket, tree: Path = ROOT, **more: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """The tree's `carrierql serve`, on core 0 while all else is on core 1."""
    pin(0)
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "serve", "--fd", str(listener.fileno())],
        env=environment(url) | more,
        cwd=tree,
        pass_fds=[listener.fileno()],
    )
    pin(1)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)
