"""Stands between a client and PostgreSQL and counts how often the client waits for it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

WAITS = frozenset(b"SQH")  # Sync, Query, Flush: what a client sends before it waits for an answer


class Wire:
    """`trips` counts the round trips of all connections to `url`."""

    def __init__(self, url: str, directory: Path) -> None:
        self._parts, self._directory = urlsplit(url), directory
        self.trips = 0
        self.url = self._parts._replace(
            netloc=f"{self._parts.netloc.partition('@')[0]}@", query=f"host={quote(str(directory))}"
        ).geturl()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Wire"]:
        server = await asyncio.start_unix_server(self._relay, self._directory / ".s.PGSQL.5432")
        async with server:
            yield self

    @contextmanager
    def counted(self) -> Iterator[list[int]]:
        """A list that holds the number of round trips once the block is left."""
        found: list[int] = []
        before = self.trips
        yield found
        found.append(self.trips - before)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await self._connect()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._count(reader, server_writer))
            tasks.create_task(_copy(server_reader, writer))

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if host := parse_qs(self._parts.query).get("host"):
            return await asyncio.open_unix_connection(Path(host[0]) / ".s.PGSQL.5432")
        return await asyncio.open_connection(self._parts.hostname, self._parts.port or 5432)

    async def _count(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass the client's messages on; all but the first begin with a byte that says what they are."""
        size = 0
        try:
            while True:
                kind = await reader.readexactly(1) if size else b""
                length = await reader.readexactly(4)
                size = int.from_bytes(length, "big")
                body = await reader.readexactly(size - 4)
                beat = kind == b"Q" and body.startswith(b"NOTIFY")  # of keys.py, which no call waits for
                self.trips += kind != b"" and kind[0] in WAITS and not beat
                writer.write(kind + length + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
