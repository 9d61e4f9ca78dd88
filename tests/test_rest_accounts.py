"""Rules 17 to 22 of the REST contract, by number: accounts."""

from typing import Any

import pytest
from httpx import Response

from tests.conftest import Door, new_call, new_message
from tests.test_rest_every_call import sources


async def create(door: Door, **attributes: Any) -> Response:
    return await door.rest("POST", "accounts", {"data": {"type": "account", "attributes": attributes}})


async def update(door: Door, account: str, **attributes: Any) -> Response:
    data = {"type": "account", "id": account, "attributes": attributes}
    return await door.rest("PATCH", f"accounts/{account}", {"data": data})


async def attributes_of(door: Door, account: str) -> dict[str, Any]:
    shown: dict[str, Any] = (await door.rest("GET", f"accounts/{account}")).json()["data"]["attributes"]
    return shown


@pytest.fixture
async def customer(platform: Door, ours: Door) -> str:
    given = {"carrierId": ours.carrier_id, "name": "Rocket Rides", "type": "CUSTOMER_MANAGED"}
    return str((await platform.do("createAccount", "account", **given))["id"])


# Rule 17


async def test_an_auth_token_is_there_for_carrier_managed_accounts_alone(
    ours: Door, account: str, customer: str
) -> None:
    managed = await attributes_of(ours, account)
    assert (managed["type"], len(managed["auth_token"])) == ("carrier_managed", 43)
    other = await attributes_of(ours, customer)
    assert other["type"] == "customer_managed"
    assert "auth_token" not in other


# Rule 18


@pytest.mark.parametrize("name", ["tts_voice", "default_tts_voice"])
@pytest.mark.parametrize("voice", ["Basic.Kal", "Basic.Slt", "Polly.Joanna", "Polly.Joanna-Neural"])
async def test_both_names_of_the_voice_are_taken(ours: Door, name: str, voice: str) -> None:
    response = await create(ours, name="Bob Cats", **{name: voice})
    shown = response.json()["data"]["attributes"]
    assert shown["default_tts_voice"] == voice
    assert "tts_voice" not in shown


async def test_the_voice_is_basic_kal_unless_told(ours: Door) -> None:
    assert (await create(ours, name="Bob Cats")).json()["data"]["attributes"][
        "default_tts_voice"
    ] == "Basic.Kal"


@pytest.mark.parametrize("voice", ["", "Kal", "Polly.Nobody", 5, None, {"name": "Basic.Kal"}])
async def test_a_voice_that_is_not_there_is_refused(ours: Door, voice: Any) -> None:
    response = await create(ours, name="Bob Cats", default_tts_voice=voice)
    assert (response.status_code, sources(response)) == (
        422,
        [{"pointer": "/data/attributes/default_tts_voice"}],
    )


# Rule 19


@pytest.mark.parametrize("value", ["true", 1, 0, None, []])
async def test_billing_enabled_is_a_boolean_only(ours: Door, value: Any) -> None:
    response = await create(ours, name="Bob Cats", billing_enabled=value)
    assert (response.status_code, sources(response)) == (
        422,
        [{"pointer": "/data/attributes/billing_enabled"}],
    )


async def test_rest_creates_carrier_managed_accounts_in_the_carriers_currency(ours: Door) -> None:
    response = await create(ours, name="Bob Cats", type="customer_managed", billing_enabled=True)
    assert response.status_code == 201
    shown = response.json()["data"]
    assert (shown["attributes"]["type"], shown["attributes"]["billing_enabled"]) == ("carrier_managed", True)
    answer = await ours.graphql("query($id: ID!) { account(id: $id) { billingCurrency } }", id=shown["id"])
    assert answer["data"]["account"]["billingCurrency"] == "KHR"


# Rule 20


async def test_an_update_merges_metadata_deeply(ours: Door) -> None:
    kept = {"a": {"b": 1, "c": {"d": [1, 2]}}, "e": "old", "f": {"g": 1}}
    account = (await create(ours, name="Bob Cats", metadata=kept)).json()["data"]["id"]
    response = await update(
        ours, account, metadata={"a": {"c": {"d": [3], "h": None}}, "e": {"new": 1}, "f": None}
    )
    merged = {"a": {"b": 1, "c": {"d": [3], "h": None}}, "e": {"new": 1}, "f": None}
    assert response.json()["data"]["attributes"]["metadata"] == merged
    assert (await attributes_of(ours, account))["metadata"] == merged


@pytest.mark.parametrize("metadata", [None, [], "text", 5])
async def test_metadata_must_be_an_object(ours: Door, account: str, metadata: Any) -> None:
    for response in (
        await update(ours, account, metadata=metadata),
        await create(ours, name="Bob Cats", metadata=metadata),
    ):
        assert (response.status_code, sources(response)) == (422, [{"pointer": "/data/attributes/metadata"}])


async def test_merges_together_leave_no_more_metadata_than_one_request_may_bring(
    ours: Door, account: str
) -> None:
    kept = {"a": "x" * 40_000}
    assert (await update(ours, account, metadata=kept)).status_code == 200
    before = await ours.graphql("{ auditEntries(first: 100) { nodes { id } } }")
    more = {"b": {"c": "x" * 30_000}}
    message = "metadata would be 70021 bytes of JSON once merged; at most 65536 are kept"
    refused = await update(ours, account, metadata=more, name="Bob Cats")
    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["code"], error["detail"], error["source"]) == (
        422,
        "invalid",
        message,
        {"pointer": "/data/attributes/metadata"},
    )
    payload = await ours.payload("updateAccount", "account", id=account, metadata=more, name="Bob Cats")
    error = {"message": message, "field": ["metadata"], "code": "INVALID"}
    assert payload == {"account": None, "userErrors": [error]}
    shown = await attributes_of(ours, account)
    assert (shown["name"], shown["metadata"]) == ("Rocket Rides", kept)
    assert await ours.graphql("{ auditEntries(first: 100) { nodes { id } } }") == before
    assert (await update(ours, account, metadata={"a": "", **more})).status_code == 200
    assert (await attributes_of(ours, account))["metadata"] == {"a": "", **more}


# Rule 21


async def test_name_and_voice_of_a_customers_account_cannot_be_changed(ours: Door, customer: str) -> None:
    before = await attributes_of(ours, customer)
    response = await update(ours, customer, name="Mine", default_tts_voice="Basic.Slt", status="disabled")
    assert response.status_code == 422
    assert sorted(source["pointer"] for source in sources(response)) == [
        "/data/attributes/default_tts_voice",
        "/data/attributes/name",
    ]
    assert await attributes_of(ours, customer) == before


async def test_status_and_billing_of_a_customers_account_can_be_changed(ours: Door, customer: str) -> None:
    response = await update(ours, customer, status="disabled", billing_enabled=True, billing_mode="prepaid")
    shown = response.json()["data"]["attributes"]
    assert response.status_code == 200
    assert (shown["status"], shown["billing_enabled"], shown["billing_mode"]) == ("disabled", True, "prepaid")


# Rule 22


@pytest.mark.parametrize("owned", ["call", "message", "number"])
async def test_an_account_that_something_belongs_to_cannot_be_deleted(
    platform: Door, ours: Door, account: str, owned: str
) -> None:
    if owned == "call":
        await new_call(platform, account)
    elif owned == "message":
        await new_message(platform, account)
    else:
        number = await ours.do("createPhoneNumber", "phoneNumber", number="1294", type="SHORT_CODE")
        await platform.do("assignPhoneNumber", "phoneNumber", id=number["id"], accountId=account)
    response = await ours.rest("DELETE", f"accounts/{account}")
    assert (response.status_code, response.json()["errors"][0]["code"]) == (422, "restricted")
    assert (await ours.rest("GET", f"accounts/{account}")).status_code == 200


async def test_an_account_that_nothing_belongs_to_is_deleted(ours: Door, account: str) -> None:
    response = await ours.rest("DELETE", f"accounts/{account}")
    assert (response.status_code, response.content) == (204, b"")
    assert (await ours.rest("GET", f"accounts/{account}")).status_code == 404
    assert (await ours.rest("DELETE", f"accounts/{account}")).status_code == 404
