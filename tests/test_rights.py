"""What a key may do: each mutation is refused to whom it is not for, a body sets only what is offered."""

from collections import defaultdict
from typing import Any

import pytest
from httpx import AsyncClient
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from schema.root import PLATFORM
from tests.conftest import Door, new_call, new_key, new_message
from tests.test_audit import MUTATIONS, UNKNOWN, WRITES

FOR_THE_PLATFORM = [
    name
    for name, field in MUTATIONS.fields.items()
    if field.extensions["strawberry-definition"].metadata["roles"] == PLATFORM
]
# Attributes that a row has, or may have, and that no update of REST offers.
WISHES = {
    "id": UNKNOWN,
    "carrier_id": UNKNOWN,
    "account_id": UNKNOWN,
    "type": "customer_managed",
    "auth_token": "mine",
    "auth_token_hash": "mine",
    "billing_currency": "USD",
    "currency": "USD",
    "price_unit": "USD",
    "duration": "1",
    "created_at": "2020-01-01T00:00:00Z",
    "updated_at": "2020-01-01T00:00:00Z",
    "to": "+85599999999",
    "from": "+85599999999",
    "body": "Mine",
    "direction": "inbound",
}


async def refusal(door: Door, name: str) -> tuple[Any, str]:
    """(data, message) of what a mutation answers to a key that it is not for."""
    type_ = MUTATIONS.fields[name].args["input"].type.of_type.name
    text = f"mutation($i: {type_}!) {{ {name}(input: $i) {{ userErrors {{ code }} }} }}"
    answer = await door.graphql(text, i=WRITES[name][1](defaultdict(lambda: UNKNOWN)))
    (error,) = answer["errors"]
    assert error["extensions"] == {"code": "FORBIDDEN"}
    return answer["data"], error["message"]


@pytest.mark.parametrize("name", FOR_THE_PLATFORM)
async def test_what_is_the_platforms_is_refused_to_a_carrier(ours: Door, name: str) -> None:
    assert await refusal(ours, name) == (None, "this takes a platform key, and yours is a carrier key")


@pytest.mark.parametrize("name", [name for name in MUTATIONS.fields if name not in FOR_THE_PLATFORM])
async def test_a_read_key_changes_nothing_by_any_mutation(ours: Door, platform: Door, name: str) -> None:
    reader = await new_key(platform, ours.carrier_id, "READ")
    assert await refusal(reader, name) == (
        None,
        "this takes a key with access WRITE, and yours may only read",
    )


async def test_a_body_sets_nothing_that_rest_does_not_offer(ours: Door, platform: Door, account: str) -> None:
    number = {"number": "1294", "type": "short_code"}
    made = await ours.rest("POST", "phone_numbers", {"data": {"type": "phone_number", "attributes": number}})
    for path, type_, row_id in (
        ("accounts", "account", account),
        ("phone_numbers", "phone_number", made.json()["data"]["id"]),
        ("phone_calls", "phone_call", await new_call(platform, account)),
        ("messages", "message", await new_message(platform, account)),
    ):
        before = (await ours.rest("GET", f"{path}/{row_id}")).json()["data"]
        wishes = {name: value for name, value in WISHES.items() if (type_, name) != ("phone_number", "type")}
        data = {"type": type_, "id": row_id, "attributes": wishes}
        changed = await ours.rest("PATCH", f"{path}/{row_id}", {"data": data})
        assert changed.status_code == 200, changed.text
        assert changed.json()["data"] == before


@pytest.mark.parametrize("path", ["/graphql", "/carrier/v1/accounts"])
async def test_no_page_of_another_origin_is_let_in(ours: Door, path: str) -> None:
    elsewhere = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    asked = await ours.http.options(path, headers=elsewhere)
    assert asked.status_code == 405
    read = await ours.http.get(
        path, params={"query": "{ __typename }"}, headers=elsewhere | {"Authorization": f"Bearer {ours.key}"}
    )
    for answer in (asked, read):
        assert [name for name in answer.headers if name.startswith("access-control-")] == []


async def test_nothing_but_what_is_public_answers_without_a_key(app: Starlette, http: AsyncClient) -> None:
    open_to_all = {
        "/openapi.json",
        "/docs",
        "/docs/{asset}",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/dashboard",
        "/assets/{name}",
    }
    paths = {route.path for route in app.routes if isinstance(route, Route | WebSocketRoute)}
    assert len(app.routes) == len(paths) + 1  # /graphql is two
    assert paths == open_to_all | {"/graphql"}
    for method in ("GET", "POST"):
        assert (await http.request(method, "/graphql", json={"query": "{ __typename }"})).status_code == 401
    for path in ("accounts", "events", "messages", "phone_calls", "phone_numbers", "tts_events"):
        for method in ("GET", "POST", "PATCH", "DELETE"):
            answer = await http.request(method, f"/carrier/v1/{path}")
            assert answer.status_code in (401, 405), (method, path)
        assert (await http.get(f"/carrier/v1/{path}/{UNKNOWN}")).status_code == 401
