"""What anybody may send before a key is known: the head of a request is bounded in size and in time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp
from uvicorn import Config, Server

from cli.bounded_http import MAX_HEAD, REFUSAL, BoundedHttp

SECONDS = 30  # until a test is given up
BEGUN = b"GET / HTTP/1.1\r\nHost: here\r\n"


@asynccontextmanager
async def serving(app: ASGIApp | None = None, patience: int = SECONDS) -> AsyncIterator[int]:
    """The port of a server that is patient for so many seconds."""
    config = Config(
        app or Starlette(),
        port=0,
        http=BoundedHttp,
        timeout_keep_alive=patience,
        log_config=None,
        lifespan="off",
    )
    server = Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    yield server.servers[0].sockets[0].getsockname()[1]
    await server.shutdown()


async def answer(port: int, *pieces: bytes) -> bytes:
    """All that a server sends to one who sends these pieces, until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(SECONDS):
        with suppress(ConnectionError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
        received = await reader.read()
    writer.close()
    return received


@pytest.mark.parametrize("begun", [BEGUN + b"X: ", b"GET /"])
async def test_a_head_without_end_is_refused(begun: bytes) -> None:
    rest = b"a" * (MAX_HEAD + 1 - len(begun))  # all of it is read, so that no reset takes the answer away
    async with serving() as port:
        assert await answer(port, begun, rest[:1000], rest[1000:]) == REFUSAL


async def test_a_long_head_is_taken_and_the_next_one_too() -> None:
    long = [BEGUN, *[b"X-%d: %b\r\n" % (number, b"a" * 1000) for number in range(MAX_HEAD // 1100)], b"\r\n"]
    last = BEGUN + b"Connection: close\r\n\r\n"
    async with serving() as port:
        assert (await answer(port, *long, *long, last)).count(b"404 Not Found") == 3


@pytest.mark.parametrize("sent", [b"", BEGUN, BEGUN + b"\r\n" + BEGUN])
async def test_a_head_that_does_not_come_ends_the_connection(sent: bytes) -> None:
    async with serving(patience=1) as port:
        assert (await answer(port, sent)).count(b"404 Not Found") == sent.count(b"\r\n\r\n")
