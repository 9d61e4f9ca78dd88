"""The cheapest receiver of webhooks there is: takes each POST and answers 204 a little later.

    python -m benchmarks.sink PORT [MILLISECONDS]

`/hang` never answers, `/endless` never stops answering, `/reset` hangs up, everything else is well.
"""

import asyncio
import sys
from typing import Any

import uvloop

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
ENDLESS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNK = b"400\r\n" + b"x" * 1024 + b"\r\n"


class Sink(asyncio.Protocol):
    """One connection; requests come one after the other, each with its Content-Length."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (head := self._buffer.find(b"\r\n\r\n")) >= 0:
            header = self._buffer[:head].lower()
            _, found, rest = header.partition(b"content-length:")
            end = head + 4 + (int(rest.split(b"\r\n", 1)[0]) if found else 0)
            if len(self._buffer) < end:
                return
            path = self._buffer.split(b" ", 2)[1]
            self._buffer = self._buffer[end:]
            self._answer(path)

    def _answer(self, path: bytes) -> None:
        loop = asyncio.get_running_loop()
        if path == b"/reset":
            self._transport.abort()
        elif path == b"/endless":
            self._transport.write(ENDLESS)
            self._more()
        elif path != b"/hang":
            loop.call_later(self._seconds, self._write, ANSWER)

    def _more(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(CHUNK)
            asyncio.get_running_loop().call_later(0.5, self._more)

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)


async def serve(port: int, seconds: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Sink(seconds), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), float((sys.argv[2:] or ["20"])[0]) / 1000))
