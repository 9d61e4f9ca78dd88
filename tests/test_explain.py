"""`?explain=graphql`: the operation that a call would run, and nothing happens."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conftest import ORIGIN, Door, new_carrier, new_key
from tests.document import Example, examples
from tests.test_replay import Scene, world

NEW = {"data": {"type": "account", "attributes": {"name": "Rocket Rides"}}}


def asked(path: str, how: str = "explain=graphql") -> str:
    return f"{path}{'&' if '?' in path else '?'}{how}"


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.title)
async def test_the_operation_does_what_the_call_does(platform: Door, example: Example) -> None:
    door = await new_carrier(platform, "Explained", *world(example))
    path, body = await Scene(platform, door).prepare(example)
    path = path.removeprefix("/carrier/v1/")
    response = await door.rest(example.method, asked(path), body)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    twin = response.json()
    if example.method == "GET":
        called = (await door.rest("GET", path)).json()["data"]
    answer = await door.graphql(twin["operation"], **twin["variables"])
    assert "errors" not in answer
    (told,) = answer["data"].values()
    if example.method == "GET":
        assert ids(told) == ids(called)
    else:
        assert told["userErrors"] == []
        assert (await door.rest(example.method, path, body)).status_code == (
            {"DELETE": 404, "PATCH": 200}.get(example.method) or created_again(example)
        )


def ids(shown: Any) -> list[str]:
    shown = shown.get("nodes", [shown]) if isinstance(shown, dict) else shown
    return [one["id"] for one in shown]


def created_again(example: Example) -> int:
    """Phone numbers are unique, names of accounts are not."""
    return 422 if "phone_number" in example.path else 201


async def test_it_is_told_whole(ours: Door, account: str) -> None:
    path = f"accounts/{account}?fields[account]=name"
    twin = (await ours.rest("GET", asked(path))).json()
    text = (
        "query RetrieveAccount($id: ID!) {\n  account(id: $id) {\n    ...Account\n  }\n}\n"
        "fragment Account on Account {\n  id\n  name\n}"
    )
    link = urlsplit(twin.pop("graphiql"))
    assert twin == {"operationName": "RetrieveAccount", "operation": text, "variables": {"id": account}}
    assert f"{link.scheme}://{link.netloc}{link.path}" == f"{ORIGIN}/graphql"
    opened = parse_qs(link.query)
    assert opened["query"] == [text]
    assert json.loads(opened["variables"][0]) == {"id": account}


async def test_nothing_is_done(ours: Door, account: str) -> None:
    assert (await ours.rest("POST", asked("accounts"), NEW)).status_code == 200
    assert (await ours.rest("DELETE", asked(f"accounts/{account}"))).status_code == 200
    listed = (await ours.rest("GET", "accounts")).json()["data"]
    assert [one["id"] for one in listed] == [account]


async def test_the_rights_of_the_key_count(platform: Door, ours: Door) -> None:
    reader = await new_key(platform, ours.carrier_id, "READ")
    assert (await reader.rest("POST", asked("accounts"), NEW)).status_code == 403
    assert (await reader.rest("GET", asked("accounts"))).status_code == 200
    assert (await platform.rest("GET", asked("accounts"))).status_code == 403
    assert (await Door(ours.http, "unknown").rest("GET", asked("accounts"))).status_code == 401


@pytest.mark.parametrize(
    "how", ["explain=", "explain=sql", "explain=graphql&explain=sql", "%65xplain=graphql"]
)
async def test_another_value_is_refused_and_nothing_is_done(ours: Door, how: str) -> None:
    response = await ours.rest("POST", asked("accounts", how), NEW)
    assert response.status_code == 400
    assert response.json()["errors"][0]["source"] == {"parameter": "explain"}
    assert (await ours.rest("GET", "accounts")).json()["data"] == []


async def test_what_is_wrong_with_the_call_is_told_as_without_it(ours: Door) -> None:
    wrong = {"data": {"type": "account", "attributes": {"name": 5, "status": "lost"}}}
    for method, path, body in (
        ("GET", "accounts?nothing=1", None),
        ("GET", "phone_calls?filter[status]=lost", None),
        ("POST", "accounts", wrong),
        ("POST", "accounts", "{"),
    ):
        plain, explained = await ours.rest(method, path, body), await ours.rest(method, asked(path), body)
        assert plain.status_code == explained.status_code
        assert told(plain.json()) == told(explained.json())


def told(document: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(error["detail"], error.get("source")) for error in document["errors"]]
