"""Rules 1 to 8 and 10 of the REST contract, by number: what holds for every call."""

import base64
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from tests.conftest import JSON_API, ORIGIN, Door, new_call, new_key

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def shown(response: Response) -> list[dict[str, Any]]:
    """The error objects without their ids, which must be there."""
    errors: list[dict[str, Any]] = response.json()["errors"]
    assert all(error.pop("id") for error in errors)
    return errors


def sources(response: Response) -> list[dict[str, str]]:
    return [error["source"] for error in shown(response)]


# Rule 1


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer unknown",
        "Bearer -DVseJRSWj6JnbPScVe3ipTVnMr1Q9toJuS7ZlqDrC0",
        "Digest x",
        "Basic %",
    ],
)
async def test_a_missing_or_unknown_key_is_unauthorized(ours: Door, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    response = await ours.http.get("/carrier/v1/accounts", headers=headers)
    assert response.status_code == 401
    challenge = response.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="')
    assert 'error="invalid_token", error_description="' in challenge
    assert [error["status"] for error in shown(response)] == ["401"]


async def test_a_key_may_be_the_password_of_basic_auth(ours: Door) -> None:
    credentials = base64.b64encode(f"anybody:{ours.key}".encode()).decode()
    response = await ours.http.get("/carrier/v1/accounts", headers={"Authorization": f"Basic {credentials}"})
    assert response.status_code == 200


async def test_a_read_key_may_not_write(platform: Door, ours: Door) -> None:
    reader = await new_key(platform, ours.carrier_id, "READ")
    body = {"data": {"type": "account", "attributes": {"name": "Rocket Rides"}}}
    response = await reader.rest("POST", "accounts", body)
    assert response.status_code == 403
    assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"]
    assert (await ours.rest("GET", "accounts")).json()["data"] == []


async def test_an_auth_token_of_an_account_is_no_key(ours: Door, account: str) -> None:
    token = (await ours.rest("GET", f"accounts/{account}")).json()["data"]["attributes"]["auth_token"]
    response = await Door(ours.http, token).rest("GET", "accounts")
    assert response.status_code == 403
    assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"]


async def test_a_platform_key_is_not_for_the_carrier_api(platform: Door) -> None:
    response = await platform.rest("GET", "accounts")
    assert response.status_code == 403
    assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"]


# Rule 2


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_a_foreign_an_unknown_and_a_malformed_id_are_alike_not_found(
    theirs: Door, account: str, method: str
) -> None:
    answers = []
    for row_id in (account, UNKNOWN, "no-uuid", "%00"):
        body = {
            "data": {"type": "account", "id": row_id.replace("%00", "\x00"), "attributes": {"name": "Mine"}}
        }
        response = await theirs.rest(method, f"accounts/{row_id}", body if method == "PATCH" else None)
        assert response.status_code == 404
        answers.append(shown(response))
    assert answers == [answers[0]] * 4


# Rule 3


async def test_every_body_is_json_api_without_a_charset(ours: Door, account: str) -> None:
    for path, status in (
        ("accounts", 200),
        (f"accounts/{account}", 200),
        (f"accounts/{UNKNOWN}", 404),
        ("x", 404),
    ):
        response = await ours.rest("GET", path)
        assert (response.status_code, response.headers["Content-Type"]) == (status, JSON_API)
        assert response.headers["Vary"] == "Accept"


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (JSON_API, 201),
        (f'{JSON_API}; profile="https://example.com/a;b, c"', 201),
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        (f"{JSON_API}; charset=utf-8", 415),
        (f'{JSON_API}; ext="https://example.com/ext"', 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
    ],
)
async def test_content_types_of_a_body(ours: Door, content_type: str, status: int) -> None:
    body = '{"data": {"type": "account", "attributes": {"name": "Rocket Rides"}}}'
    response = await ours.rest("POST", "accounts", body, Content_Type=content_type)
    assert response.status_code == status
    if status == 415:
        assert sources(response) == [{"header": "Content-Type"}]


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        (JSON_API, 200),
        (f"{JSON_API}; q=0.9", 200),
        (f'{JSON_API}; profile="https://example.com/a;b, c"', 200),
        (f"{JSON_API}; charset=utf-8, {JSON_API}", 200),
        (f"{JSON_API}; charset=utf-8", 406),
        (f'{JSON_API}; ext="https://example.com/ext"', 406),
    ],
)
async def test_media_types_that_are_accepted(ours: Door, accept: str, status: int) -> None:
    assert (await ours.rest("GET", "accounts", Accept=accept)).status_code == status


# Rule 4


async def test_an_empty_body_with_a_json_content_type_is_no_error(ours: Door, account: str) -> None:
    for method, status in (("GET", 200), ("DELETE", 204)):
        response = await ours.rest(method, f"accounts/{account}", "", Content_Type=JSON_API)
        assert response.status_code == status


async def test_the_last_of_two_equal_keys_wins_and_unknown_attributes_are_ignored(ours: Door) -> None:
    body = '{"data": {"type": "account", "attributes": {"name": null, "name": "Bob Cats", "colour": "red"}}}'
    response = await ours.rest("POST", "accounts", body)
    assert response.status_code == 201
    assert response.json()["data"]["attributes"]["name"] == "Bob Cats"
    assert "colour" not in response.json()["data"]["attributes"]


# Rules 5 and 6


async def test_brackets_mean_the_same_raw_and_encoded(ours: Door, account: str) -> None:
    raw = await ours.http.get(
        "/carrier/v1/accounts?page[size]=1", headers={"Authorization": f"Bearer {ours.key}"}
    )
    encoded = await ours.rest("GET", "accounts?page%5Bsize%5D=1")
    assert raw.json() == encoded.json()
    assert [row["id"] for row in raw.json()["data"]] == [account]


async def test_timestamps_are_utc_in_whole_seconds(platform: Door, ours: Door, account: str) -> None:
    call = await new_call(platform, account, createdAt="2021-11-01T08:00:00.987+07:00")
    response = await ours.rest("GET", f"phone_calls/{call}")
    assert response.json()["data"]["attributes"]["created_at"] == "2021-11-01T01:00:00Z"


# Rule 7


async def test_what_was_created_has_a_location(ours: Door) -> None:
    body = {"data": {"type": "account", "attributes": {"name": "Rocket Rides"}}}
    response = await ours.rest("POST", "accounts", body)
    row_id = response.json()["data"]["id"]
    assert response.status_code == 201
    assert response.headers["Location"] == f"{ORIGIN}/carrier/v1/accounts/{row_id}"


async def test_an_unchanged_document_is_not_sent_again(ours: Door, account: str) -> None:
    path = f"accounts/{account}"
    tag = (await ours.rest("GET", path)).headers["ETag"]
    assert tag.startswith('W/"')
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        response = await ours.rest("GET", path, If_None_Match=known)
        assert (response.status_code, response.content, response.headers["ETag"]) == (304, b"", tag)
    assert (await ours.rest("GET", path, If_None_Match='"other"')).status_code == 200
    await ours.do("updateAccount", "account", id=account, name="Bob Cats")
    assert (await ours.rest("GET", path, If_None_Match=tag)).status_code == 200


# Rule 8


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "accounts/1", {"GET", "HEAD", "PATCH", "DELETE"}),
        ("PATCH", "accounts", {"GET", "HEAD", "POST"}),
        ("POST", "events", {"GET", "HEAD"}),
        ("DELETE", "phone_calls/1", {"GET", "HEAD", "PATCH"}),
        ("PATCH", "tts_events/1", {"GET", "HEAD"}),
        ("POST", "phone_numbers/stats", {"GET", "HEAD"}),
    ],
)
async def test_a_method_that_is_not_there_names_those_that_are(
    ours: Door, method: str, path: str, allowed: set[str]
) -> None:
    response = await ours.rest(method, path)
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == allowed
    assert [error["status"] for error in shown(response)] == ["405"]


@pytest.mark.parametrize(
    "path", ["", "carriers", "accounts/1/phone_calls", "phone_calls/stats/1", "webhook_endpoints"]
)
async def test_a_path_that_is_not_there_is_not_found(ours: Door, path: str) -> None:
    response = await ours.rest("GET", path)
    assert response.status_code == 404
    assert [error["status"] for error in shown(response)] == ["404"]


# Rule 10


async def test_documents_hold_nothing_more_than_the_document_shows(
    platform: Door, ours: Door, account: str
) -> None:
    call = await new_call(platform, account)
    one, many = (
        (await ours.rest("GET", f"phone_calls/{call}")).json(),
        (await ours.rest("GET", "phone_calls")).json(),
    )
    assert list(one) == ["data"]
    assert list(many) == ["data", "links"]
    assert many["data"] == [one["data"]]
    assert list(one["data"]) == ["id", "type", "attributes", "relationships"]
    assert one["data"]["relationships"] == {"account": {"data": {"id": account, "type": "account"}}}
    assert list((await ours.rest("GET", f"accounts/{account}")).json()["data"]) == [
        "id",
        "type",
        "attributes",
    ]


async def test_head_answers_as_get_does(ours: Door, account: str) -> None:
    got = await ours.rest("GET", f"accounts/{account}")
    head = await ours.rest("HEAD", f"accounts/{account}")
    assert (head.status_code, head.headers["ETag"]) == (200, got.headers["ETag"])
    assert head.headers["Content-Length"] == got.headers["Content-Length"]


async def test_every_id_is_a_uuid(ours: Door, account: str) -> None:
    assert str(UUID(account)) == account
    assert (await ours.rest("GET", f"accounts/{account.upper()}")).json()["data"]["id"] == account
