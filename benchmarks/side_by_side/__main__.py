"""Whether both doors show what a plain model says, whatever is done through either of them.

    python -m benchmarks.side_by_side [--cases 1000] [--steps 50] [--seed N] [--seconds 800]

A server of its own (PostgreSQL, broker and database are temporary) is asked by a state machine of Hypothesis:
each case makes three carriers and takes up to so many steps. A seed repeats a run, but for the rows' ids.
What it finds is shown by the shortest steps that lead there, and ends the run with 1.
"""

import argparse
import asyncio
import os
import secrets
import time

from benchmarks.side_by_side.doors import place
from benchmarks.side_by_side.run import run
from tests.servers import BROKER, TEMPLATE, fresh_database, servers, template

AT_ONCE = 50  # cases; the time is looked at between


async def run_all(given: argparse.Namespace) -> None:
    end, done = time.monotonic() + given.seconds, 0
    async with fresh_database(os.environ[TEMPLATE]) as url:
        with place(url, os.environ[BROKER]) as where:
            while done < given.cases and time.monotonic() < end:
                run(where, min(AT_ONCE, given.cases - done), given.steps, given.seed + done)
                done += AT_ONCE
    for answer, times in sorted(where.answers.items()):
        print(f"{times:8} {answer}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--seconds", type=float, default=800)
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    with servers(), template():
        asyncio.run(run_all(given))


if __name__ == "__main__":
    main()
