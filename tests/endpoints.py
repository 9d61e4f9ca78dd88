"""Endpoints that webhooks are sent to: real servers on loopback, each as good or as hostile as its answer."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]
RESET_ON_CLOSE = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@dataclass(frozen=True)
class Request:
    """A POST as it came over the wire."""

    head: str
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.split("\r\n")[1:]
        return {name: value for name, _, value in (line.partition(": ") for line in lines)}


class Endpoint:
    """Gives every request the same answer, on a connection that it keeps as long as the client does."""

    port: int
    url: str

    def __init__(self, answer: Answer) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self._answer = answer
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def listening(
        cls,
        answer: Answer | bytes,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> AsyncIterator["Endpoint"]:
        endpoint = cls(answer if callable(answer) else saying(answer))
        server = await asyncio.start_server(endpoint.accept, host, 0, ssl=tls)
        endpoint.port = server.sockets[0].getsockname()[1]
        scheme, name = "https" if tls else "http", f"[{host}]" if ":" in host else host
        endpoint.url = f"{scheme}://{name}:{endpoint.port}/webhooks"
        try:
            yield endpoint
        finally:
            server.close()
            for task in endpoint._tasks:
                task.cancel()
            await asyncio.gather(*endpoint._tasks, return_exceptions=True)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._tasks.add(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                self.requests.append(await read_request(reader))
                await self._answer(writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.transport.abort()


async def read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().removesuffix("\r\n\r\n")
    request = Request(head, b"")
    return Request(head, await reader.readexactly(int(request.headers["Content-Length"])))


def saying(text: bytes) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(text)

    return answer


def repeating(text: bytes, again: bytes) -> Answer:
    """`text`, and then `again` for ever, as fast as it is read."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        while True:
            writer.write(again)
            await writer.drain()

    return answer


def silent_after(text: bytes) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        await asyncio.Event().wait()

    return answer


def hanging_up_after(text: bytes) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        await writer.drain()
        writer.close()

    return answer


async def resetting(writer: asyncio.StreamWriter) -> None:
    """A TCP reset instead of an answer."""
    writer.get_extra_info("socket").setsockopt(*RESET_ON_CLOSE)
    writer.transport.abort()
