"""Prints how long the web process takes to its first answers, what memory it holds, and how that grows.

    python -m benchmarks.start [--starts 5] [--minutes 0] [--rate 0]

Each start is timed from the process's start to the first 200 of /health/live, then of a query; in turn with
starts of a Starlette application of one route, as a measure of the machine. The memory is that after 1,000
requests of all kinds; with `--minutes` they go on for so long, `--rate` of them a second where it is given,
and each minute shows it. Needs Linux: the memory comes from /proc.
"""

import argparse
import asyncio
import itertools
import os
import re
import secrets
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.bulk import QUERY, prepared, service, statuses
from benchmarks.database import temporary_database
from cli.serve import listen

BARE = """
import sys
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

async def live(request):
    return JSONResponse({"status": "live"})

app = Starlette(routes=[Route("/health/live", live)])
uvicorn.run(app, fd=int(sys.argv[1]), loop="uvloop", http="httptools", log_level="warning")
"""
LIVE = "GET", "/health/live", None
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


async def paced(several: Iterator[Asked], rate: float) -> AsyncIterator[Asked]:
    """The same, `rate` a second; as fast as they are taken where it is 0."""
    began = time.monotonic()
    for number, asked in enumerate(several):
        if rate:
            await asyncio.sleep(began + number / rate - time.monotonic())
        yield asked


async def mixed(session: aiohttp.ClientSession, several: Iterator[Asked], key: str, rate: float = 0) -> None:
    async def one_client() -> None:
        async for asked in paced(several, rate / CLIENTS):
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


@contextmanager
def bare_service() -> Iterator[str]:
    """The origin of the Starlette application of one route."""
    with listen("127.0.0.1", 0) as listener:
        command = [sys.executable, "-c", BARE, str(listener.fileno())]
        started = subprocess.Popen(command, pass_fds=[listener.fileno()])
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            started.send_signal(signal.SIGTERM)
            started.wait(30)


async def bare_start() -> float:
    """Seconds to the bare application's first answer."""
    began = time.monotonic()
    with bare_service() as origin:
        async with aiohttp.ClientSession(origin) as session:
            return await first_answer(session, LIVE, began)


async def start(url: str, secret: str, key: str) -> tuple[float, ...]:
    """Seconds to the first answer, to the first query's, of CPU till then, and the bare application's."""
    bare = await bare_start()
    began = time.monotonic()
    with service(url, secret, 1) as (process, origin):
        async with aiohttp.ClientSession(origin, headers={"Authorization": f"Bearer {key}"}) as session:
            live = await first_answer(session, LIVE, began)
            query = await first_answer(session, ("POST", "/graphql", {"query": PAGE}), began)
            ticks = sum(used for _, _, of, used in statuses() if of == process)
    return live, query, ticks / os.sysconf("SC_CLK_TCK"), bare


async def hold(url: str, secret: str, key: str, accounts: list[str], minutes: int, rate: float) -> None:
    """Print the memory after 1,000 requests, and each minute."""
    with service(url, secret, 1) as (process, origin):
        async with aiohttp.ClientSession(origin, headers={"Authorization": f"Bearer {key}"}) as session:
            await first_answer(session, LIVE, time.monotonic())
            await grow(session, process, accounts, minutes, rate)


async def grow(
    session: aiohttp.ClientSession, process: int, accounts: list[str], minutes: int, rate: float
) -> None:
    several, key = requests(accounts), await own_key(session)
    await mixed(session, itertools.islice(several, MIXED), key)
    first = memory(process)
    print(f"after {MIXED:,} requests: {first['Rss']:.1f} MiB RSS, {first['Pss']:.1f} MiB PSS", flush=True)
    for minute in range(1, minutes + 1):
        end = time.monotonic() + 60
        done = itertools.takewhile(lambda _, end=end: time.monotonic() < end, several)  # type: ignore[misc] # the type of a default
        await mixed(session, done, key, rate)
        now = memory(process)
        print(f"after {minute} min: {now['Rss']:.1f} MiB RSS, {now['Rss'] - first['Rss']:+.1f}", flush=True)


async def measure(url: str, starts: int, minutes: int, rate: float) -> None:
    secret = secrets.token_urlsafe(32)
    key, accounts = await prepared(url, secret)
    times = [await start(url, secret, key) for _ in range(starts)]
    names = "first answer", "first query", "CPU till then", "bare application"
    for name, found in zip(names, zip(*times, strict=True), strict=True):
        print(f"{name}: median {statistics.median(found):.2f} s, best {min(found):.2f} s of {starts} starts")
    ratio = statistics.median(ours / bare for ours, *_, bare in times)
    print(f"first answer to the bare application's: {ratio:.1f}")
    await hold(url, secret, key, accounts, minutes, rate)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--minutes", type=int, default=0)
    parser.add_argument(
        "--rate", type=float, default=0, help="requests a second; as many as can be unless said"
    )
    given = parser.parse_args()
    with temporary_database() as url:
        asyncio.run(measure(url, given.starts, given.minutes, given.rate))


if __name__ == "__main__":
    main()
