"""Webhooks on their way: sent, tried again, logged, sent anew, by real workers to real receivers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.conftest import Door, new_call
from tests.processes import any_broker, process
from tests.receivers import Receiver

__all__ = ["any_broker"]

DELIVERY = "{ id status nextAttemptAt attempts { statusCode error responseBody } }"


@pytest.fixture(scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver.listening() as found:
        yield found


@pytest.fixture(scope="module")
async def workers(
    database_url: str, any_broker: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Path]:
    """A scheduler and a worker; the file is their log."""
    log = tmp_path_factory.mktemp("workers") / "log"
    with ExitStack() as stack:
        for command in ("worker", "scheduler"):
            stack.enter_context(process(command, database_url, any_broker, log))
        yield log


async def endpoint_at(door: Door, receiver: Receiver, path: str, **given: Any) -> str:
    given = {"url": receiver.origin + path} | given
    return str((await door.do("createWebhookEndpoint", "webhookEndpoint", **given))["id"])


async def deliveries(door: Door, **filters: Any) -> list[dict[str, Any]]:
    listed = f"webhookDeliveries(filter: $f, first: 100) {{ nodes {DELIVERY} }}"
    text = f"query($f: WebhookDeliveryFilter) {{ {listed} }}"
    answer = await door.graphql(text, f=filters)
    nodes: list[dict[str, Any]] = answer["data"]["webhookDeliveries"]["nodes"]
    return nodes


async def settled(door: Door, status: str, count: int = 1, seconds: float = 30) -> list[dict[str, Any]]:
    """The carrier's deliveries as soon as `count` of them have this status."""
    async with asyncio.timeout(seconds):
        while len(found := await deliveries(door, status=status)) < count:  # noqa: ASYNC110  another process's doing
            await asyncio.sleep(0.05)
    return found


@pytest.mark.usefixtures("workers")
async def test_a_webhook_is_the_document_of_its_event_byte_for_byte(
    ours: Door, platform: Door, account: str, receiver: Receiver
) -> None:
    await endpoint_at(ours, receiver, "/document")
    await new_call(platform, account, to="+85512334667", status="COMPLETED", duration=7)
    (got,) = await receiver.wait_for("/document")
    shown = await ours.rest("GET", f"events/{got.event['id']}")
    assert got.body == shown.content
    assert got.headers["content-type"] == "application/json"
    (delivery,) = await settled(ours, "SUCCEEDED")
    attempt = {"statusCode": 204, "error": None, "responseBody": ""}
    assert delivery == {
        "id": got.webhook_id,
        "status": "SUCCEEDED",
        "nextAttemptAt": None,
        "attempts": [attempt],
    }


@pytest.mark.usefixtures("workers")
async def test_a_failing_endpoint_is_tried_again_with_the_same_id_until_the_schedule_ends(
    ours: Door, platform: Door, account: str, receiver: Receiver
) -> None:
    receiver.answers["/failing"] = 500
    endpoint = await endpoint_at(ours, receiver, "/failing")
    await new_call(platform, account, status="COMPLETED")
    (delivery,) = await settled(ours, "EXHAUSTED")
    got = receiver.at("/failing")
    assert [one.webhook_id for one in got] == [delivery["id"]] * 3
    assert len({one.body for one in got}) == 1
    assert [attempt["statusCode"] for attempt in delivery["attempts"]] == [500, 500, 500]
    shown = await ours.graphql("query($id: ID!) { webhookEndpoint(id: $id) { failingSince } }", id=endpoint)
    assert shown["data"]["webhookEndpoint"]["failingSince"] is not None

    receiver.answers["/failing"] = 200
    again = await ours.do("redeliverWebhook", "webhookDelivery", deliveryId=delivery["id"])
    assert again == {"id": delivery["id"]}
    (delivery,) = await settled(ours, "SUCCEEDED")
    assert [attempt["statusCode"] for attempt in delivery["attempts"]] == [500, 500, 500, 200]
    shown = await ours.graphql("query($id: ID!) { webhookEndpoint(id: $id) { failingSince } }", id=endpoint)
    assert shown["data"]["webhookEndpoint"]["failingSince"] is None


@pytest.mark.usefixtures("workers")
async def test_an_endpoint_that_answers_gone_is_disabled_and_its_deliveries_wait(
    ours: Door, platform: Door, account: str, receiver: Receiver
) -> None:
    receiver.answers["/gone"] = 410
    endpoint = await endpoint_at(ours, receiver, "/gone")
    await new_call(platform, account, status="COMPLETED")
    (delivery,) = await settled(ours, "FAILED")
    text = "query($id: ID!) { webhookEndpoint(id: $id) { enabled disabledReason } }"
    shown = (await ours.graphql(text, id=endpoint))["data"]["webhookEndpoint"]
    assert shown == {"enabled": False, "disabledReason": "the endpoint answered 410 Gone"}
    payload = await ours.payload("redeliverWebhook", "webhookDelivery", deliveryId=delivery["id"])
    (error,) = payload["userErrors"]
    assert error == {
        "field": ["deliveryId"],
        "code": "CONFLICT",
        "message": "the endpoint is disabled; enable it first",
    }
    await new_call(platform, account, status="COMPLETED")
    receiver.answers["/gone"] = 204
    await ours.do("updateWebhookEndpoint", "webhookEndpoint", id=endpoint, enabled=True)
    (delivered,) = await settled(ours, "SUCCEEDED")
    assert delivered["id"] == delivery["id"]
    assert len(await deliveries(ours)) == 1  # what happens while it is disabled is not queued


@pytest.mark.usefixtures("workers")
async def test_a_test_event_goes_to_its_endpoint_alone_and_is_an_event(
    ours: Door, receiver: Receiver
) -> None:
    endpoint = await endpoint_at(ours, receiver, "/tested", eventTypes=["message.sent"])
    await endpoint_at(ours, receiver, "/untested")
    for type_ in (None, "phone_call.completed", "message.delivered"):
        await ours.do("sendTestEvent", "webhookDelivery", endpointId=endpoint, type=type_)
    got = await receiver.wait_for("/tested", 3)
    types = [one.event["attributes"]["type"] for one in got]
    assert sorted(types) == ["message.delivered", "phone_call.completed", "webhook.test"]
    for one in got:
        assert (await ours.rest("GET", f"events/{one.event['id']}")).content == one.body
    assert receiver.at("/untested") == []
    payload = await ours.payload("sendTestEvent", "webhookDelivery", endpointId=endpoint, type="other")
    assert [(error["field"], error["code"]) for error in payload["userErrors"]] == [(["type"], "INVALID")]


@pytest.mark.usefixtures("workers")
async def test_a_replay_counts_first_and_then_sends_what_it_counted(
    ours: Door, platform: Door, account: str, receiver: Receiver
) -> None:
    endpoint = await endpoint_at(ours, receiver, "/replayed")
    for _ in range(3):
        await new_call(platform, account, status="COMPLETED")
    sent = {one["id"] for one in await settled(ours, "SUCCEEDED", 3)}
    text = "mutation($i: ReplayWebhooksInput!) { replayWebhooks(input: $i) { count userErrors { field } } }"
    given = {"endpointId": endpoint, "statuses": ["SUCCEEDED"]}
    for more, count in (
        ({"dryRun": True}, 3),
        ({"dryRun": True, "toDate": "2020-01-01T00:00:00Z"}, 0),
        ({"dryRun": True, "statuses": None}, 0),
        ({}, 3),
    ):
        answer = await ours.graphql(text, i=given | more)
        assert answer["data"]["replayWebhooks"] == {"count": count, "userErrors": []}
    got = await receiver.wait_for("/replayed", 6)
    assert sorted(one.webhook_id for one in got) == sorted([*sent, *sent])


@pytest.mark.usefixtures("workers")
async def test_a_slow_endpoint_does_not_hold_up_another(
    ours: Door, theirs: Door, platform: Door, account: str, receiver: Receiver
) -> None:
    released = asyncio.Event()

    async def slow(_request: web.Request) -> web.Response:
        await released.wait()
        return web.Response()

    receiver.answers["/slow"] = slow
    await endpoint_at(ours, receiver, "/slow", concurrency=1)
    await endpoint_at(theirs, receiver, "/quick")
    their_account = str((await theirs.do("createAccount", "account", name="Theirs"))["id"])
    await new_call(platform, account, status="COMPLETED")
    await receiver.wait_for("/slow")
    await new_call(platform, their_account, status="COMPLETED")
    await settled(theirs, "SUCCEEDED")
    assert await deliveries(ours, status="SUCCEEDED") == []
    released.set()
