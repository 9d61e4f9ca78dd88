"""The processes that deliver: what they hold when they are stopped or killed is neither lost nor cut."""

import asyncio
import signal
from contextlib import ExitStack
from pathlib import Path

from aiohttp import web

from tests.conftest import Door, new_call
from tests.processes import any_broker, process
from tests.receivers import Receiver
from tests.test_webhook_delivery import deliveries, endpoint_at, receiver, settled

__all__ = ["any_broker", "receiver"]


async def test_a_worker_that_is_killed_while_it_sends_loses_nothing(
    ours: Door,
    platform: Door,
    account: str,
    receiver: Receiver,
    database_url: str,
    any_broker: str,
    tmp_path: Path,
) -> None:
    arrived = asyncio.Event()

    async def hold(_request: web.Request) -> web.Response:
        arrived.set()
        await asyncio.sleep(0.5)
        return web.Response()

    receiver.answers["/killed"] = hold
    await endpoint_at(ours, receiver, "/killed", concurrency=4)
    for _ in range(12):
        await new_call(platform, account, status="COMPLETED")
    with process("scheduler", database_url, any_broker, tmp_path / "log"):
        with process("worker", database_url, any_broker, tmp_path / "log") as victim:
            await arrived.wait()
            victim.send_signal(signal.SIGKILL)
        receiver.answers["/killed"] = 204
        with process("worker", database_url, any_broker, tmp_path / "log"):
            delivered = await settled(ours, "SUCCEEDED", 12, seconds=60)
    ids = [one.webhook_id for one in receiver.at("/killed")]
    assert set(ids) == {one["id"] for one in delivered}
    assert len(ids) - len(set(ids)) <= 4  # at most the endpoint's concurrency comes twice


async def test_what_was_begun_before_sigterm_is_recorded_before_the_end(
    ours: Door,
    platform: Door,
    account: str,
    receiver: Receiver,
    database_url: str,
    any_broker: str,
    tmp_path: Path,
) -> None:
    arrived = asyncio.Event()

    async def slow(_request: web.Request) -> web.Response:
        arrived.set()
        await asyncio.sleep(0.7)
        return web.Response(text="late")

    receiver.answers["/stopping"] = slow
    with process("scheduler", database_url, any_broker, tmp_path / "log"), ExitStack() as stack:
        worker = stack.enter_context(process("worker", database_url, any_broker, tmp_path / "log"))
        await endpoint_at(ours, receiver, "/stopping")
        await new_call(platform, account, status="COMPLETED")
        await arrived.wait()
        worker.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(worker.wait, 30) == 0
        (delivery,) = await deliveries(ours)
    assert delivery["attempts"] == [{"statusCode": 200, "error": None, "responseBody": "late"}]
