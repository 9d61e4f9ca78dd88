"""What row-level security costs a read: CPU of its statement with it and without, and how much of a request.

    python -m benchmarks.wall [--rounds 20]

"again" is on a connection that was last used for the same carrier, "another" on one that was not. CPU is this
process's and PostgreSQL's together, one statement after the other, in short windows in turn, on several
connections of each kind: one differs from the next by more than a policy costs. Needs Linux: what PostgreSQL
has used comes from /proc.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import uvloop

from app import create_app
from benchmarks import in_process, rows
from benchmarks.database import temporary_database
from benchmarks.ratios import HEADERS, LIMIT, SIZES, target
from models.database import READ_SETTINGS
from models.reads import WalledReads
from models.wall import SETTING, TENANT, naming
from settings import Settings

SECONDS = 0.05
CONNECTIONS = 6  # of each kind
WITHOUT = "carrierql_unbound"  # a role whom no policy binds, but whose rights are looked at as the wall's are
MAKE_ROLE = f"""
CREATE ROLE {WITHOUT} BYPASSRLS;
GRANT {WITHOUT} TO current_user;
GRANT USAGE ON SCHEMA public TO {WITHOUT};
GRANT SELECT ON ALL TABLES IN SCHEMA public TO {WITHOUT};
"""
KINDS = ("without", "again", "another", "request")


@dataclass
class Asked:
    """The last statement that the service read by, with its values."""

    text: str = ""
    values: list[Any] = field(default_factory=list)

    def watch(self, walled: WalledReads) -> None:
        for method in ("fetch", "fetchrow"):
            setattr(walled, method, partial(self._note, getattr(walled, method)))

    def _note(self, read: Callable[..., Any], owner: Any, text: str, *values: Any) -> Any:
        self.text, self.values = text, list(values)
        return read(owner, text, *values)


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


async def statement(url: str, kind: str, asked: Asked, ids: list[str]) -> tuple[int, Any]:
    """(the backend, what is measured): the statement, on a connection of its own."""
    role = {"role": WITHOUT} if kind == "without" else {"role": TENANT, SETTING: str(rows.CARRIER)}
    connection = await asyncpg.connect(url, server_settings=READ_SETTINGS | role)
    text, values, following = asked.text, list(asked.values), cycle(map(UUID, ids))
    (position,) = [number for number, value in enumerate(values) if str(value) in set(ids)]
    if kind == "another":
        text, values = naming(text, len(values) + 1), [*values, str(rows.CARRIER)]

    async def act() -> None:
        values[position] = next(following)
        await connection.fetch(text, *values)

    return connection.get_server_pid(), act


async def measure(url: str, ids: list[str], rounds: int) -> None:
    known = {"broker_url": "redis://127.0.0.1:1/0", "secret_key": "k" * 32, "rate_limit": LIMIT}
    app, asked = create_app(Settings.read(database_url=url, **known)), Asked()
    connection = await asyncpg.connect(url)
    await connection.execute(MAKE_ROLE)
    await connection.close()
    headers = tuple((name.encode(), value.encode()) for name, value in {"host": "api", **HEADERS}.items())
    print(f"{'':5} " + " ".join(f"{kind:>8}" for kind in KINDS) + "    again  another")
    async with app.router.lifespan_context(app):
        walled = app.state.service.database.walled
        asked.watch(walled)
        backend = await walled.fetchval(rows.CARRIER, "SELECT pg_backend_pid()")
        for size in SIZES:
            call = in_process.Call(app, [target(size, row_id) for row_id in ids], headers=headers)
            for _ in range(100):  # more than it takes until the operation is prepared
                await in_process.send(call)
            request = backend, partial(in_process.send, call)
            acts = [(kind, request) for kind in KINDS[3:]]
            for _ in range(CONNECTIONS):
                acts += [(kind, await statement(url, kind, asked, ids)) for kind in KINDS[:3]]
            found: dict[str, list[float]] = {kind: [] for kind in KINDS}
            for number in range(rounds + 1):  # the first one warms up
                for kind, (pid, act) in acts:
                    used = await window(pid, act)
                    if number:
                        found[kind].append(used)
            costs = {kind: statistics.median(values) for kind, values in found.items()}
            shares = [(costs[kind] - costs["without"]) / costs["request"] for kind in KINDS[1:3]]
            shown = [*(f"{cost:8.0f}" for cost in costs.values()), *(f"{share:8.1%}" for share in shares)]
            print(f"{size:<5} {' '.join(shown)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    with temporary_database() as url:
        ids = asyncio.run(rows.fill(url))
        uvloop.run(measure(url, ids, given.rounds))


if __name__ == "__main__":
    main()
