"""The audit: what writes leave behind, through whichever door (docs/decisions/0011-audit.md)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from schema.root import schema
from tests.commands import carrierql
from tests.conftest import Door, new_call, new_carrier, new_key, new_message

MUTATIONS: Any = schema._schema.mutation_type
SHOWN = """id createdAt carrier { id } actor keyId keyName door action operation requestId address
    objectType objectId objectIds before after"""
UNKNOWN = "01900000-0000-7000-8000-000000000000"
CALL = {"to": "+85512334667", "from": "2442", "direction": "OUTBOUND_API"}
MESSAGE = {"to": "+85512334667", "from": "2442", "direction": "OUTBOUND_API", "body": "Hello World"}
Ids = dict[str, str]

# What a mutation is given so that it writes, and the kind of object that its entry is about.
WRITES: dict[str, tuple[str, Callable[[Ids], dict[str, Any]]]] = {
    "createAccount": ("account", lambda its: {"name": "New", "carrierId": its["carrier"]}),
    "updateAccount": ("account", lambda its: {"id": its["account"], "name": "Other"}),
    "deleteAccount": ("account", lambda its: {"id": its["empty"]}),
    "createPhoneNumber": ("phone_number", lambda its: number("1295") | {"carrierId": its["carrier"]}),
    "importPhoneNumbers": (
        "phone_number",
        lambda its: {"carrierId": its["carrier"], "numbers": [number("1296"), number("1297")]},
    ),
    "updatePhoneNumber": ("phone_number", lambda its: {"id": its["number"], "price": "2.50"}),
    "deletePhoneNumber": ("phone_number", lambda its: {"id": its["number"]}),
    "assignPhoneNumber": ("phone_number", lambda its: {"id": its["number"], "accountId": its["account"]}),
    "releasePhoneNumber": ("phone_number", lambda its: {"id": its["taken"]}),
    "recordPhoneCall": ("phone_call", lambda its: CALL | {"accountId": its["account"]}),
    "recordPhoneCalls": ("phone_call", lambda its: {"calls": [CALL | {"accountId": its["account"]}] * 2}),
    "changePhoneCallStatus": ("phone_call", lambda its: {"id": its["call"], "status": "RINGING"}),
    "updatePhoneCall": ("phone_call", lambda its: {"id": its["call"], "price": "-0.05"}),
    "recordMessage": ("message", lambda its: MESSAGE | {"accountId": its["account"]}),
    "recordMessages": ("message", lambda its: {"messages": [MESSAGE | {"accountId": its["account"]}] * 2}),
    "changeMessageStatus": ("message", lambda its: {"id": its["message"], "status": "QUEUED"}),
    "updateMessage": ("message", lambda its: {"id": its["message"], "price": "-0.05"}),
    "recordTtsEvent": ("tts_event", lambda its: {"phoneCallId": its["call"], "characters": 5}),
    "recordTtsEvents": (
        "tts_event",
        lambda its: {"events": [{"phoneCallId": its["call"], "characters": 5}] * 2},
    ),
    "createWebhookEndpoint": (
        "webhook_endpoint",
        lambda its: {"url": "https://example.com/", "eventTypes": ["message.sent"], "carrierId": its["carrier"]},
    ),
    "updateWebhookEndpoint": ("webhook_endpoint", lambda its: {"id": its["endpoint"], "concurrency": 3}),
    "deleteWebhookEndpoint": ("webhook_endpoint", lambda its: {"id": its["endpoint"]}),
    "rotateWebhookSigningSecret": ("webhook_endpoint", lambda its: {"id": its["endpoint"]}),
    "sendTestEvent": ("webhook_delivery", lambda its: {"endpointId": its["endpoint"]}),
    "redeliverWebhook": ("webhook_delivery", lambda its: {"deliveryId": its["delivery"]}),
    "replayWebhooks": (
        "webhook_delivery",
        lambda its: {"endpointId": its["endpoint"], "statuses": ["PENDING"]},
    ),
    "createCarrier": (
        "carrier",
        lambda _: {"name": "New", "countryCode": "KH", "billingCurrency": "KHR"},
    ),
    "createApiKey": (
        "api_key",
        lambda its: {"name": "second", "role": "CARRIER", "carrierId": its["carrier"]},
    ),
    "revokeApiKey": ("api_key", lambda its: {"id": its["key"]}),
}


def number(digits: str) -> dict[str, Any]:
    return {"number": digits, "type": "SHORT_CODE"}


@pytest.fixture
async def its(platform: Door, ours: Door, account: str) -> Ids:
    """The ids of one of everything of our carrier."""
    empty = await ours.do("createAccount", "account", name="Empty")
    free = await ours.do("createPhoneNumber", "phoneNumber", **number("1294"))
    taken = await ours.do("createPhoneNumber", "phoneNumber", **number("1293"))
    await platform.do("assignPhoneNumber", "phoneNumber", id=taken["id"], accountId=account)
    endpoint = await ours.do("createWebhookEndpoint", "webhookEndpoint", url="http://127.0.0.1:9/")
    delivery = await ours.do("sendTestEvent", "webhookDelivery", endpointId=endpoint["id"])
    viewer = await ours.graphql("{ viewer { key { id } } }")
    return {
        "carrier": ours.carrier_id,
        "account": account,
        "empty": empty["id"],
        "number": free["id"],
        "taken": taken["id"],
        "call": await new_call(platform, account),
        "message": await new_message(platform, account),
        "endpoint": endpoint["id"],
        "delivery": delivery["id"],
        "key": viewer["data"]["viewer"]["key"]["id"],
    }


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Any]:
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()


async def write(door: Door, name: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a mutation by its name; its userErrors, those of its parts too."""
    parts = "results { userErrors { code } }" if name.endswith("s") and name.startswith("record") else ""
    type_ = MUTATIONS.fields[name].args["input"].type.of_type.name
    text = f"mutation M($i: {type_}!) {{ {name}(input: $i) {{ {parts} userErrors {{ code }} }} }}"
    payload = (await door.graphql(text, i=given))["data"][name]
    within = [error for part in payload.get("results", ()) for error in part["userErrors"]]
    return [*payload["userErrors"], *within]


async def entries(door: Door, **filter_: Any) -> list[dict[str, Any]]:
    text = f"query($f: AuditEntryFilter) {{ auditEntries(filter: $f, first: 100) {{ nodes {{ {SHOWN} }} }} }}"
    answer = await door.graphql(text, f=filter_)
    assert "errors" not in answer, answer
    found: list[dict[str, Any]] = answer["data"]["auditEntries"]["nodes"]
    return found


@pytest.mark.parametrize("name", MUTATIONS.fields)
async def test_every_mutation_leaves_one_entry(
    platform: Door, connection: Any, its: Ids, name: str
) -> None:
    assert name in WRITES, "say how this mutation writes, and have it leave an entry: resolvers/audit.py"
    object_type, given = WRITES[name]
    before = await connection.fetchval("SELECT count(*) FROM audit_entry")
    assert await write(platform, name, given(its)) == []
    assert await connection.fetchval("SELECT count(*) FROM audit_entry") == before + 1
    entry = (await entries(platform, action=name))[0]
    key = (await platform.graphql("{ viewer { key { id } } }"))["data"]["viewer"]["key"]["id"]
    told = ("actor", "keyId", "keyName", "door", "operation", "address", "objectType")
    assert {part: entry[part] for part in told} == {
        "actor": "PLATFORM",
        "keyId": key,
        "keyName": "platform",
        "door": "GRAPHQL",
        "operation": "M",
        "address": "127.0.0.1",
        "objectType": object_type,
    }
    owner = entry["objectId"] if name == "createCarrier" else its["carrier"]
    assert entry["carrier"] == {"id": owner}
    assert len(entry["requestId"]) == 32
    assert (entry["before"] or entry["after"]) is not None


def with_unknown(given: Any) -> Any:
    """The same with an id that nothing has in the place of each."""
    if isinstance(given, dict):
        return {name: with_unknown(part) for name, part in given.items()}
    if isinstance(given, list):
        return [with_unknown(part) for part in given]
    return UNKNOWN if isinstance(given, str) and len(given) == len(UNKNOWN) else given


@pytest.mark.parametrize("name", [name for name in WRITES if name != "createCarrier"])
async def test_what_is_refused_leaves_none(platform: Door, connection: Any, its: Ids, name: str) -> None:
    before = await connection.fetchval("SELECT count(*) FROM audit_entry")
    errors = await write(platform, name, with_unknown(WRITES[name][1](its)))
    assert {error["code"] for error in errors} == {"NOT_FOUND"}
    assert await connection.fetchval("SELECT count(*) FROM audit_entry") == before
