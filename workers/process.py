"""The two processes beside the web: workers that deliver, schedulers that wake them."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import asyncpg
import dramatiq
from dramatiq.errors import BrokerError

from models.database import UNAVAILABLE, work_pool
from settings import Settings
from workers import broker, countries, folding, queue, retention, sealing
from workers.delivery import Deliverer
from workers.sending import Sender

CONNECTIONS = 10
THREADS = 2
POLL_MILLISECONDS = 50  # how often an idle worker looks into Redis
TICK_SECONDS = 0.2
FOLD_SECONDS = 1
SEAL_SECONDS = 0.5
CLEAN_SECONDS = 60
SEND_SECONDS = 5
log = logging.getLogger("carrierql")


async def work(settings: Settings) -> None:
    """Deliver until SIGTERM or Ctrl-C; every attempt that was begun is recorded before it returns."""
    stopped = _until_stopped()
    async with (
        work_pool(settings.database_url, CONNECTIONS) as pool,
        Sender(
            allow_private=settings.webhook_allow_private_addresses,
            attempt_seconds=settings.webhook_attempt_seconds,
        ) as sender,
    ):
        deliverer = Deliverer(settings, pool, sender, asyncio.get_running_loop())
        hints = broker.connect(settings.broker_url)
        deliverer.declare_actor(hints)
        worker = dramatiq.Worker(hints, worker_threads=THREADS, worker_timeout=POLL_MILLISECONDS)
        worker.queue_prefetch = THREADS  # what a busy process holds back, an idle one would begin
        worker.start()
        await stopped.wait()
        await asyncio.gather(asyncio.to_thread(worker.stop), deliverer.stop())
        await deliverer.stop()  # what a last hint began while the threads were stopping
        hints.close()


async def schedule(settings: Settings) -> None:
    """Wake workers and clean up until SIGTERM or Ctrl-C. Any number may run side by side."""
    stopped = _until_stopped()
    with ThreadPoolExecutor(1) as thread:
        async with work_pool(settings.database_url, CONNECTIONS) as pool, asyncio.TaskGroup() as group:
            hints = partial(send_hints, pool, broker.connect(settings.broker_url), thread)
            jobs = [
                group.create_task(every(TICK_SECONDS, hints)),
                group.create_task(every(FOLD_SECONDS, partial(until_done, pool, folding.fold))),
                group.create_task(every(SEAL_SECONDS, partial(until_done, pool, sealing.seal))),
                group.create_task(every(CLEAN_SECONDS, partial(until_done, pool, countries.fill))),
                group.create_task(every(CLEAN_SECONDS, partial(retention.clean, pool))),
            ]
            await stopped.wait()
            for job in jobs:
                job.cancel()


async def every(seconds: float, job: Callable[[], Awaitable[None]]) -> None:
    """Do the job for ever, with a pause after each time; while the database is away it is left out."""
    while True:
        try:
            await job()
        except UNAVAILABLE as error:
            log.warning("database away", extra={"error": repr(error)})
        await asyncio.sleep(seconds)


async def until_done(pool: "asyncpg.Pool[Any]", job: Callable[[Any], Awaitable[int]]) -> None:
    """Do a job that takes a bounded number of rows at a time until there are none."""
    async with pool.acquire() as connection:
        while await job(connection):
            pass


async def send_hints(pool: "asyncpg.Pool[Any]", hints: dramatiq.Broker, thread: ThreadPoolExecutor) -> None:
    """Hint at every endpoint that has due work; while the broker is away, say so and try again."""
    endpoints = await queue.hint(pool)
    loop = asyncio.get_running_loop()
    try:
        for endpoint in endpoints:
            sent = loop.run_in_executor(thread, broker.send_hint, hints, str(endpoint))
            await asyncio.wait_for(sent, SEND_SECONDS)
    except (*broker.AWAY, BrokerError) as error:
        log.warning("broker away", extra={"error": repr(error)})
        await queue.unhint(pool, endpoints)


def _until_stopped() -> asyncio.Event:
    """Set by the first SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stopped.set)
    return stopped
