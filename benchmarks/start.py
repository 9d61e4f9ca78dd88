"""Prints how long the web process takes to its first answers, what memory it holds, and how that grows.

    python -m benchmarks.start [--starts 5] [--minutes 0]

Each start is timed from the process's start to the first 200 of /health/live, then of a query. The memory is
that after 1,000 requests of all kinds; with `--minutes` they go on for so long, and each minute shows it.
Needs Linux: the memory comes from /proc.
"""

import argparse
import asyncio
import itertools
import os
import re
import secrets
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.bulk import QUERY, prepared, service, statuses
from benchmarks.database import temporary_database

MIXED, CLIENTS = 1_000, 8
CARRIERS = "{ carriers { nodes { id } } }"
KEY = """mutation($c: ID!) { createApiKey(input: {name: "own", role: CARRIER, carrierId: $c}) {
    token userErrors { message } } }"""
PAGE = "query Page { phoneCalls(first: 10) { nodes { id to status account { name } } } }"
CHART = "query Chart { phoneCallStats(interval: DAY) { nodes { start count } } }"
Asked = tuple[str, str, Any]


def requests(accounts: list[str]) -> Iterator[Asked]:
    """(method, path, body) without end: pages and records, charts, events, and ten new calls in each six."""
    for turn in itertools.count():
        account = accounts[turn % len(accounts)]
        call = {"accountId": account, "to": "+85512334667", "from": "2442", "direction": "INBOUND"}
        calls = [call | {"status": "COMPLETED", "duration": second} for second in range(10)]
        yield "GET", "/carrier/v1/phone_calls?page[size]=10", None
        yield "GET", f"/carrier/v1/accounts/{account}", None
        yield "GET", "/carrier/v1/events?page[size]=10", None
        yield "POST", "/graphql", {"query": PAGE}
        yield "POST", "/graphql", {"query": CHART}
        yield "POST", "/graphql", {"query": QUERY, "variables": {"i": {"calls": calls}}}


async def ask(session: aiohttp.ClientSession, asked: Asked, key: str = "") -> Any:
    """The answer; in the name of `key`, or of the session's."""
    method, path, body = asked
    own = {"Authorization": f"Bearer {key}"} if key else {}
    async with session.request(method, path, json=body, headers=own) as response:
        answer = await response.json(content_type=None)
        if not response.ok or "errors" in answer:
            raise SystemExit(f"{method} {path} was answered {response.status}: {answer}")
        return answer


async def first_answer(session: aiohttp.ClientSession, asked: Asked, began: float) -> float:
    """Seconds from `began` to the first answer; nobody may be listening yet."""
    while time.monotonic() < began + 30:
        try:
            await ask(session, asked)
        except aiohttp.ClientError:
            await asyncio.sleep(0.005)
        else:
            return time.monotonic() - began
    raise SystemExit("the service does not answer")


async def own_key(session: aiohttp.ClientSession) -> str:
    """A key of the carrier, which the REST API wants."""
    (carrier,) = (await ask(session, ("POST", "/graphql", {"query": CARRIERS})))["data"]["carriers"]["nodes"]
    made = await ask(session, ("POST", "/graphql", {"query": KEY, "variables": {"c": carrier["id"]}}))
    return str(made["data"]["createApiKey"]["token"])


async def mixed(session: aiohttp.ClientSession, several: Iterator[Asked], key: str) -> None:
    async def one_client() -> None:
        for asked in several:
            await ask(session, asked, key if asked[0] == "GET" else "")

    await asyncio.gather(*[one_client() for _ in range(CLIENTS)])


def memory(session: int) -> dict[str, float]:
    """MiB that the processes of this session hold: RSS, and PSS, which shares out what others use too."""
    texts = [
        Path(f"/proc/{process}/smaps_rollup").read_text() for process, _, of, _ in statuses() if of == session
    ]
    return {
        name: sum(int(size) for text in texts for size in re.findall(rf"^{name}: +(\d+)", text, re.MULTILINE))
        / 1024
        for name in ("Rss", "Pss")
    }


async def start(url: str, secret: str, key: str, accounts: list[str], minutes: int) -> tuple[float, ...]:
    """Seconds to the first answer, to the first query's, and of CPU till then.

    Prints the memory where `minutes` are not negative.
    """
    began = time.monotonic()
    headers = {"Authorization": f"Bearer {key}"}
    with service(url, secret, 1) as (process, origin):
        async with aiohttp.ClientSession(origin, headers=headers) as session:
            live = await first_answer(session, ("GET", "/health/live", None), began)
            query = await first_answer(session, ("POST", "/graphql", {"query": PAGE}), began)
            ticks = sum(used for _, _, of, used in statuses() if of == process)
            if minutes >= 0:
                await grow(session, process, accounts, minutes)
    return live, query, ticks / os.sysconf("SC_CLK_TCK")


async def grow(session: aiohttp.ClientSession, process: int, accounts: list[str], minutes: int) -> None:
    several, key = requests(accounts), await own_key(session)
    await mixed(session, itertools.islice(several, MIXED), key)
    first = memory(process)
    print(f"after {MIXED:,} requests: {first['Rss']:.1f} MiB RSS, {first['Pss']:.1f} MiB PSS", flush=True)
    for minute in range(1, minutes + 1):
        end = time.monotonic() + 60
        done = itertools.takewhile(lambda _, end=end: time.monotonic() < end, several)  # type: ignore[misc] # the type of a default
        await mixed(session, done, key)
        now = memory(process)
        print(f"after {minute} min: {now['Rss']:.1f} MiB RSS, {now['Rss'] - first['Rss']:+.1f}", flush=True)


async def measure(url: str, starts: int, minutes: int) -> None:
    secret = secrets.token_urlsafe(32)
    key, accounts = await prepared(url, secret)
    times = [await start(url, secret, key, accounts, -1) for _ in range(starts)]
    for name, found in zip(
        ("first answer", "first query", "CPU till then"), zip(*times, strict=True), strict=True
    ):
        print(f"{name}: median {statistics.median(found):.2f} s, best {min(found):.2f} s of {starts} starts")
    await start(url, secret, key, accounts, minutes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--minutes", type=int, default=0)
    given = parser.parse_args()
    with temporary_database() as url:
        asyncio.run(measure(url, given.starts, given.minutes))


if __name__ == "__main__":
    main()
