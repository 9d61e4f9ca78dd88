"""Replacing what runs under load: web processes one by one, and the schema beside the code before it."""

import asyncio
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import orjson

from benchmarks.clients import at_rate
from benchmarks.site import ROOT, Site, carrierql, filled, serving
from cli.serve import listen

RATE, CONNECTIONS = 50, 16
APART_SECONDS = 4  # between two changes: a new process is ready by then
LONGEST_SECONDS = 150
VERSIONS = "models/migrations/versions"
CREATE = """mutation($i: CreateAccountInput!) { createAccount(input: $i) {
    account { id } userErrors { message } } }"""


def mixed(place: Site) -> list[bytes]:
    """Reads and writes of both doors."""
    key = place.keys[1]
    account = orjson.dumps({"data": {"type": "account", "attributes": {"name": "New"}}})
    mutation = orjson.dumps({"query": CREATE, "variables": {"i": {"name": "New"}}})
    writes = [place.post(key, "/carrier/v1/accounts", account), place.post(key, "/graphql", mutation)]
    return [*place.pages(key, 10), *writes, *place.pages(key, 10)]


@asynccontextmanager
async def under_load(place: Site) -> AsyncIterator[None]:
    """So many requests a second meanwhile, half of them on kept connections and half on a new one each."""
    over = asyncio.Event()
    kept, fresh = (
        asyncio.create_task(
            at_rate(place.port, mixed(place), RATE / 2, LONGEST_SECONDS, CONNECTIONS, over, fresh=fresh)
        )
        for fresh in (False, True)
    )
    await asyncio.sleep(APART_SECONDS)
    yield
    await asyncio.sleep(APART_SECONDS)
    over.set()
    print(f"on kept connections: {await kept}")
    print(f"on a new one each:   {await fresh}", flush=True)


def restart(rounds: int) -> None:
    with filled() as (url, keys), listen("127.0.0.1", 0) as listener, ExitStack() as stack:
        web = [stack.enter_context(serving(url, listener)) for _ in range(2)]
        place = Site(listener.getsockname()[1], keys)

        async def replace() -> None:
            """One after another: the other one serves meanwhile."""
            await place.answers()
            async with under_load(place):
                for _ in range(rounds):
                    old = web.pop(0)
                    print(f"a web process {await ended(old)}; another one starts", flush=True)
                    web.append(stack.enter_context(serving(url, listener)))
                    await asyncio.sleep(APART_SECONDS)

        asyncio.run(replace())


def migrations(since: str) -> None:
    with (
        code_before(since) as tree,
        filled(tree) as (url, keys),
        listen("127.0.0.1", 0) as listener,
        serving(url, listener, tree) as old,
        ExitStack() as stack,
    ):
        place = Site(listener.getsockname()[1], keys)

        async def migrate() -> None:
            """While the old code serves; then it gives way to the new one."""
            await place.answers()
            async with under_load(place):
                began = time.monotonic()
                await asyncio.to_thread(carrierql, url, ROOT, "migrate")
                print(f"migrated in {time.monotonic() - began:.1f} s", flush=True)
                await asyncio.sleep(APART_SECONDS)
                stack.enter_context(serving(url, listener))
                await asyncio.sleep(APART_SECONDS)
                print(f"the old code {await ended(old)}; the new one serves alone", flush=True)

        asyncio.run(migrate())


async def ended(process: "subprocess.Popen[bytes]") -> str:
    process.terminate()
    began = time.monotonic()
    code = await asyncio.to_thread(process.wait, 30)
    return f"ended by {code} after {time.monotonic() - began:.1f} s"


@contextmanager
def code_before(since: str) -> Iterator[Path]:
    """The tree of the commit before the one that brought this migration."""
    with tempfile.TemporaryDirectory() as directory:
        file = f"{VERSIONS}/*{since}_*.py"
        found = git("log", "--format=%H", "--diff-filter=A", "--", file).split()
        if not found:
            raise SystemExit(f"git knows no migration {since}")
        archive = subprocess.run(
            ["git", "archive", f"{found[-1]}^"], cwd=ROOT, check=True, capture_output=True
        ).stdout
        subprocess.run(["tar", "-x", "-C", directory], input=archive, check=True)
        print(f"old code: {git('log', '-1', '--format=%h %s', f'{found[-1]}^').strip()}", flush=True)
        yield Path(directory)


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout
