"""The section "Errors" of the REST contract: what a wrong request is told."""

import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from httpx import Response

from tests.conftest import Door, new_call
from tests.test_rest_every_call import shown, sources


async def test_an_error_says_what_is_wrong_and_where(ours: Door) -> None:
    response = await ours.rest("POST", "accounts", {"data": {"type": "account", "attributes": {"name": " "}}})
    (error,) = shown(response)
    detail, title = error.pop("detail"), error.pop("title")
    assert error == {"status": "422", "code": "required", "source": {"pointer": "/data/attributes/name"}}
    assert response.status_code == 422
    assert "name" in detail
    assert title


async def test_all_that_is_wrong_with_a_body_is_listed_at_once(ours: Door) -> None:
    attributes = {
        "name": 5,
        "billing_enabled": "yes",
        "billing_mode": "barter",
        "default_tts_voice": "Nobody",
        "metadata": [],
    }
    response = await ours.rest("POST", "accounts", {"data": {"type": "account", "attributes": attributes}})
    assert response.status_code == 422
    pointers = sorted(source["pointer"] for source in sources(response))
    assert pointers == sorted(f"/data/attributes/{name}" for name in attributes)
    assert (await ours.rest("GET", "accounts")).json()["data"] == []


async def test_what_only_the_row_or_the_number_tells_is_listed_with_the_rest(
    ours: Door, platform: Door
) -> None:
    wrong = {"lata": "05", "country": "US", "type": "short_code"}
    attributes = {"number": "+855972345788"} | wrong
    refused = await ours.rest(
        "POST", "phone_numbers", {"data": {"type": "phone_number", "attributes": attributes}}
    )
    assert pointed(refused) == set(wrong)
    number = await ours.do("createPhoneNumber", "phoneNumber", number="+855972345788", type="LOCAL")
    wrong |= {"number": "1294", "region": "ZZ"}
    data = {"type": "phone_number", "id": number["id"], "attributes": wrong}
    assert pointed(await ours.rest("PATCH", f"phone_numbers/{number['id']}", {"data": data})) == set(wrong)
    customer = {"carrierId": ours.carrier_id, "type": "CUSTOMER_MANAGED", "name": "Bob Cats"}
    account = (await platform.do("createAccount", "account", **customer))["id"]
    data = {"type": "account", "id": account, "attributes": {"name": "Mine", "metadata": []}}
    assert pointed(await ours.rest("PATCH", f"accounts/{account}", {"data": data})) == {"name", "metadata"}


def pointed(response: Response) -> set[str]:
    """The attributes that an answer of 422 finds wrong."""
    assert response.status_code == 422
    return {source["pointer"].removeprefix("/data/attributes/") for source in sources(response)}


async def test_a_missing_attribute_is_required(ours: Door) -> None:
    response = await ours.rest("POST", "phone_numbers", {"data": {"type": "phone_number", "attributes": {}}})
    assert response.status_code == 422
    assert sorted((error["source"]["pointer"], error["code"]) for error in shown(response)) == [
        ("/data/attributes/number", "required"),
        ("/data/attributes/type", "required"),
    ]


async def test_a_required_attribute_that_is_null_is_required_too(ours: Door) -> None:
    attributes = {"number": None, "type": None}
    response = await ours.rest(
        "POST", "phone_numbers", {"data": {"type": "phone_number", "attributes": attributes}}
    )
    assert response.status_code == 422
    assert sorted((e["source"]["pointer"], e["code"], e["detail"]) for e in shown(response)) == [
        ("/data/attributes/number", "required", "number is required"),
        ("/data/attributes/type", "required", "type is required"),
    ]


async def test_a_word_that_an_attribute_does_not_know_is_answered_with_those_it_knows(
    ours: Door, account: str
) -> None:
    body = {"data": {"type": "account", "id": account, "attributes": {"status": "asleep"}}}
    (error,) = shown(await ours.rest("PATCH", f"accounts/{account}", body))
    assert error["source"] == {"pointer": "/data/attributes/status"}
    assert error["code"] == "invalid"
    assert "enabled, disabled" in error["detail"]


@pytest.mark.parametrize("filters", ["filter[status]=asleep", "filter[status]=IN_PROGRESS"])
async def test_a_word_that_a_filter_does_not_know_is_answered_with_those_it_knows(
    ours: Door, filters: str
) -> None:
    response = await ours.rest("GET", f"phone_calls?{filters}")
    (error,) = shown(response)
    assert response.status_code == 400
    assert error["source"] == {"parameter": "filter[status]"}
    assert "in-progress" in error["detail"]


@pytest.mark.parametrize(
    "body",
    ["", "{", "nonsense", "{'data': 1}", '{"data": NaN}', "[" * 100_000, b"\xff\xfe", '{"data": "\\ud800"}'],
)
async def test_a_body_that_is_no_json_is_refused(ours: Door, body: str | bytes) -> None:
    response = await ours.rest("POST", "accounts", body)
    assert response.status_code == 400
    assert [error["status"] for error in shown(response)] == ["400"]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ("null", ["/data"]),
        ("[]", ["/data"]),
        ("{}", ["/data"]),
        ('{"data": null}', ["/data"]),
        ('{"data": [{"type": "account"}]}', ["/data"]),
        ('{"data": {"attributes": {"name": "Bob Cats"}}}', ["/data/type"]),
        ('{"data": {"type": "account", "attributes": []}}', ["/data/attributes"]),
        ('{"data": {"type": "account", "attributes": null}}', ["/data/attributes"]),
    ],
)
async def test_a_body_that_is_no_resource_is_refused(ours: Door, body: str, pointers: list[str]) -> None:
    response = await ours.rest("POST", "accounts", body)
    assert response.status_code == 422
    assert [source["pointer"] for source in sources(response)] == pointers


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"type": "message"}, 409, "/data/type"),
        ({"id": "00000000-0000-4000-8000-000000000000"}, 409, "/data/id"),
        ({"type": None}, 422, "/data/type"),
        ({"id": None}, 422, "/data/id"),
    ],
)
async def test_a_patch_must_name_its_resource(
    platform: Door, ours: Door, account: str, change: dict[str, Any], status: int, pointer: str
) -> None:
    call = await new_call(platform, account)
    data = {"type": "phone_call", "id": call, "attributes": {"price": "-1"}} | change
    body = {"data": {name: value for name, value in data.items() if value is not None}}
    response = await ours.rest("PATCH", f"phone_calls/{call}", body)
    assert response.status_code == status
    assert sources(response) == [{"pointer": pointer}]
    assert (await ours.rest("GET", f"phone_calls/{call}")).json()["data"]["attributes"]["price"] is None


async def test_another_type_than_the_endpoints_is_a_conflict(ours: Door) -> None:
    body = {"data": {"type": "phone_number", "attributes": {"name": "Bob Cats"}}}
    assert (await ours.rest("POST", "accounts", body)).status_code == 409


async def test_a_body_over_one_mebibyte_is_refused_with_the_limit(ours: Door) -> None:
    response = await ours.rest("POST", "accounts", b" " * (1024 * 1024 + 1))
    (error,) = shown(response)
    assert response.status_code == 413
    assert "1048576" in error["detail"]


@pytest.mark.parametrize("text", ["Bob\x00Cats", "B" * 256])
async def test_a_name_that_cannot_be_kept_is_refused(ours: Door, text: str) -> None:
    response = await ours.rest(
        "POST", "accounts", {"data": {"type": "account", "attributes": {"name": text}}}
    )
    assert (response.status_code, sources(response)) == (422, [{"pointer": "/data/attributes/name"}])


@pytest.mark.parametrize("metadata", ['{"a":' * 300 + "1" + "}" * 300, '{"a": "' + "x" * 70_000 + '"}'])
async def test_metadata_that_cannot_be_kept_is_refused(ours: Door, metadata: str) -> None:
    body = '{"data": {"type": "account", "attributes": {"name": "Bob Cats", "metadata": ' + metadata + "}}}"
    response = await ours.rest("POST", "accounts", body)
    assert (response.status_code, sources(response)) == (422, [{"pointer": "/data/attributes/metadata"}])


async def test_metadata_comes_back_as_it_was_sent(ours: Door) -> None:
    metadata = {"\x00": "\x00", "é": [1, 1.5, None, {"b": {}}], "a": 2**53}
    body = {"data": {"type": "account", "attributes": {"name": "Bob Cats", "metadata": metadata}}}
    row_id = (await ours.rest("POST", "accounts", body)).json()["data"]["id"]
    assert (await ours.rest("GET", f"accounts/{row_id}")).json()["data"]["attributes"]["metadata"] == metadata


@pytest.mark.parametrize(
    ("query", "rows"),
    [("Colour=%ff", 1), ("filter[account]=%ff", 0), ("filter[account]=%00", 0), ("page[after]=%00", 0)],
)
async def test_bytes_that_no_id_has_find_nothing(
    platform: Door, ours: Door, account: str, query: str, rows: int
) -> None:
    await new_call(platform, account)
    response = await ours.rest("GET", f"phone_calls?{query}")
    assert response.status_code == 200
    assert len(response.json()["data"]) == rows


@pytest.fixture
async def bad_luck(database_url: str) -> AsyncIterator[None]:
    """No account may have the name Unlucky: a fault of ours, as nobody has thought of it."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("ALTER TABLE account ADD CONSTRAINT bad_luck CHECK (name <> 'Unlucky')")
    yield
    await connection.execute("ALTER TABLE account DROP CONSTRAINT bad_luck")
    await connection.close()


@pytest.mark.usefixtures("bad_luck")
async def test_a_fault_of_ours_tells_its_id_and_nothing_of_the_inside(ours: Door) -> None:
    body = {"data": {"type": "account", "attributes": {"name": "Unlucky"}}}
    response = await ours.rest("POST", "accounts", body)
    (error,) = response.json()["errors"]
    told = "something went wrong on our side; the log knows it as "
    assert (response.status_code, error["code"], error["detail"][: len(told)]) == (500, "internal", told)
    assert re.fullmatch(r"[0-9a-f]{16}", error["detail"][len(told) :])
    answer = await ours.graphql('mutation { createAccount(input: {name: "Unlucky"}) { account { id } } }')
    (fault,) = answer["errors"]
    assert fault["message"] == told + fault["extensions"]["id"]
    assert set(fault["extensions"]) == {"code", "id"}
    for text in (response.text, str(answer)):
        assert "bad_luck" not in text
        assert "INSERT" not in text
