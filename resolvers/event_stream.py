"""Events as they are committed, to all subscribers of a process, by one statement every fifth of a second.

The order is that of (`xid`, `id`): the transaction that wrote an event, then the event. Only transactions
before the oldest one that still runs are read: theirs is all that can ever be there, so that nothing slips in
behind (docs/decisions/0003-events-in-order.md). Whoever is behind reads what it missed by itself, in batches.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import strawberry
from graphql import GraphQLError

from models.database import UNAVAILABLE, Database
from resolvers.conditions import NoMatch, given, parse_id, values
from schema.errors import bad_argument
from schema.event import Event

POLL_SECONDS = 0.2
KEY_SECONDS = 5.0  # how soon the stream of a revoked or expired key ends
BATCH = 500
MISSED_BATCH = 100
QUEUE = 1000  # events that wait for one subscriber; a slower one reads them from the table instead
READERS = 2  # of what was missed, at once: the pool serves queries too

#: Where a subscriber stands: the transaction that wrote the last event it was given, and that event.
Position = tuple[int, UUID]

HIGHEST = UUID(int=(1 << 128) - 1)
OLDEST: Position = (0, HIGHEST)  # where those end that were there before subscriptions were made
HORIZON = "SELECT (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint - 1"
COLUMNS = "(xid::text)::bigint, id, carrier_id, type, details, created_at, updated_at"
# xid > '0' lets PostgreSQL use the indexes, which hold only what came after subscriptions were made.
NEW = f"""
SELECT {COLUMNS} FROM event
WHERE (xid, id) > ($1::text::xid8, $2) AND xid > '0' AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid, id LIMIT {BATCH}
"""  # noqa: S608 - our own words
MISSED = f"""
SELECT {COLUMNS} FROM event
WHERE (xid, id) > ($1::text::xid8, $2) AND (xid, id) <= ($3::text::xid8, $4) AND xid > '0'{{}}
ORDER BY xid, id LIMIT {MISSED_BATCH}
"""  # noqa: S608 - our own words
OLD = f"""
SELECT {COLUMNS} FROM event
WHERE xid = $1::text::xid8 AND id > $2 AND xid = $3::text::xid8 AND id <= $4{{}}
ORDER BY id LIMIT {MISSED_BATCH}
"""  # noqa: S608 - our own words
KNOWN = "SELECT (xid::text)::bigint FROM event WHERE id = $1 AND ($2::uuid IS NULL OR carrier_id = $2)"
VALID_KEYS = """
SELECT id FROM api_key
WHERE id = ANY ($1::uuid[]) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
"""
log = logging.getLogger("carrierql")


@dataclass(frozen=True, slots=True)
class Row:
    """An event as it was read: one object for all who are given it."""

    xid: int
    id: UUID
    carrier_id: UUID
    type: str
    details: Any
    created_at: Any
    updated_at: Any

    @property
    def position(self) -> Position:
        return self.xid, self.id

    def event(self) -> Event:
        return Event(
            id=strawberry.ID(str(self.id)),
            type=self.type,
            details=self.details,
            created_at=self.created_at,
            updated_at=self.updated_at,
        )


def _same(name: str) -> Callable[[Row, Any], bool]:
    return lambda row, wanted: bool(getattr(row, name) == wanted)


# The conditions of the lists (conditions.py), for the table and for an event that is at hand.
TESTS: dict[str, tuple[str, Callable[[Row, Any], bool]]] = {
    "owner": ("carrier_id = ${}", _same("carrier_id")),
    "carrier": ("carrier_id = ${}", _same("carrier_id")),
    "type": ("type = ${}", _same("type")),
    "from_date": ("id >= ${}", lambda row, wanted: bool(row.id >= wanted)),
    "to_date": ("id < ${}", lambda row, wanted: bool(row.id < wanted)),
}


class Interest:
    """Which events a subscriber is to have: its carrier's own, and of those what its filter asks for."""

    def __init__(self, owner: UUID | None, filter_: Any) -> None:
        """Raises a GraphQLError for a filter that no event can meet."""
        self.owner = owner
        try:
            wanted = values(given(filter_))
        except NoMatch:
            raise bad_argument("filter", "no event can meet this filter: its carrier is no id") from None
        if owner is not None:
            wanted["owner"] = owner
        self._tests = [(TESTS[name][1], value) for name, value in wanted.items()]
        self.values = list(wanted.values())
        clauses = [TESTS[name][0].format(number) for number, name in enumerate(wanted, 5)]
        more = "".join(f" AND {clause}" for clause in clauses)
        self.missed, self.old = MISSED.format(more), OLD.format(more)

    def wants(self, row: Row) -> bool:
        return all(test(row, value) for test, value in self._tests)


@dataclass(eq=False, slots=True)
class Listener:
    """A subscriber's place in the stream; `hears` while events are put before it as they come."""

    key_id: UUID | None
    interest: Interest
    hears: bool = False
    waiting: deque[Row] = field(default_factory=deque)
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    end: GraphQLError | None = None
    ended: bool = False

    def tell(self, row: Row) -> None:
        if not self.hears or not self.interest.wants(row):
            return
        if len(self.waiting) >= QUEUE:
            self.hears = False
        else:
            self.waiting.append(row)
        self.stirred.set()

    def stop(self, error: GraphQLError | None) -> None:
        self.ended, self.end = True, error
        self.stirred.set()

    async def heard(self) -> AsyncGenerator[Row, None]:
        """What comes, until the stream ends, or more came than may wait: then the table has the rest."""
        while not self.ended:
            self.stirred.clear()
            while self.waiting and not self.ended:
                yield self.waiting.popleft()
            if not self.hears:
                return
            if not self.ended and not self.stirred.is_set():
                await self.stirred.wait()


class EventStream:
    """The stream of one process. It reads only while somebody listens."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: set[Listener] = set()
        self._position: Position | None = None
        self._known = asyncio.Event()
        self._tail: asyncio.Task[None] | None = None
        self._readers = asyncio.Semaphore(READERS)
        self.over = False

    async def follow(self, viewer: Any, filter_: Any, after: str | None) -> AsyncGenerator[Event, None]:
        """The viewer's events that meet the filter, from now on or from the one that follows `after`.

        Raises a GraphQLError for an `after` that is no event of the viewer's, and when its key ends.
        """
        interest = Interest(viewer.carrier_id, filter_)
        start = None if after is None else await self._position_of(after, viewer.carrier_id)
        with self._listening(Listener(viewer.key_id, interest)) as listener:
            await self._known.wait()
            position = start or self._now()
            while not listener.ended:
                while position < (end := self._now()) and not listener.ended:
                    async with aclosing(self._missed(interest, position, end)) as missed:
                        async for row in missed:
                            yield row.event()
                            if listener.ended:
                                break
                    position = end
                # Nothing is awaited between the last comparison and this, so nothing can come between.
                listener.hears = True
                async with aclosing(listener.heard()) as heard:
                    async for row in heard:
                        if row.position > position:
                            position = row.position
                            yield row.event()
            if listener.end is not None:
                raise listener.end

    def finish(self) -> None:
        """End every stream, and those that would begin: the process is about to end."""
        self.over = True
        for listener in self._listeners:
            listener.stop(None)

    @contextmanager
    def _listening(self, listener: Listener) -> Iterator[Listener]:
        if self.over:
            listener.stop(None)
        self._listeners.add(listener)
        if self._tail is None:
            self._tail = asyncio.create_task(self._follow_tail())
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            if not self._listeners and self._tail is not None:
                self._tail.cancel()
                self._tail, self._position = None, None
                self._known = asyncio.Event()

    def _now(self) -> Position:
        assert self._position is not None
        return self._position

    async def _follow_tail(self) -> None:
        loop = asyncio.get_running_loop()
        checked = loop.time()
        while True:
            read = 0
            try:
                read = await self._read_new()
                if loop.time() - checked > KEY_SECONDS:
                    await self._end_those_without_a_key()
                    checked = loop.time()
            except UNAVAILABLE as error:
                log.warning("events wait for the database", extra={"error": repr(error)})
            except Exception:  # everybody's stream hangs on this one task
                log.exception("reading new events failed")
            if read < BATCH:
                await asyncio.sleep(POLL_SECONDS)

    async def _read_new(self) -> int:
        reads = self._database.reads
        if self._position is None:
            self._position = await reads.fetchval(HORIZON), HIGHEST
            self._known.set()
        xid, last = self._position
        rows = [Row(*record) for record in await reads.fetch(NEW, str(xid), last)]
        for row in rows:
            for listener in self._listeners:
                listener.tell(row)
        if rows:
            self._position = rows[-1].position
        return len(rows)

    async def _end_those_without_a_key(self) -> None:
        keys = {listener.key_id for listener in self._listeners} - {None}
        valid = {row["id"] for row in await self._database.reads.fetch(VALID_KEYS, list(keys))}
        for listener in self._listeners:
            if listener.key_id is not None and listener.key_id not in valid:
                listener.stop(
                    GraphQLError("this key was revoked or has expired", extensions={"code": "INVALID_TOKEN"})
                )

    async def _missed(self, interest: Interest, start: Position, end: Position) -> AsyncGenerator[Row, None]:
        """What an interest asks for, after `start` up to `end`."""
        parts = [(interest.missed, start, end)]
        if start[0] == 0:
            parts = [(interest.old, start, OLDEST), (interest.missed, OLDEST, end)]
        for text, low, high in parts:
            position, more = low, True
            while more:
                bounds = (str(position[0]), position[1], str(high[0]), high[1])
                async with self._readers:
                    found = await self._database.reads.fetch(text, *bounds, *interest.values)
                more = len(found) == MISSED_BATCH
                for record in found:
                    row = Row(*record)
                    position = row.position
                    yield row

    async def _position_of(self, after: str, owner: UUID | None) -> Position:
        try:
            identifier = parse_id(after)
            xid = await self._database.reads.fetchval(KNOWN, identifier, owner)
        except NoMatch:
            xid = None
        if xid is None:
            raise bad_argument("after", "after must be the id of the last event that you saw; there is none")
        return xid, identifier
