"""Clients that send their requests or read their answers byte by byte, and what they keep others from."""

import asyncio
import socket
import time
from collections import Counter
from typing import Any

import asyncpg
import orjson

from benchmarks.clients import at_rate
from benchmarks.site import Site

SLOW_SECONDS = 0.05  # between two bytes
SMALL = 4096  # bytes that the kernel keeps for a slow reader
LARGE = """{ accounts(first: 100) { nodes { id name phoneCalls(first: 100) { nodes {
    id createdAt to from status direction } } } } }"""
BUSY = """SELECT state, count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle' GROUP BY 1"""


def requests(place: Site) -> dict[str, bytes]:
    key = place.keys[0]
    account = orjson.dumps({"data": {"type": "account", "attributes": {"name": "x" * 200}}})
    patch = place.post(place.keys[1], "/carrier/v1/accounts/01900000-0000-7000-8000-000000000002", account)
    return {
        "sends its headers": place.get(key, "/carrier/v1/phone_calls"),
        "posts by REST": place.post(place.keys[1], "/carrier/v1/accounts", account),
        "patches with If-Match": patch.replace(b"POST", b"PATCH", 1).replace(
            b"\r\nHost", b'\r\nIf-Match: "x"\r\nHost', 1
        ),
        "posts by GraphQL": place.post(key, "/graphql", orjson.dumps({"query": LARGE})),
        "reads": place.post(key, "/graphql", orjson.dumps({"query": LARGE})),
    }


async def dawdle(place: Site, name: str, request: bytes, seconds: float) -> int:
    """Bytes that were read."""
    loop, end = asyncio.get_running_loop(), time.monotonic() + seconds
    read = 0
    with socket.socket() as connection:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        await loop.sock_connect(connection, ("127.0.0.1", place.port))
        # Only the last part is sent slowly where the body is what matters.
        head = len(request) if name == "reads" else request.find(b"\r\n\r\n") + 4 if "with" in name else 0
        await loop.sock_sendall(connection, request[:head])
        for byte in request[head:]:
            if time.monotonic() > end:
                return read
            await loop.sock_sendall(connection, bytes([byte]))
            await asyncio.sleep(SLOW_SECONDS)
        while time.monotonic() < end:
            read += len(await loop.sock_recv(connection, 1))
            await asyncio.sleep(SLOW_SECONDS)
    return read


async def slow(place: Site, seconds: float, count: int) -> None:
    """So many slow clients beside a carrier's steady 50 a second, shown without and with them."""
    steady = place.pages(place.keys[2], 10)
    await at_rate(place.port, steady, 50, 2, 8)
    print(f"without them: {await at_rate(place.port, steady, 50, 5, 8)}")
    kinds = list(requests(place).items())
    tasks = [
        asyncio.create_task(dawdle(place, *kinds[number % len(kinds)], seconds)) for number in range(count)
    ]
    watching = asyncio.create_task(watch(place.url, seconds))
    await asyncio.sleep(seconds / 4)
    print(f"with {count}: {await at_rate(place.port, steady, 50, seconds / 2, 8)}")
    print(f"statements and transactions in progress, by looks: {await watching}")
    read = await asyncio.gather(*tasks, return_exceptions=True)
    failed = [answer for answer in read if isinstance(answer, BaseException)]
    print(f"{len(read) - len(failed)} dawdled to the end; {Counter(map(repr, failed))}")


async def watch(url: str, seconds: float) -> dict[str, Any]:
    """How often how many connections were in each state but idle."""
    connection = await asyncpg.connect(url)
    found: Counter[str] = Counter()
    end, looks = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        looks += 1
        for state, number in await connection.fetch(BUSY):
            found[f"{number} {state}"] += 1
        await asyncio.sleep(0.1)
    await connection.close()
    return {"looks": looks, **found}
