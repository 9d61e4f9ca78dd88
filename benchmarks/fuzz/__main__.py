"""What becomes of input that nobody would send: no fault, and an answer as documented.

    python -m benchmarks.fuzz rest|graphql [--cases 10000] [--seed N] [--seconds 800]

A server of its own (PostgreSQL, broker and database are temporary) is asked with cases that schemathesis
makes from the service's own OpenAPI document or GraphQL schema, right ones and wrong ones in turn, and with
the oddities of `oddities.py`, which no generator finds. A seed repeats a run, but for the rows' ids.
Every kind of failure is shown once, with a curl line; the end is 1 where there are any.
"""

import argparse
import asyncio
import os
import secrets
import sys

from benchmarks.fuzz import graphql, rest
from benchmarks.fuzz.findings import Findings
from benchmarks.fuzz.site import site
from tests.servers import BROKER, TEMPLATE, fresh_database, servers, template

DOORS = {"rest": rest.fuzz, "graphql": graphql.fuzz}


async def run(door: str, findings: Findings) -> None:
    async with fresh_database(os.environ[TEMPLATE]) as url:
        with site(url, os.environ[BROKER]) as place:
            DOORS[door](place, findings)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("door", choices=DOORS)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--seconds", type=float, default=800)
    given = parser.parse_args()
    findings = Findings(given.cases, given.seed, given.seconds)
    print(f"seed {given.seed}", flush=True)
    with servers(), template():
        asyncio.run(run(given.door, findings))
    print(findings.report())
    sys.exit(bool(findings.failures))


if __name__ == "__main__":
    main()
