"""The audit: what writes leave behind, through whichever door (docs/decisions/0011-audit.md)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from models.carrier import Carrier
from models.columns import born
from resolvers.context import operator
from resolvers.writing import locked, transaction
from schema.root import schema
from tests.commands import carrierql
from tests.conftest import Door, new_call, new_key, new_message

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
        lambda its: {"ttsEvents": [{"phoneCallId": its["call"], "characters": 5}] * 2},
    ),
    "createWebhookEndpoint": (
        "webhook_endpoint",
        lambda its: {
            "url": "https://example.com/",
            "eventTypes": ["message.sent"],
            "carrierId": its["carrier"],
        },
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
    "rotateApiKey": ("api_key", lambda its: {"id": its["key"]}),
}
LEAVE_TWO = {"rotateApiKey"}  # the new key, and the old one's end


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
async def test_every_mutation_leaves_an_entry_for_each_write(
    platform: Door, connection: Any, its: Ids, name: str
) -> None:
    assert name in WRITES, "say how this mutation writes, and have it leave an entry: resolvers/audit.py"
    object_type, given = WRITES[name]
    before = await connection.fetchval("SELECT count(*) FROM audit_entry")
    assert await write(platform, name, given(its)) == []
    left = await connection.fetchval("SELECT count(*) FROM audit_entry") - before
    assert left == (2 if name in LEAVE_TWO else 1)
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


async def test_an_entry_tells_who_what_before_after_when_and_from_where(ours: Door, account: str) -> None:
    body = {"data": {"type": "account", "id": account, "attributes": {"name": "Bob Cats"}}}
    changed = await ours.rest("PATCH", f"accounts/{account}", body, X_Request_Id="a-request")
    assert changed.status_code == 200
    viewer = await ours.graphql("{ viewer { key { id } } }")
    (entry,) = await entries(ours, object=account, action="updateAccount")
    assert changed.json()["data"]["attributes"]["updated_at"][:16] == entry["createdAt"][:16]
    assert {name: entry[name] for name in entry if name not in ("id", "createdAt")} == {
        "carrier": {"id": ours.carrier_id},
        "actor": "CARRIER",
        "keyId": viewer["data"]["viewer"]["key"]["id"],
        "keyName": "test",
        "door": "REST",
        "action": "updateAccount",
        "operation": "UpdateAccount",
        "requestId": "a-request",
        "address": "127.0.0.1",
        "objectType": "account",
        "objectId": account,
        "objectIds": None,
        "before": {"name": "Rocket Rides"},
        "after": {"name": "Bob Cats"},
    }


async def test_a_new_row_and_a_deleted_one_are_told_whole(ours: Door) -> None:
    made = await ours.do(
        "createPhoneNumber", "phoneNumber", **number("1294"), price="2.50", metadata={"b": 1}
    )
    assert await write(ours, "deletePhoneNumber", {"id": made["id"]}) == []
    deleted, created = await entries(ours, object=made["id"])
    assert (created["before"], deleted["after"]) == (None, None)
    assert created["after"] == deleted["before"]
    assert created["after"].pop("created_at").startswith("20")
    assert created["after"] == {
        "id": made["id"],
        "carrier_id": ours.carrier_id,
        "account_id": None,
        "number": "1294",
        "type": "short_code",
        "visibility": "public",
        "country": "KH",
        "region": None,
        "locality": None,
        "lata": None,
        "rate_center": None,
        "latitude": None,
        "longitude": None,
        "price": "2.50",
        "currency": "KHR",
        "metadata": {"b": 1},
    }


async def test_a_taken_number_leaves_no_entry(ours: Door) -> None:
    await ours.do("createPhoneNumber", "phoneNumber", **number("1294"))
    assert await write(ours, "createPhoneNumber", number("1294")) == [{"code": "TAKEN"}]
    assert [entry["action"] for entry in await entries(ours, action="createPhoneNumber")] == [
        "createPhoneNumber"
    ]


async def test_a_delete_that_is_held_and_a_dry_run_leave_none(
    ours: Door, platform: Door, account: str
) -> None:
    await new_call(platform, account)
    assert await write(ours, "deleteAccount", {"id": account}) == [{"code": "RESTRICTED"}]
    assert await write(ours, "importPhoneNumbers", {"numbers": [number("1294")], "dryRun": True}) == []
    assert await entries(ours, action="deleteAccount") == []
    assert await entries(ours, action="importPhoneNumbers") == []


async def test_a_write_repeated_by_its_idempotency_key_leaves_one(ours: Door) -> None:
    body = {"data": {"type": "account", "attributes": {"name": "Bob Cats"}}}
    for _ in range(3):
        assert (await ours.rest("POST", "accounts", body, Idempotency_Key="once")).status_code == 201
    assert [entry["after"]["name"] for entry in await entries(ours, action="createAccount")] == ["Bob Cats"]


async def test_a_batch_leaves_one_entry_a_carrier_with_ids_and_a_digest(
    platform: Door, ours: Door, theirs: Door, account: str, connection: Any
) -> None:
    other = str((await theirs.do("createAccount", "account", name="Other"))["id"])
    calls = [CALL | {"accountId": owner} for owner in (account, other, account, UNKNOWN)]
    assert await write(platform, "recordPhoneCalls", {"calls": calls}) == [{"code": "NOT_FOUND"}]
    for door, owner, count in ((ours, account, 2), (theirs, other, 1)):
        (entry,) = await entries(door, action="recordPhoneCalls")
        row = await connection.fetchrow(
            """SELECT array_agg(id::text ORDER BY id), encode(sha256(convert_to(
               string_agg(phone_call::text, E'\\n' ORDER BY id), 'UTF8')), 'hex')
               FROM phone_call WHERE account_id = $1""",
            owner,
        )
        assert (entry["objectId"], entry["objectIds"], entry["before"]) == (None, row[0], None)
        assert entry["after"] == {"rows": count, "sha256": row[1]}
        assert await entries(door, object=row[0][0]) == [entry]


async def test_two_charges_at_once_tell_what_each_found(ours: Door, platform: Door, account: str) -> None:
    call = await new_call(platform, account)
    prices = [f"-0.{i}" for i in range(1, 9)]
    await asyncio.gather(*(write(ours, "updatePhoneCall", {"id": call, "price": one}) for one in prices))
    found = [
        (e["before"]["price"], e["after"]["price"]) for e in await entries(ours, action="updatePhoneCall")
    ]
    assert sorted(after for _, after in found) == prices
    step, seen = dict(found), [None]
    while seen[-1] in step:
        seen.append(step[seen[-1]])
    assert len(seen) == len(prices) + 1  # each has found what another had left


async def test_no_secret_and_nothing_personal_gets_into_it(
    platform: Door, ours: Door, its: Ids, connection: Any
) -> None:
    token = (await new_key(platform, ours.carrier_id)).key
    secret = "whsec_" + "A" * 43 + "="
    for name in ("rotateWebhookSigningSecret", "rotateWebhookSigningSecret"):
        assert await write(ours, name, {"id": its["endpoint"], "signingSecret": secret}) == []
    account = await connection.fetchrow("SELECT * FROM account WHERE id = $1", its["account"])
    endpoint = await connection.fetchrow("SELECT * FROM webhook_endpoint WHERE id = $1", its["endpoint"])
    written = await connection.fetchval("SELECT string_agg(e::text, '') FROM audit_entry e")
    hidden = [token, ours.key, platform.key, secret, account["auth_token"], account["auth_token_hash"].hex()]
    hidden += [endpoint["signing_secret"], endpoint["previous_signing_secret"]]
    hidden += [MESSAGE["body"], MESSAGE["to"]]
    assert [text for text in hidden if text in written] == []
    rotated, _ = await entries(ours, action="rotateWebhookSigningSecret")
    assert rotated["after"]["signing_secret"] == "[redacted]"
    (message,) = await entries(ours, action="recordMessage")
    assert {name: message["after"][name] for name in ("body", "to", "from", "status")} == {
        "body": "[redacted]",
        "to": "[redacted]",
        "from": "[redacted]",
        "status": "accepted",
    }


async def test_commands_are_told_as_the_operators(database_url: str, platform: Door, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": database_url, "SECRET_KEY": "k" * 32}
    words = ["--name", "Mekong", "--country", "KH", "--currency", "KHR"]
    done = carrierql("carriers", "create", *words, cwd=tmp_path, **environment)
    assert done.returncode == 0, done.stderr
    carrier = dict(line.split(": ") for line in done.stdout.splitlines())["id"]
    told = ("action", "actor", "door", "keyId", "requestId", "address", "operation")
    assert [[entry[name] for name in told] for entry in await entries(platform, carrier=carrier)] == [
        ["createApiKey", "OPERATOR", "COMMAND", None, None, None, "CreateApiKey"],
        ["createCarrier", "OPERATOR", "COMMAND", None, None, None, "CreateCarrier"],
    ]


async def test_entries_are_found_by_each_filter_and_page_by_page(
    platform: Door, ours: Door, its: Ids
) -> None:
    all_of_them = await entries(ours)
    assert [entry["id"] for entry in all_of_them] == sorted((e["id"] for e in all_of_them), reverse=True)
    assert await entries(platform, carrier=ours.carrier_id) == all_of_them
    for name, field, value in (
        ("key", "keyId", its["key"]),
        ("actor", "actor", "PLATFORM"),
        ("action", "action", "createAccount"),
        ("object", "objectId", its["account"]),
    ):
        expected = [entry for entry in all_of_them if entry[field] == value]
        assert len(expected) < len(all_of_them)
        assert await entries(ours, **{name: value}) == expected != []
    middle = all_of_them[5]["createdAt"]
    assert await entries(ours, fromDate=middle) == [e for e in all_of_them if e["createdAt"] >= middle]
    assert await entries(ours, toDate=middle) == [e for e in all_of_them if e["createdAt"] <= middle]
    text = """query($a: String) { auditEntries(first: 4, after: $a) {
        nodes { id } pageInfo { endCursor hasNextPage } } }"""
    seen: list[str] = []
    page: dict[str, Any] = {"pageInfo": {"endCursor": None, "hasNextPage": True}}
    while page["pageInfo"]["hasNextPage"]:
        page = (await ours.graphql(text, a=page["pageInfo"]["endCursor"]))["data"]["auditEntries"]
        seen += [node["id"] for node in page["nodes"]]
    assert seen == [entry["id"] for entry in all_of_them]


async def test_what_is_the_platforms_alone_no_carrier_sees(platform: Door, ours: Door) -> None:
    given = {"name": "another", "role": "PLATFORM"}
    assert await write(platform, "createApiKey", given) == []
    made = (await entries(platform, action="createApiKey"))[0]
    assert (made["carrier"], made["after"]["name"]) == (None, "another")
    assert made["id"] not in [entry["id"] for entry in await entries(ours)]
    assert await entries(ours, object=made["objectId"]) == []
    answer = await ours.graphql("query($id: ID!) { node(id: $id) { id } }", id=made["id"])
    assert answer["data"] == {"node": None}
    answer = await platform.graphql("query($id: ID!) { node(id: $id) { id } }", id=made["id"])
    assert answer["data"] == {"node": {"id": made["id"]}}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET address = NULL",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "DELETE FROM audit_seal",
        "TRUNCATE audit_seal",
        "UPDATE audit_seal SET chain = '01900000-0000-7000-8000-000000000000'",
    ],
)
async def test_the_database_refuses_to_change_it(
    ours: Door, account: str, connection: Any, statement: str
) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="the audit is only added to"):
        await connection.execute(statement)


@pytest.mark.parametrize("bare", [sa.delete(Carrier), sa.update(Carrier).values(name="X")])
async def test_a_bare_write_is_refused(app: Any, bare: Any) -> None:
    context = operator(app.state.service.database, app.state.service.cipher)
    with pytest.raises(AssertionError, match="for the audit"):
        async with transaction(context) as session:
            await session.execute(bare)


async def test_a_row_that_is_added_or_changed_past_the_audit_is_refused(app: Any, ours: Door) -> None:
    context = operator(app.state.service.database, app.state.service.cipher)
    with pytest.raises(AssertionError, match="for the audit"):
        async with transaction(context) as session:
            session.add(Carrier(**born(), name="X", country_code="KH", billing_currency="KHR"))
    with pytest.raises(AssertionError, match="for the audit"):
        async with transaction(context) as session:
            (await locked(session, context, Carrier, ours.carrier_id)).name = "X"
