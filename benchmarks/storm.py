"""What the service does in a storm: more load than it can serve, a carrier that floods, clients that dawdle.

    python -m benchmarks.storm load        five times what it can serve, then whether it is back at once
    python -m benchmarks.storm flood       a carrier's p95 alone and beside another one's flood, in turns
    python -m benchmarks.storm slow        hundreds of clients that send or read byte by byte
    python -m benchmarks.storm restart     web processes replaced one after another, 50 requests a second
    python -m benchmarks.storm migrations  `carrierql migrate` beside the code before it, likewise

Each brings its own PostgreSQL and service (one web process on core 0, all else on core 1; `restart` has two
processes), takes a minute or two and stops by itself; all traffic stays on loopback.
"""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from benchmarks import dawdling, replacing
from benchmarks.clients import Told, at_rate, in_a_loop
from benchmarks.site import OK, ROOT, Site, filled, serving
from cli.serve import listen

WATCHED_SECONDS = 8
STEADY, STEADY_CONNECTIONS = 50, 8


async def load(place: Site, seconds: float, connections: int) -> None:
    """Five times the requests a second that it serves at its best."""
    requests = [request for key in place.keys for size in (10, 100) for request in place.pages(key, size)]
    probe = place.pages(place.keys[1], 10)
    await in_a_loop(place.port, requests, 2, 16)
    capacity = (await in_a_loop(place.port, requests, 4, 16)).statuses[OK] / 4
    normal = await at_rate(place.port, probe, STEADY, 4, STEADY_CONNECTIONS)
    print(f"it serves {capacity:.0f} requests/s; pages of 10 at {STEADY}/s: {normal}")
    print(f"memory {place.memory():.0f} MiB", flush=True)
    began = time.monotonic()
    told = await at_rate(place.port, requests, 5 * capacity, seconds, connections)
    took = time.monotonic() - began
    print(f"{5 * capacity:.0f} requests/s for {seconds:.0f} s, all answered after {took:.1f} s: {told}")
    print(f"memory {place.memory():.0f} MiB", flush=True)
    ended = time.monotonic()
    while (since := time.monotonic() - ended) < WATCHED_SECONDS:
        after = await at_rate(place.port, probe, STEADY, 1, STEADY_CONNECTIONS)
        print(f"{since:4.1f} s after it: {after}", flush=True)


async def flood(place: Site, rounds: int, seconds: float, connections: int) -> None:
    """One carrier's steady 50 a second, alone and beside another's loops, in turns."""
    steady, flooding = place.pages(place.keys[1], 10), place.pages(place.keys[0], 100)
    await in_a_loop(place.port, steady + flooding, 2, 16)
    ratios = []
    print("a carrier's p50 and p95 in ms: alone, beside the flood, ratio of p95; what became of the flood")
    for _ in range(rounds):
        alone = await at_rate(place.port, steady, STEADY, seconds, STEADY_CONNECTIONS)
        told = Told()
        async with asyncio.TaskGroup() as group:
            group.create_task(in_a_loop(place.port, flooding, seconds + 0.5, connections, told))
            await asyncio.sleep(0.25)
            beside = await at_rate(place.port, steady, STEADY, seconds, STEADY_CONNECTIONS)
        ratios.append(beside.percentile(0.95) / alone.percentile(0.95))
        shown = " ".join(
            f"{which.percentile(0.5) * 1000:5.2f} {which.percentile(0.95) * 1000:6.2f} "
            for which in (alone, beside)
        )
        print(f"{shown} {ratios[-1]:5.2f}  {told}; refused {beside.refused}", flush=True)
    print(f"median ratio {median(ratios):.2f}")


def with_service(
    run: Callable[[Site], Coroutine[Any, Any, None]], tree: Path, environment: dict[str, str]
) -> None:
    with (
        filled() as (url, keys),
        listen("127.0.0.1", 0) as listener,
        serving(url, listener, tree, **environment) as process,
    ):
        place = Site(listener.getsockname()[1], keys, url, process.pid)
        asyncio.run(place.answers())
        uvloop.run(run(place))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=["load", "flood", "slow", "restart", "migrations"])
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--connections", type=int)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--rate-limit", default="0", help="units a minute of a key; no limit unless said")
    parser.add_argument("--tree", type=Path, default=ROOT, help="of the code that serves, to compare")
    parser.add_argument("--since", default="20261124_07", help="the first of the migrations")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what it started ends with it
    if given.what == "restart":
        replacing.restart(given.rounds)
    elif given.what == "migrations":
        replacing.migrations(given.since)
    else:
        limits = {"RATE_LIMIT": given.rate_limit}
        runs: dict[str, Callable[[Site], Coroutine[Any, Any, None]]] = {
            "load": lambda place: load(place, given.seconds or 10, given.connections or 1000),
            "flood": lambda place: flood(place, given.rounds, given.seconds or 4, given.connections or 64),
            "slow": lambda place: dawdling.slow(place, given.seconds or 20, given.connections or 300),
        }
        with_service(runs[given.what], given.tree, limits)


if __name__ == "__main__":
    main()
