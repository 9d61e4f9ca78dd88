"""The pool for planned reads: bare asyncpg connections, handed from one request straight to the next.

asyncpg's own pool makes a task, a future and a proxy for each acquire, a tenth of a short request and a
fifth of one that has to wait for its turn (docs/decisions/0002-two-pools.md).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from time import perf_counter
from typing import Any

import asyncpg

from observability.statements import observe_statement

CLOSE_SECONDS = 5
LOOK_SECONDS = 1  # between looks for statements that take too long
Connect = Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]


class Reads:
    """At most `size` connections, each made by `connect` when it is first needed.

    Who waits longer than `seconds` for one gets TimeoutError; what `connect` and the statements raise goes
    through, and the connection of a statement that failed is closed, its statement cancelled. A statement
    that takes longer than `statement_seconds` is cancelled, and raises QueryCanceledError: found by looking
    at all of them now and then, for a timer of its own costs a short statement a tenth of its time.
    """

    def __init__(self, connect: Connect, size: int, seconds: float, statement_seconds: float) -> None:
        self._connect, self._size, self._seconds = connect, size, seconds
        self._statement_seconds = statement_seconds
        self._began: dict[Any, float] = {}  # by connection, of the statements that are running
        self._look: asyncio.TimerHandle | None = None
        self._idle: list[Any] = []
        self._waiters: deque[asyncio.Future[Any]] = deque()
        self._open: set[Any] = set()
        self._connecting = 0
        self._closing: set[asyncio.Task[None]] = set()

    def fetch(self, text: str, *values: Any) -> Coroutine[Any, Any, list[Any]]:
        return self._run("fetch", text, values)

    def fetchrow(self, text: str, *values: Any) -> Coroutine[Any, Any, Any]:
        return self._run("fetchrow", text, values)

    def fetchval(self, text: str, *values: Any) -> Coroutine[Any, Any, Any]:
        return self._run("fetchval", text, values)

    async def _run(self, method: str, text: str, values: tuple[Any, ...]) -> Any:
        connection = self._idle.pop() if self._idle else await self._acquire()
        while connection.is_closed():
            self._drop(connection)
            connection = self._idle.pop() if self._idle else await self._acquire()
        began = self._began[connection] = perf_counter()
        try:
            found = await getattr(connection, method)(text, *values)
        except BaseException:  # its statement may still be running, or the server be leaving
            self._drop(connection)
            raise
        finally:
            self._began.pop(connection, None)
            observe_statement("reads", perf_counter() - began)
        self._pass_on(connection)
        return found

    async def _acquire(self) -> Any:
        """A connection, new while there may be more of them, else the first that another has done with."""
        connection = None
        while connection is None:
            if len(self._open) + self._connecting < self._size:
                return await self._connected()
            connection = await self._waited()
        return connection

    async def _connected(self) -> Any:
        self._connecting += 1
        connection = None
        try:
            connection = await self._connect()
            self._open.add(connection)
            if self._look is None:
                self._end_long_statements()
        finally:
            self._connecting -= 1
            if connection is None:
                self._invite()
        return connection

    def _end_long_statements(self) -> None:
        """Close their connections, which cancels them; again and again until `close`."""
        latest = perf_counter() - self._statement_seconds
        for connection in [connection for connection, began in self._began.items() if began < latest]:
            del self._began[connection]
            self._close_soon(connection)
        self._look = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._end_long_statements)

    async def _waited(self) -> Any:
        """The connection that is passed on, or None: there is room for a new one."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        end = waiter.get_loop().call_later(self._seconds, _expire, waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._yield(waiter.result())
            raise
        finally:
            end.cancel()

    def _yield(self, given: Any) -> None:
        """Nobody takes what was given to a waiter that has gone."""
        if given is None:
            self._invite()
        else:
            self._pass_on(given)

    def _pass_on(self, connection: Any) -> None:
        if not self._wake(connection):
            self._idle.append(connection)

    def _drop(self, connection: Any) -> None:
        self._open.discard(connection)
        self._close_soon(connection)
        self._invite()

    def _close_soon(self, connection: Any) -> None:
        task = asyncio.get_running_loop().create_task(_close(connection))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _invite(self) -> None:
        """There is room for a connection: the first waiter may make it."""
        self._wake(None)

    def _wake(self, given: Any) -> bool:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(given)
                return True
        return False

    def close(self) -> None:
        """All connections are gone at once, in use or not."""
        if self._look is not None:
            self._look.cancel()
        for task in self._closing:
            task.cancel()
        for connection in self._open:
            connection.terminate()

    def figures(self) -> dict[str, int]:
        """Connections in use, open, and the most that may be."""
        return {"used": len(self._open) - len(self._idle), "open": len(self._open), "most": self._size}


async def _close(connection: Any) -> None:
    """Not by `terminate`, which leaves a statement running in the server: this waits for its cancellation."""
    with suppress(
        OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError
    ):  # it is gone either way
        async with asyncio.timeout(CLOSE_SECONDS):  # asyncpg's own bound leaves out the cancellation
            await connection.close()


def _expire(waiter: "asyncio.Future[Any]") -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError("no connection to the database became free in time"))
