"""What the wall costs: POSTs a second of `Sender` beside bare aiohttp, to a sink of its own on loopback.

    python -m benchmarks.sending [--seconds 3] [--rounds 5] [--in-flight 64]

Both take turns in one process and meet the same sink, once with connections that are kept and once with a
new one for each POST. What counts is the ratio: the median of the rounds.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from subprocess import PIPE
from typing import Any

import aiohttp

from workers.sending import Sender

BODY = b'{"data": {"type": "event", "attributes": {"details": "' + b"x" * 800 + b'"}}}'
HEADERS = {"Content-Type": "application/json", "webhook-id": "01a20cf1-5494-7661-80e5-a36c7ce8de20"}

Post = Callable[[str], Awaitable[Any]]


class Sink(asyncio.Protocol):
    """Answers each POST of ours with 204: its end is the end of `BODY`."""

    def __init__(self, *, keep: bool) -> None:
        self.keep = keep

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if data.endswith(BODY[-8:]):
            self.transport.write(
                b"HTTP/1.1 204 X\r\n%s\r\n" % (b"" if self.keep else b"Connection: close\r\n")
            )
            if not self.keep:
                self.transport.close()


async def sink() -> None:
    """Both sinks, till the other process goes away; prints their ports."""
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(partial(Sink, keep=keep), "127.0.0.1", 0) for keep in (True, False)]
    print(*[server.sockets[0].getsockname()[1] for server in servers], flush=True)
    await asyncio.to_thread(sys.stdin.read)


async def rate(post: Post, url: str, seconds: float, in_flight: int) -> float:
    end = time.monotonic() + seconds
    done = 0

    async def one_after_the_other() -> None:
        nonlocal done
        while time.monotonic() < end:
            await post(url)
            done += 1

    began = time.monotonic()
    await asyncio.gather(*[one_after_the_other() for _ in range(in_flight)])
    return done / (time.monotonic() - began)


async def measure(seconds: float, rounds: int, in_flight: int) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.sending", "--sink", stdin=PIPE, stdout=PIPE
    )
    assert child.stdin
    assert child.stdout
    kept, closed = (await child.stdout.readline()).decode().split()
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        Sender(allow_private=True, attempt_seconds=15) as sender,
    ):

        async def walled(url: str) -> None:
            outcome = await sender.send(url, BODY, HEADERS)
            assert outcome.succeeded, outcome

        async def bare(url: str) -> None:
            async with session.post(url, data=BODY, headers=HEADERS) as response:
                await response.read()
                assert response.ok

        for name, port in (("kept", kept), ("new", closed)):
            url = f"http://127.0.0.1:{port}/"
            pairs = [
                (await rate(walled, url, seconds, in_flight), await rate(bare, url, seconds, in_flight))
                for _ in range(rounds)
            ]
            ours, theirs = (statistics.median(rates) for rates in zip(*pairs, strict=True))
            ratio = statistics.median(one / other for one, other in pairs)
            print(
                f"{name:5} connections: Sender {ours:6.0f}/s, bare aiohttp {theirs:6.0f}/s, ratio {ratio:.2f}"
            )
    child.stdin.close()
    await child.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--sink", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    asyncio.run(sink() if given.sink else measure(given.seconds, given.rounds, given.in_flight))


if __name__ == "__main__":
    main()
