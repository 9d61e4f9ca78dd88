"""Answers leave the server whole where they are whole, and piece by piece where they come so."""

import asyncio

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from cli.bounded_http import BoundedHttp
from tests.test_bounded_http import BEGUN, SECONDS, serving

ASK = BEGUN + b"Connection: close\r\n\r\n"
HEAD = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}


class Written(asyncio.Transport):
    """A connection that keeps what the server writes, write by write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = asyncio.Event()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed.is_set()

    def close(self) -> None:
        self.closed.set()


async def test_head_and_body_are_one_write() -> None:
    config = Config(Starlette(), log_config=None, lifespan="off")
    config.load()
    server, transport = BoundedHttp(config, ServerState(), {}), Written()
    server.connection_made(transport)
    server.data_received(ASK)
    async with asyncio.timeout(SECONDS):
        await transport.closed.wait()
    (answer,) = transport.writes
    assert answer.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert answer.endswith(b"\r\n\r\nNot Found")


async def test_a_head_does_not_wait_for_a_body_that_comes_later() -> None:
    seen = asyncio.Event()

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(HEAD)
        await seen.wait()
        for number in range(3):
            await send({"type": "http.response.body", "body": b"%d" % number * 100_000, "more_body": True})
        await send({"type": "http.response.body"})

    async with serving(app) as port, asyncio.timeout(SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(ASK)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        seen.set()
        chunks = [b"%x\r\n%b\r\n" % (100_000, b"%d" % number * 100_000) for number in range(3)]
        assert await reader.read(-1) == b"".join([*chunks, b"0\r\n\r\n"])
        writer.close()
