"""What row-level security costs: CPU of a statement with it and without, and how much of a request that is.

    python -m benchmarks.wall [--rounds 100]

CPU is this process's and PostgreSQL's together, one request after the other, in short windows in turn.
Needs Linux: what PostgreSQL has used comes from /proc.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import sqlalchemy as sa
import uvloop

from app import create_app
from benchmarks import in_process, rows
from benchmarks.database import temporary_database
from benchmarks.ratios import HEADERS, LIMIT, SIZES, target
from models.database import READ_SETTINGS
from models.wall import TENANT, within
from resolvers import planner
from settings import Settings

SECONDS = 0.05


class Planned:
    """The statements that were planned since this was made, as they are without the wall."""

    def __init__(self) -> None:
        self.bare: list[sa.Select[Any]] = []
        planner.within = self._within  # type: ignore[attr-defined] # what the planner has imported

    def _within(self, select: sa.Select[Any]) -> sa.Select[Any]:
        self.bare.append(select)
        return within(select)


async def window(backend: int, act: Callable[[], Awaitable[Any]]) -> float:
    """Microseconds of CPU for each time of a window."""
    began, end, done = cpu(backend), time.perf_counter() + SECONDS, 0
    while time.perf_counter() < end:
        await act()
        done += 1
    return (cpu(backend) - began) / done * 1e6


def cpu(backend: int) -> float:
    on_core = int(Path(f"/proc/{backend}/schedstat").read_text().split()[0])
    return on_core / 1e9 + time.process_time()


def statement(connection: Any, select: sa.Select[Any], size: int, ids: list[str]) -> Any:
    compiled = select.compile(dialect=planner.DIALECT)
    bound: dict[str, Any] = {"limit": size + 1, "owner": rows.CARRIER}
    names, following = compiled.positiontup or (), cycle(map(UUID, ids))

    async def act() -> None:
        bound["id"] = bound["after"] = next(following)
        await connection.fetch(compiled.string, *[bound[name] for name in names])

    return act


async def measure(url: str, ids: list[str], rounds: int) -> None:
    known = {"broker_url": "redis://127.0.0.1:1/0", "secret_key": "k" * 32, "rate_limit": LIMIT}
    app, planned = create_app(Settings.read(database_url=url, **known)), Planned()
    owner = await asyncpg.connect(url, server_settings=READ_SETTINGS)
    tenant = await asyncpg.connect(url, server_settings=READ_SETTINGS | {"role": TENANT})
    headers = tuple((name.encode(), value.encode()) for name, value in {"host": "api", **HEADERS}.items())
    print(f"{'':5} {'without':>8} {'with':>8} {'request':>8} {'of it':>6}")
    async with app.router.lifespan_context(app):
        for size in SIZES:
            call = in_process.Call(app, [target(size, row_id) for row_id in ids], headers=headers)
            for _ in range(100):  # more than it takes until the operation is prepared
                await in_process.send(call)
            select = planned.bare[-1]
            walled = app.state.service.database.walled
            acts = {
                "without": (owner.get_server_pid(), statement(owner, select, size, ids)),
                "with": (tenant.get_server_pid(), statement(tenant, within(select), size, ids)),
                "request": (
                    await walled.fetchval("SELECT pg_backend_pid()"),
                    lambda call=call: in_process.send(call),
                ),
            }
            found: dict[str, list[float]] = {name: [] for name in acts}
            for number in range(rounds + 1):  # the first one warms up
                for name, (backend, act) in acts.items():
                    used = await window(backend, act)
                    if number:
                        found[name].append(used)
            costs = {name: statistics.median(values) for name, values in found.items()}
            share = (costs["with"] - costs["without"]) / costs["request"]
            shown = " ".join(f"{cost:8.0f}" for cost in costs.values())
            print(f"{size:<5} {shown} {share:6.1%}")
    for connection in (owner, tenant):
        await connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100)
    given = parser.parse_args()
    with temporary_database() as url:
        ids = asyncio.run(rows.fill(url))
        uvloop.run(measure(url, ids, given.rounds))


if __name__ == "__main__":
    main()
