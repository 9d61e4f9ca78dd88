"""What counting a request against its key's budget costs: Python CPU, in process, with and without.

    python -m benchmarks.budget [--rounds 40]

The same application twice, RATE_LIMIT 0 and so large that it is never met, in short windows in turn.
"""

import argparse
import asyncio
from functools import partial

import uvloop

from app import create_app
from benchmarks import in_process, rows
from benchmarks.database import temporary_database
from benchmarks.ratios import HEADERS, LIMIT, body, pin, target
from settings import Settings


async def measure(url: str, ids: list[str], rounds: int) -> None:
    known = {"database_url": url, "broker_url": "redis://127.0.0.1:1/0", "secret_key": "k" * 32}
    free, counted = (create_app(Settings.read(**known, rate_limit=limit)) for limit in (0, LIMIT))
    headers = tuple((name.encode(), value.encode()) for name, value in {"host": "api", **HEADERS}.items())
    posted = (*headers, (b"content-type", b"application/json"))
    async with free.router.lifespan_context(free), counted.router.lifespan_context(counted):
        for size in (1, 10, 100):
            for door in ("REST", "GraphQL"):
                calls = {}
                for name, app in (("free", free), ("counted", counted)):
                    targets = [target(size, row_id) for row_id in ids]
                    calls[name] = in_process.Call(app, targets, headers=headers)
                    if door == "GraphQL":
                        asked = [("/graphql", row_id) for row_id in ids]
                        calls[name] = in_process.Call(app, asked, "POST", posted, partial(body, size))
                found = await in_process.compare(calls, rounds)
                more = found["counted"] / found["free"] - 1
                print(f"{door:8} {size:4} {found['free']:8.1f} {found['counted']:8.1f} us {more:+7.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    given = parser.parse_args()
    pin(1)
    with temporary_database() as url:
        ids = asyncio.run(rows.fill(url))
        pin(0)
        uvloop.run(measure(url, ids, given.rounds))


if __name__ == "__main__":
    main()
