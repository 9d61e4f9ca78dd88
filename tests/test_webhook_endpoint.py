"""Webhook endpoints: made, changed, rotated and deleted through GraphQL."""

import asyncio
import re
from typing import Any

import pytest

from models.webhook_endpoint import MAX_ENDPOINTS
from tests.conftest import Door, new_call

URL = "https://hooks.example.com/carrier"
EVERYTHING = (
    "{ id url enabled disabledReason eventTypes concurrency previousSigningSecretUntil failingSince }"
)


async def create(door: Door, **given: Any) -> dict[str, Any]:
    payload = await door.payload(
        "createWebhookEndpoint", "webhookEndpoint", EVERYTHING, **({"url": URL} | given)
    )
    assert payload["userErrors"] == [], payload
    endpoint: dict[str, Any] = payload["webhookEndpoint"]
    return endpoint


async def secret_of(door: Door, endpoint: str) -> str:
    answer = await door.graphql("query($id: ID!) { webhookEndpoint(id: $id) { signingSecret } }", id=endpoint)
    secret: str = answer["data"]["webhookEndpoint"]["signingSecret"]
    return secret


async def refusal(door: Door, name: str, **given: Any) -> list[tuple[list[str], str]]:
    payload = await door.payload(name, "webhookEndpoint", **given)
    assert payload["webhookEndpoint"] is None
    return [(error["field"], error["code"]) for error in payload["userErrors"]]


async def test_a_new_endpoint_is_enabled_for_all_events_and_has_a_secret(ours: Door) -> None:
    endpoint = await create(ours)
    assert endpoint == {
        "id": endpoint["id"],
        "url": URL,
        "enabled": True,
        "disabledReason": None,
        "eventTypes": None,
        "concurrency": 32,
        "previousSigningSecretUntil": None,
        "failingSince": None,
    }
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", await secret_of(ours, endpoint["id"]))


async def test_what_is_given_is_kept(ours: Door) -> None:
    own = {"enabled": False, "eventTypes": ["message.sent"], "concurrency": 1}
    endpoint = await create(ours, **own, signingSecret="a-secret-of-the-carriers-own-making")
    assert {name: endpoint[name] for name in own} == own
    assert await secret_of(ours, endpoint["id"]) == "a-secret-of-the-carriers-own-making"


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"url": "ftp://example.com/"}, "url", "INVALID"),
        ({"url": "https://user:password@example.com/"}, "url", "INVALID"),
        ({"url": "http://169.254.169.254/latest/meta-data"}, "url", "INVALID"),
        ({"eventTypes": []}, "eventTypes", "INVALID"),
        ({"eventTypes": ["phone_call.begun"]}, "eventTypes", "INVALID"),
        ({"concurrency": 0}, "concurrency", "INVALID"),
        ({"concurrency": 101}, "concurrency", "INVALID"),
        ({"signingSecret": "short"}, "signingSecret", "INVALID"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_made(
    ours: Door, given: dict[str, Any], field: str, code: str
) -> None:
    assert await refusal(ours, "createWebhookEndpoint", **({"url": URL} | given)) == [([field], code)]
    assert (await ours.graphql("{ webhookEndpoints { id } }"))["data"] == {"webhookEndpoints": []}


async def test_an_update_changes_what_it_names(ours: Door) -> None:
    endpoint = await create(ours, eventTypes=["message.sent"])
    changes = {"url": URL + "/new", "concurrency": 2, "eventTypes": None}
    payload = await ours.payload(
        "updateWebhookEndpoint", "webhookEndpoint", EVERYTHING, id=endpoint["id"], **changes
    )
    assert payload == {"webhookEndpoint": endpoint | changes, "userErrors": []}
    given = {"id": endpoint["id"], "url": None, "enabled": None}
    assert await refusal(ours, "updateWebhookEndpoint", **given) == [
        (["url"], "REQUIRED"),
        (["enabled"], "REQUIRED"),
    ]


async def test_a_rotation_makes_a_new_secret_and_says_how_long_the_old_one_signs(ours: Door) -> None:
    endpoint = await create(ours)
    old = await secret_of(ours, endpoint["id"])
    rotated = await ours.do("rotateWebhookSigningSecret", "webhookEndpoint", id=endpoint["id"])
    assert rotated == {"id": endpoint["id"]}
    assert await secret_of(ours, endpoint["id"]) != old
    answer = await ours.graphql("{ webhookEndpoints { previousSigningSecretUntil updatedAt } }")
    (shown,) = answer["data"]["webhookEndpoints"]
    assert shown["previousSigningSecretUntil"][:10] > shown["updatedAt"][:10]
    await ours.do("rotateWebhookSigningSecret", "webhookEndpoint", id=endpoint["id"], overlapHours=0)
    answer = await ours.graphql("{ webhookEndpoints { previousSigningSecretUntil } }")
    assert answer["data"]["webhookEndpoints"] == [{"previousSigningSecretUntil": None}]
    given = {"id": endpoint["id"], "overlapHours": 169}
    assert await refusal(ours, "rotateWebhookSigningSecret", **given) == [(["overlapHours"], "INVALID")]


async def test_a_carrier_has_room_for_so_many_endpoints(ours: Door) -> None:
    for number in range(MAX_ENDPOINTS):
        await create(ours, url=f"{URL}/{number}")
    assert await refusal(ours, "createWebhookEndpoint", url=URL) == [(["url"], "RESTRICTED")]
    answer = await ours.graphql("{ webhookEndpoints { url } }")
    listed = [endpoint["url"] for endpoint in answer["data"]["webhookEndpoints"]]
    assert listed == [f"{URL}/{number}" for number in reversed(range(MAX_ENDPOINTS))]


async def test_many_made_at_once_do_not_find_more_room(ours: Door) -> None:
    for number in range(MAX_ENDPOINTS - 2):
        await create(ours, url=f"{URL}/{number}")
    given = [ours.payload("createWebhookEndpoint", "webhookEndpoint", url=URL) for _ in range(8)]
    made = [payload["webhookEndpoint"] for payload in await asyncio.gather(*given)]
    assert made.count(None) == 6


async def test_the_list_shows_a_carriers_own_alone(ours: Door, theirs: Door, platform: Door) -> None:
    mine, other = await create(ours), await create(theirs)
    text = "query($carrier: ID) { webhookEndpoints(carrier: $carrier) { id } }"
    assert (await ours.graphql(text))["data"] == {"webhookEndpoints": [{"id": mine["id"]}]}
    assert (await ours.graphql(text, carrier=theirs.carrier_id))["data"] == {"webhookEndpoints": []}
    found = (await platform.graphql(text, carrier=theirs.carrier_id))["data"]
    assert found == {"webhookEndpoints": [{"id": other["id"]}]}


async def test_a_deleted_endpoint_takes_its_deliveries_along(
    ours: Door, platform: Door, account: str
) -> None:
    endpoint = await create(ours)
    await new_call(platform, account, status="COMPLETED")
    text = "mutation($i: DeleteInput!) { deleteWebhookEndpoint(input: $i) { deletedId userErrors { code } } }"
    deleted = (await ours.graphql(text, i={"id": endpoint["id"]}))["data"]["deleteWebhookEndpoint"]
    assert deleted == {"deletedId": endpoint["id"], "userErrors": []}
    answer = await ours.graphql(
        "{ webhookEndpoints { id } events { nodes { deliveries { nodes { id } } } } }"
    )
    assert answer["data"] == {"webhookEndpoints": [], "events": {"nodes": [{"deliveries": {"nodes": []}}]}}


async def test_an_event_is_queued_for_the_endpoints_that_want_it(
    ours: Door, theirs: Door, platform: Door, account: str
) -> None:
    wanting = [await create(ours), await create(ours, eventTypes=["phone_call.completed"])]
    await create(ours, eventTypes=["message.sent", "message.delivered"])
    await create(ours, enabled=False)
    await create(theirs)
    await new_call(platform, account, status="COMPLETED")
    text = "{ webhookDeliveries { nodes { status attempts { error } event { type } endpoint { id } } } }"
    shown = (await ours.graphql(text))["data"]["webhookDeliveries"]["nodes"]
    common = {"status": "PENDING", "attempts": [], "event": {"type": "phone_call.completed"}}
    assert sorted(shown, key=lambda delivery: delivery["endpoint"]["id"]) == [
        common | {"endpoint": {"id": endpoint["id"]}} for endpoint in wanting
    ]
    assert (await theirs.graphql(text))["data"]["webhookDeliveries"]["nodes"] == []
