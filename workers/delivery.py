"""Delivers webhooks: the story of one endpoint's work, told by named steps.

A Dramatiq message hints that an endpoint has work. The actor only lets it begin on the process's event
loop: waiting for somebody's server holds no thread. At most ENDPOINTS are worked on at once; further
hints wait in the broker for this process or another.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
import dramatiq

from models import event, ids
from models.database import UNAVAILABLE
from models.secrets import Cipher
from observability.requests import following
from settings import Settings
from workers import broker, queue, retry
from workers.queue import Claimed, Tried
from workers.sending import Sender
from workers.signing import Signer

ENDPOINTS = 200
TURN_SECONDS = 10  # then another endpoint may have the place; the scheduler hints again
RETRY_SECONDS = 0.2
GONE = "the endpoint answered 410 Gone"
log = logging.getLogger("carrierql")
T = TypeVar("T")


class Deliverer:
    """Works on endpoints until it is told to stop; what is on its way then is brought to its end."""

    def __init__(
        self, settings: Settings, pool: "asyncpg.Pool[Any]", sender: Sender, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._settings, self._pool, self._sender, self._loop = settings, pool, sender, loop
        self._cipher = Cipher(settings.secret_key, settings.secret_key_previous)
        # Twice the longest attempt, so that whoever holds a lease has recorded before it ends.
        self._lease = 2 * settings.webhook_attempt_seconds + 2
        self._places = threading.BoundedSemaphore(ENDPOINTS)
        self._working: set[Future[None]] = set()
        self._stopping = False

    def declare_actor(self, to: dramatiq.Broker) -> None:
        declare = dramatiq.actor(actor_name=broker.ACTOR, queue_name=broker.QUEUE, broker=to)
        declare(self._begin)

    async def stop(self) -> None:
        """Claim nothing more, and return when everything claimed is recorded."""
        self._stopping = True
        await asyncio.gather(*map(asyncio.wrap_future, list(self._working)))

    def _begin(self, endpoint: str) -> None:
        """The actor, in a thread of Dramatiq's: waits for a place and the first claim, not for the work.

        A process whose loop is busy claims later, and so leaves the next hint to one that is idle.
        """
        self._places.acquire()
        claimed = threading.Event()
        task = asyncio.run_coroutine_threadsafe(self._work(UUID(endpoint), claimed.set), self._loop)
        self._working.add(task)
        task.add_done_callback(self._end)
        task.add_done_callback(lambda _: claimed.set())
        claimed.wait()

    def _end(self, task: Future[None]) -> None:
        self._working.discard(task)
        self._places.release()
        if error := task.exception():
            log.error("webhook worker failed", exc_info=error)

    async def _work(self, endpoint: UUID, tell_claimed: Callable[[], None]) -> None:
        """Claim, send and record until nothing is due or the turn is over."""
        token, end = uuid4(), time.monotonic() + TURN_SECONDS
        try:
            while not self._stopping and time.monotonic() < end:
                leased_until = time.monotonic() + self._lease
                claimed = await queue.claim(self._pool, endpoint, token, self._lease)
                tell_claimed()
                if not claimed:
                    break
                signer = self._signer(claimed[0])  # they are all one endpoint's
                tried = await asyncio.gather(*[self._attempt(signer, one) for one in claimed])
                gone = GONE if any(one.outcome.status_code == HTTPStatus.GONE for one in tried) else None
                write = partial(queue.record, self._pool, endpoint, token, tried, gone)
                await _persist(leased_until, write)
            await queue.release(self._pool, endpoint, token)
        except UNAVAILABLE as error:
            log.warning("database away; the lease will end by itself", extra={"error": repr(error)})

    async def _attempt(self, signer: Signer, claimed: Claimed) -> Tried:
        body = event.document(
            claimed.event_id, claimed.created_at, claimed.updated_at, claimed.type, claimed.details
        )
        headers = signer.headers(str(claimed.id), body, ids.now())
        with following(claimed.request_id, claimed.trace_parent, "webhook attempt") as origin:
            headers |= origin
            outcome = await self._sender.send(claimed.url, body, headers)
        if outcome.succeeded:
            return Tried(claimed.id, "succeeded", None, outcome, headers)
        schedule = self._settings.webhook_retry_schedule
        delay = retry.seconds_until_next(claimed.tries, schedule, outcome.retry_after)
        return Tried(claimed.id, "exhausted" if delay is None else "failed", delay, outcome, headers)

    def _signer(self, claimed: Claimed) -> Signer:
        old = claimed.previous_secret
        return Signer(
            issuer=self._settings.webhook_issuer,
            secret=self._cipher.decrypt(claimed.signing_secret),
            old_secret=self._cipher.decrypt(old) if old else None,
            token_by_old_secret=claimed.previous_signs_token,
        )


async def _persist(deadline: float, write: Callable[[], Awaitable[T]]) -> T:
    """The POST has happened: hold on to its result through an outage for as long as the lease lasts."""
    while True:
        try:
            return await write()
        except UNAVAILABLE:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(RETRY_SECONDS)
