"""HTTP/1.1 clients that cost little: the load shares the machine with what it measures."""

import asyncio
import itertools
import math
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

GONE, HUNG = 0, -1  # the status where the connection ended without an answer, and where nothing came
GOOD = (200, 201)
NO_STATUS = {GONE: "no answer", HUNG: "no answer in time"}
ANSWER_SECONDS = 15
TICK_SECONDS = 0.002


class Connection(asyncio.Protocol):
    """One kept connection, one request at a time."""

    def __init__(self) -> None:
        self.transport: Any = None
        self._data, self._length = bytearray(), 0
        self._answer: asyncio.Future[tuple[int, bool]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def connection_lost(self, _error: Exception | None) -> None:
        self.transport = None
        self._told(GONE, again=False)

    def data_received(self, data: bytes) -> None:
        self._data += data
        if not self._length:
            head = self._data.find(b"\r\n\r\n")
            if head < 0:
                return
            self._length = head + 4 + _content_length(bytes(self._data[:head]).lower())
        if len(self._data) >= self._length:
            status, again = int(self._data[9:12]), b"\r\nretry-after:" in self._data[: self._length].lower()
            del self._data[: self._length]
            self._length = 0
            self._told(status, again=again)

    def _told(self, status: int, *, again: bool) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((status, again))

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    async def ask(self, request: bytes) -> tuple[int, bool]:
        """(status, whether the answer has Retry-After)."""
        if self.transport is None:
            return GONE, False
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._answer
        except TimeoutError:
            self.close()
            return HUNG, False


def _content_length(head: bytes) -> int:
    _, found, rest = head.partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


@dataclass
class Told:
    """What became of requests; seconds count from when each was due."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: dict[int, list[float]] = field(default_factory=dict)
    without_retry_after: int = 0

    def note(self, status: int, seconds: float, *, again: bool) -> None:
        self.statuses[status] += 1
        self.seconds.setdefault(status, []).append(seconds)
        if status in (429, 503) and not again:
            self.without_retry_after += 1

    def percentile(self, part: float, status: int = 200) -> float:
        found = sorted(self.seconds.get(status, []))
        return found[min(math.ceil(part * len(found)), len(found)) - 1] if found else math.nan

    @property
    def refused(self) -> dict[int, int]:
        return {status: count for status, count in self.statuses.items() if status not in GOOD}

    def __str__(self) -> str:
        shown = ", ".join(
            f"{count} x {NO_STATUS.get(status, status)} (p50 {self.percentile(0.5, status) * 1000:.1f} ms,"
            f" p95 {self.percentile(0.95, status) * 1000:.1f} ms)"
            for status, count in sorted(self.statuses.items())
        )
        missing = f"; {self.without_retry_after} without Retry-After" if self.without_retry_after else ""
        return f"{shown or 'nothing'}{missing}"


@asynccontextmanager
async def connections(port: int, count: int) -> AsyncIterator[list[Connection]]:
    opened: list[Connection] = []
    try:
        while len(opened) < count:
            opened.append(await connected(port))
        yield opened
    finally:
        for connection in opened:
            connection.close()


async def in_a_loop(
    port: int, requests: list[bytes], seconds: float, count: int, told: Told | None = None
) -> Told:
    """Each connection asks again as soon as it is answered, whatever the answer was."""
    told = told or Told()
    end = time.monotonic() + seconds
    cycle = itertools.cycle(requests)

    async def one_client(connection: Connection) -> None:
        while (began := time.monotonic()) < end:
            status, again = await connection.ask(next(cycle))
            told.note(status, time.monotonic() - began, again=again)
            if connection.transport is None:
                return

    async with connections(port, count) as opened:
        await asyncio.gather(*map(one_client, opened))
    return told


async def at_rate(
    port: int,
    requests: list[bytes],
    rate: float,
    seconds: float,
    count: int,
    over: asyncio.Event | None = None,
    *,
    fresh: bool = False,
) -> Told:
    """So many requests a second, answered or not; who finds no free connection of `count` waits for one.

    `over` ends it earlier. With `fresh` each request has a new connection.
    """
    told = Told()
    async with connections(port, count) as opened:
        free, due = list(opened), deque[float]()
        cycle = itertools.cycle(requests)
        tasks: set[asyncio.Task[None]] = set()

        async def ask(connection: Connection, at: float) -> None:
            if fresh:
                connection.close()
            if fresh or connection.transport is None:  # it was closed while nothing was asked
                connection = await connected(port)
            status, again = await connection.ask(next(cycle))
            told.note(status, time.monotonic() - at, again=again)
            free.append(connection)
            send()

        def send() -> None:
            while due and free:
                task = asyncio.create_task(ask(free.pop(), due.popleft()))
                tasks.add(task)
                task.add_done_callback(tasks.discard)

        async for at in ticks(rate, seconds):
            due.append(at)
            send()
            if over and over.is_set():
                break
        while tasks or due:
            await asyncio.wait(set(tasks)) if tasks else await asyncio.sleep(TICK_SECONDS)
    return told


async def connected(port: int) -> Connection:
    return (await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port))[1]


async def ticks(rate: float, seconds: float) -> AsyncIterator[float]:
    """When each request is due, as soon as it is."""
    began = time.monotonic()
    for at in _times(began, rate, seconds):
        if (early := at - time.monotonic()) > 0:
            await asyncio.sleep(early)
        yield at
        if time.monotonic() - at > TICK_SECONDS:
            await asyncio.sleep(0)


def _times(began: float, rate: float, seconds: float) -> Iterator[float]:
    for number in range(int(rate * seconds)):
        yield began + number / rate
