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
from uuid import UUID

import asyncpg

from models.wall import named, naming
from observability.statements import observe_statement

CLOSE_SECONDS = 5
LOOK_SECONDS = 1  # between looks for statements that take too long
NOBODY = object()
# Connections that one carrier leaves: each of its requests in progress (admission) may take several.
FOR_OTHERS = 2
Connect = Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]


class Connections:
    """At most `size` of them, each made by `connect` when it is first needed; one carrier never has all.

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
        self._waiters: deque[tuple[asyncio.Future[Any], UUID | None]] = deque()
        self._most, self._used = max(size - FOR_OTHERS, 1), dict[UUID, int]()  # of a carrier, by carrier
        self._open: set[Any] = set()
        self._connecting = 0
        self._closing: set[asyncio.Task[None]] = set()

    async def _run(self, method: str, text: str, values: tuple[Any, ...], owner: UUID | None = None) -> Any:
        connection = (
            await self._acquire(owner) if not self._idle or self._has_most(owner) else self._take(owner)
        )
        while connection.is_closed():
            self._leave(owner)
            self._drop(connection)
            connection = await self._acquire(owner)
        began = self._began[connection] = perf_counter()
        try:
            found = await getattr(connection, method)(*self._said(connection, owner, text, values))
        except BaseException:  # its statement may still be running, or the server be leaving
            self._leave(owner)
            self._drop(connection)
            raise
        finally:
            self._began.pop(connection, None)
            observe_statement("reads", perf_counter() - began)
        self._leave(owner)
        self._pass_on(connection)
        return found

    def _take(self, owner: UUID | None) -> Any:
        """One of the idle connections."""
        self._enter(owner)
        return self._idle.pop(self._best(owner))

    def _best(self, _owner: UUID | None) -> int:
        """Which of the idle connections to take: the one that was used last."""
        return -1

    def _has_most(self, owner: UUID | None) -> bool:
        """Whether all connections are in use that may be for one carrier: the others are for the others."""
        return owner is not None and self._used.get(owner, 0) >= self._most

    def _enter(self, owner: UUID | None) -> None:
        if owner is not None:
            self._used[owner] = self._used.get(owner, 0) + 1

    def _leave(self, owner: UUID | None) -> None:
        if owner is not None:
            self._used[owner] -= 1
            if not self._used[owner]:
                del self._used[owner]

    def _said(
        self, _connection: Any, _owner: UUID | None, text: str, values: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        """The statement and its values as the connection is told them."""
        return text, *values

    async def _acquire(self, owner: UUID | None) -> Any:
        """A connection: an idle one, a new one, else the first that another has done with."""
        connection = None
        while connection is None:
            if self._idle and not self._has_most(owner):
                return self._take(owner)
            if len(self._open) + self._connecting < self._size and not self._has_most(owner):
                return await self._connected(owner)
            connection = await self._waited(owner)
        return connection

    async def _connected(self, owner: UUID | None) -> Any:
        self._connecting += 1
        self._enter(owner)
        connection = None
        try:
            connection = await self._connect()
            self._open.add(connection)
            if self._look is None:
                self._end_long_statements()
        finally:
            self._connecting -= 1
            if connection is None:
                self._leave(owner)
                self._invite()
        return connection

    def _end_long_statements(self) -> None:
        """Close their connections, which cancels them; again and again until `close`."""
        latest = perf_counter() - self._statement_seconds
        for connection in [connection for connection, began in self._began.items() if began < latest]:
            del self._began[connection]
            self._close_soon(connection)
        self._look = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._end_long_statements)

    async def _waited(self, owner: UUID | None) -> Any:
        """The connection that is passed on, or None: there is room for a new one."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append((waiter, owner))
        end = waiter.get_loop().call_later(self._seconds, _expire, waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._yield(waiter.result(), owner)
            raise
        finally:
            end.cancel()

    def _yield(self, given: Any, owner: UUID | None) -> None:
        """Nobody takes what was given to a waiter that has gone."""
        if given is None:
            self._invite()
        else:
            self._leave(owner)
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
        """Give it to the first waiter who may have it."""
        while self._waiters and self._waiters[0][0].done():
            self._waiters.popleft()
        for position, (waiter, owner) in enumerate(self._waiters):
            if not waiter.done() and not self._has_most(owner):
                del self._waiters[position]
                if given is not None:
                    self._enter(owner)
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


class Reads(Connections):
    """For what a process reads for itself: all rows are shown."""

    def fetch(self, text: str, *values: Any) -> Coroutine[Any, Any, list[Any]]:
        return self._run("fetch", text, values)

    def fetchrow(self, text: str, *values: Any) -> Coroutine[Any, Any, Any]:
        return self._run("fetchrow", text, values)

    def fetchval(self, text: str, *values: Any) -> Coroutine[Any, Any, Any]:
        return self._run("fetchval", text, values)


class WalledReads(Connections):
    """For requests: each statement is for a carrier, whose rows alone it is shown (models/wall.py).

    For None, the platform, it is shown all. A connection keeps whom its last statement was for; one for
    another names them itself.
    """

    def __init__(self, *settings: Any) -> None:
        super().__init__(*settings)
        self._owners: dict[Any, UUID | None] = {}  # by connection

    def fetch(self, owner: UUID | None, text: str, *values: Any) -> Coroutine[Any, Any, list[Any]]:
        return self._run("fetch", text, values, owner)

    def fetchrow(self, owner: UUID | None, text: str, *values: Any) -> Coroutine[Any, Any, Any]:
        return self._run("fetchrow", text, values, owner)

    def fetchval(self, owner: UUID | None, text: str, *values: Any) -> Coroutine[Any, Any, Any]:
        return self._run("fetchval", text, values, owner)

    def _best(self, owner: UUID | None) -> int:
        """The carrier's own if there is one, else the one that was used last."""
        for position in range(len(self._idle) - 1, -1, -1):
            if self._owners.get(self._idle[position], NOBODY) == owner:
                return position
        return -1

    def _said(
        self, connection: Any, owner: UUID | None, text: str, values: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        if self._owners.get(connection, NOBODY) == owner:
            return text, *values
        self._owners[connection] = owner  # a statement that fails takes its connection with it
        return naming(text, len(values) + 1), *values, named(owner)

    def _drop(self, connection: Any) -> None:
        self._owners.pop(connection, None)
        super()._drop(connection)


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
