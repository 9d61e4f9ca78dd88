"""One budget for each key: REST calls and the calculated cost of GraphQL documents count alike.

A process leases slices of a key's budget from PostgreSQL and counts them down by itself, so that a request
hardly ever waits for it, and all processes together never grant more than there is
(docs/decisions/0010-one-budget.md).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from math import ceil
from time import monotonic
from uuid import UUID

from models.database import UNAVAILABLE
from models.rate_budget import WINDOW_SECONDS
from models.reads import Reads
from observability import metrics
from schema.errors import RateLimited

MAX_KEYS = 10_000
FIRST_SLICE = 1000  # the first slice is this part of the budget; each further one is twice as large
LARGEST_SLICE = 16  # and at most this part of what is left
KEPT_WHILE_IDLE = 100  # what is over this part of the budget goes back when nobody used it for a while
IDLE_SECONDS = 5
LOOK_AGAIN_SECONDS = 1  # others may have given back
HELD_SECONDS = 2
REFUSALS_A_SECOND = 50

# One statement takes a slice of the window that is, or begins the next one. `granted` is a column because
# RETURNING sees new values alone.
LEASE = f"""
INSERT INTO rate_budget AS b (key_id, began_at, taken, granted)
VALUES ($1, now(), least($2::int, greatest($3::int, $4::int)), least($2::int, greatest($3::int, $4::int)))
ON CONFLICT (key_id) DO UPDATE SET
    (began_at, taken, granted) = (
        SELECT began, used + slice, slice
        FROM (SELECT b.began_at + interval '{WINDOW_SECONDS} s' <= now() AS over) AS window_,
             LATERAL (SELECT CASE WHEN over THEN now() ELSE b.began_at END AS began,
                             CASE WHEN over THEN 0 ELSE b.taken END AS used) AS state,
             LATERAL (SELECT greatest($2::int - used, 0) AS rest) AS left_,
             LATERAL (SELECT least(rest, greatest($3::int, least($4::int, rest / {LARGEST_SLICE}))) AS slice)
                 AS size)
RETURNING began_at, granted, greatest($2::int - taken, 0) AS rest,
          extract(epoch FROM began_at + interval '{WINDOW_SECONDS} s' - now())::float8 AS seconds_left
"""  # noqa: S608 - constants
GIVE_BACK = "UPDATE rate_budget SET taken = taken - $3 WHERE key_id = $1 AND began_at = $2 RETURNING taken"


class Budget:
    """What this process may still spend of one key's budget, in units."""

    def __init__(self, reads: Reads, key_id: UUID, limit: int) -> None:
        self._reads, self._key_id, self.limit = reads, key_id, limit
        self._policy = b"ratelimit-policy", b'"default";q=%d;w=%d' % (limit, WINDOW_SECONDS)
        self._left = self._rest = 0  # leased and not spent; leased by nobody, at the last look
        self._end = self._look_again = 0.0
        self._began: datetime | None = None
        self._slice = self._left_before = self._waiting = 0
        self._lock = asyncio.Lock()

    @property
    def remaining(self) -> int:
        return self._left + self._rest

    @property
    def reset_seconds(self) -> int:
        return max(ceil(self._end - monotonic()), 0)

    def spend(self, units: int) -> bool:
        """Whether the units could be spent at once, of what was leased."""
        if units > self._left or monotonic() >= self._end:
            return False
        self._left -= units
        return True

    async def charge(self, units: int, *, hold: bool = False) -> None:
        """Spend that many units. Raises RateLimited, after a pause with `hold`, and UNAVAILABLE's.

        Refusals are paced: a client that asks on in spite of them would keep the process busy with them.
        """
        units = min(units, self.limit)
        if self.spend(units):
            return
        async with self._lock:
            if await self._lease(units):
                return
        metrics.refused("budget")
        if hold:
            self._waiting += 1
            try:
                await asyncio.sleep(min(HELD_SECONDS, (self._waiting - 1) / REFUSALS_A_SECOND))
            finally:
                self._waiting -= 1
        raise RateLimited(f"the budget of {self.limit} units a minute is spent", max(self.reset_seconds, 1))

    async def _lease(self, units: int) -> bool:
        """Whether the units could be spent, perhaps of a new slice."""
        now = monotonic()
        if now >= self._end or (units > self._left and now >= self._look_again):
            await self._take_slice(units, now)
        if units > self._left:
            return False
        self._left -= units
        return True

    async def _take_slice(self, units: int, now: float) -> None:
        size = max(self.limit // FIRST_SLICE, self._slice * 2, 1)
        row = await self._reads.fetchrow(LEASE, self._key_id, self.limit, units, size)
        if row["began_at"] != self._began:  # what was leased of the former window has lapsed
            self._began, self._left, size = row["began_at"], 0, max(self.limit // FIRST_SLICE, 1)
        self._slice = min(size, self.limit // LARGEST_SLICE)
        self._left += row["granted"]
        self._rest = row["rest"]
        self._end = now + row["seconds_left"]  # from before the trip: never later than the window's end
        if units > self._left:
            self._look_again = now + LOOK_AGAIN_SECONDS

    async def give_back(self, *, over: int) -> None:
        """Let other processes have what is left, where it is more than `over` units."""
        unused, self._left_before = self._left == self._left_before, self._left
        if self._left <= over or monotonic() >= self._end or not (unused or over == 0):
            return
        left, self._left, self._slice = self._left, 0, 0
        await self._reads.fetchval(GIVE_BACK, self._key_id, self._began, left)

    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """As draft-ietf-httpapi-ratelimit-headers-11 has them."""
        return self._policy, (b"ratelimit", b'"default";r=%d;t=%d' % (self.remaining, self.reset_seconds))


class Budgets:
    """The budgets of this process's callers, by key."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self._budgets: dict[UUID, Budget] = {}

    def of(self, key_id: UUID, limit: int) -> Budget:
        budget = self._budgets.get(key_id)
        if budget is None:
            budget = self._budgets[key_id] = Budget(self._reads, key_id, limit)
            if len(self._budgets) > MAX_KEYS:
                del self._budgets[next(iter(self._budgets))]
        return budget

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Give back meanwhile what idle keys hold, and everything in the end."""
        task = asyncio.create_task(self._give_back_idle())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            await self._give_back(all_=True)

    async def _give_back_idle(self) -> None:
        while True:
            await asyncio.sleep(IDLE_SECONDS)
            await self._give_back(all_=False)

    async def _give_back(self, *, all_: bool) -> None:
        """While the database is away slices lapse at their window's end."""
        with suppress(*UNAVAILABLE):
            for budget in list(self._budgets.values()):
                await budget.give_back(over=0 if all_ else budget.limit // KEPT_WHILE_IDLE)


class Guesses:
    """Failed authentications by address, of this process alone: who has failed too often is not looked up."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._failed: dict[str, tuple[int, float]] = {}  # by address: how often, and until when it counts

    def check(self, address: str) -> None:
        """Raises RateLimited."""
        count, end = self._failed.get(address, (0, 0.0))
        now = monotonic()
        if self._limit and count >= self._limit and now < end:
            metrics.refused("address")
            raise RateLimited("too many requests with wrong keys came from this address", ceil(end - now))

    def note(self, address: str) -> None:
        now = monotonic()
        count, end = self._failed.pop(address, (0, 0.0))
        self._failed[address] = (count + 1, end) if now < end else (1, now + WINDOW_SECONDS)
        if len(self._failed) > MAX_KEYS:
            del self._failed[next(iter(self._failed))]


def network(address: str) -> str:
    """What an address counts as: itself, or the /64 of IPv6."""
    return ":".join(address.split(":")[:4]) if ":" in address else address
