"""Who may work: a bound on what is in progress in a process, a short queue, and turns between carriers.

Whoever a busy process cannot serve soon is told so at once, and a carrier that floods waits for itself alone
(docs/decisions/0012-admission.md).
"""

import asyncio
from collections import deque
from time import monotonic
from uuid import UUID

from observability import metrics
from schema.errors import Busy, RateLimited

SLOTS = 20  # requests in progress: as many as there are connections for them
MOST = 8  # of one carrier: connections of each kind are left for the others
SHARE = 1  # of a carrier that floods, while another one asks
QUEUE = 200  # requests that wait for a slot: a carrier's are at most half of them
WAIT_SECONDS = 5
LOOK_SECONDS = 0.5  # between looks for who has waited too long: a timer for each would be felt by all
FLOOD_SECONDS = 2  # so long a carrier floods whose requests had to wait
SEVERAL_SECONDS = 1  # so long a carrier that asked counts as asking
RETRY_SECONDS = 1
ALONE = -1  # no loop turn's number
REFUSALS_A_SECOND = 50  # which are held back beyond that: each costs what could serve somebody
HELD_SECONDS, MOST_HELD = 2, 10_000

Carrier = UUID | None  # None is the platform, which no share binds


class Admission:
    """The slots of this process, and who waits for one: carriers in turns, each one's requests in order."""

    def __init__(self, slots: int = SLOTS, queue: int = QUEUE, most: int = MOST) -> None:
        self._slots, self._queue, self._most = slots, queue, most
        self._running: dict[Carrier, int] = {}
        self._waiting: dict[Carrier, deque[asyncio.Future[None]]] = {}  # the first one's turn is next
        self._ends: dict[asyncio.Future[None], float] = {}  # until when each waits, the longest first
        self._look: asyncio.TimerHandle | None = None
        self._free, self._held = slots, 0
        self._last: Carrier = None
        self._several_until = 0.0
        self._floods_until: dict[Carrier, float] = {}
        self.loop_turn, self._counting = 0, False
        self._leaving: list[Carrier] = []

    def turn(self, carrier: Carrier) -> "Turn":
        """`async with` it: the block is run within a slot. Raises Busy, RateLimited."""
        return Turn(self, carrier)

    def enter(self, carrier: Carrier) -> bool:
        """Whether a slot could be had at once; who got one calls `leave`."""
        if carrier != self._last:
            self._last, self._several_until = carrier, monotonic() + SEVERAL_SECONDS
        if not self._free or carrier in self._waiting or not self._within_share(carrier):
            return False
        self._take(carrier)
        return True

    async def wait(self, carrier: Carrier) -> None:
        """Wait for a slot. Raises Busy, RateLimited."""
        own = len(self._waiting.get(carrier, ()))
        if own >= self._queue // 2:
            metrics.refused("share")
            await self._hold()
            raise RateLimited(f"{own} requests of your carrier are waiting for their turn", RETRY_SECONDS)
        if len(self._ends) >= self._queue:
            await self._hold()
            raise _busy()
        loop, now = asyncio.get_running_loop(), monotonic()
        waiter = loop.create_future()
        self._waiting.setdefault(carrier, deque()).append(waiter)
        self._ends[waiter] = now + WAIT_SECONDS
        self._floods_until[carrier] = now + FLOOD_SECONDS
        if self._look is None:
            self._look = loop.call_later(LOOK_SECONDS, self._end_long_waits)
        try:
            await waiter
        except asyncio.CancelledError:
            self._give_up(carrier, waiter)
            if (task := asyncio.current_task()) and task.cancelling():
                raise
            raise _busy() from None

    def note_loop_turn(self) -> int:
        """The number of the event loop's turn while several carriers ask: it goes on as it is asked for."""
        if monotonic() >= self._several_until:
            return ALONE
        if not self._counting:
            self._counting = True
            asyncio.get_running_loop().call_soon(self._next_loop_turn)
        return self.loop_turn

    def leave_later(self, carrier: Carrier) -> None:
        """As `leave`, in the loop's next turn."""
        self._leaving.append(carrier)

    def _next_loop_turn(self) -> None:
        self.loop_turn, self._counting = self.loop_turn + 1, False
        leaving, self._leaving = self._leaving, []
        for carrier in leaving:
            self.leave(carrier)

    def leave(self, carrier: Carrier) -> None:
        self._free += 1
        self._running[carrier] -= 1
        if not self._running[carrier]:
            del self._running[carrier]
            if carrier not in self._waiting:
                self._floods_until.pop(carrier, None)
        while self._waiting and self._free and self._call_next():
            pass

    def figures(self) -> dict[str, int]:
        """Requests in progress, those that wait, refusals held back, and the most that may be in progress."""
        running = self._slots - self._free
        return {"running": running, "waiting": len(self._ends), "held": self._held, "most": self._slots}

    def _call_next(self) -> bool:
        """Whether there was one to be called; its carrier is the last one in turn then."""
        for carrier, waiters in self._waiting.items():
            if self._within_share(carrier):
                waiter = waiters.popleft()
                del self._ends[waiter], self._waiting[carrier]
                if waiters:
                    self._waiting[carrier] = waiters
                if not waiter.done():  # else it was given up just then
                    self._take(carrier)
                    waiter.set_result(None)
                return True
        return False

    def _take(self, carrier: Carrier) -> None:
        self._free -= 1
        self._running[carrier] = self._running.get(carrier, 0) + 1

    def _within_share(self, carrier: Carrier) -> bool:
        running = self._running.get(carrier, 0)
        if running < SHARE or carrier is None:
            return True
        if running >= self._most:
            return False
        until = self._floods_until.get(carrier)
        return until is None or monotonic() >= min(until, self._several_until)

    def _end_long_waits(self) -> None:
        """Again and again, as long as anybody waits."""
        now = monotonic()
        for waiter, end in self._ends.items():
            if end > now:
                break
            waiter.cancel()
        self._look = None
        if self._ends:
            self._look = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._end_long_waits)

    def _give_up(self, carrier: Carrier, waiter: "asyncio.Future[None]") -> None:
        if waiter.cancelled():
            self._remove(carrier, waiter)
        else:  # it was called just then
            self.leave(carrier)

    def _remove(self, carrier: Carrier, waiter: "asyncio.Future[None]") -> None:
        waiters = self._waiting.get(carrier)
        if waiters and waiter in waiters:
            waiters.remove(waiter)
            del self._ends[waiter]
            if not waiters:
                del self._waiting[carrier]

    async def _hold(self) -> None:
        """A pause before a refusal: else clients that ask on keep the process busy with nothing else."""
        if self._held >= MOST_HELD:
            return
        self._held += 1
        try:
            await asyncio.sleep(min(HELD_SECONDS, (self._held - 1) / REFUSALS_A_SECOND))
        finally:
            self._held -= 1


class Turn:
    """A block within a slot.

    One that waited for nothing holds it until the loop's next turn, while several carriers ask: else all that
    one asks at once, and that takes no statement (a refused document), would be done before the others'.
    """

    __slots__ = ("_admission", "_carrier", "_loop_turn")

    def __init__(self, admission: Admission, carrier: Carrier) -> None:
        self._admission, self._carrier = admission, carrier

    async def __aenter__(self) -> None:
        if not self._admission.enter(self._carrier):
            await self._admission.wait(self._carrier)
        self._loop_turn = self._admission.note_loop_turn()

    async def __aexit__(self, *_: object) -> None:
        if self._admission.loop_turn == self._loop_turn:
            self._admission.leave_later(self._carrier)
        else:
            self._admission.leave(self._carrier)


def _busy() -> Busy:
    metrics.refused("busy")
    return Busy("the service has more to do than it can", RETRY_SECONDS)
