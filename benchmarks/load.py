"""Requests a second of a running service, for each kind of call in turn.

    python -m benchmarks.load --url http://127.0.0.1:8000 --key KEY [--seconds 5] [--connections 32]

The load comes from this process, is bounded in time and goes to loopback alone.
"""

import argparse
import asyncio
import time
from urllib.parse import urlsplit

import aiohttp

STATS = (
    "phone_numbers/stats?filter[available]=true&filter[type]=local"
    "&group_by[]=country&group_by[]=region&group_by[]=locality&having[count][lt]=2"
)


async def rate(session: aiohttp.ClientSession, url: str, seconds: float, connections: int) -> float:
    end = time.monotonic() + seconds
    done = 0

    async def one_client() -> None:
        nonlocal done
        while time.monotonic() < end:
            async with session.get(url) as response:
                await response.read()
                if not response.ok:
                    raise SystemExit(f"{url} answered {response.status}")
            done += 1

    began = time.monotonic()
    await asyncio.gather(*[one_client() for _ in range(connections)])
    return done / (time.monotonic() - began)


async def measure(url: str, key: str, seconds: float, connections: int) -> None:
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(
        connector=connector, headers={"Authorization": f"Bearer {key}"}
    ) as session:
        async with session.get(f"{url}/carrier/v1/phone_calls?page[size]=1") as response:
            call = (await response.json(content_type=None))["data"][0]["id"]
        for name, path in (
            ("one call", f"phone_calls/{call}"),
            ("10 calls", "phone_calls"),
            ("100 calls", "phone_calls?page[size]=100"),
            ("stats", STATS),
        ):
            found = await rate(session, f"{url}/carrier/v1/{path}", seconds, connections)
            print(f"{name:10} {found:8.0f} requests/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--key", required=True)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=32)
    given = parser.parse_args()
    if urlsplit(given.url).hostname not in ("127.0.0.1", "::1", "localhost"):
        raise SystemExit("the load goes to this machine alone: give an address of loopback")
    asyncio.run(measure(given.url, given.key, given.seconds, given.connections))


if __name__ == "__main__":
    main()
