"""Rule 9 of the REST contract: included resources, sparse fieldsets, and parameters that are not there."""

import pytest

from tests.conftest import Door, new_call
from tests.test_rest_every_call import shown


async def test_an_account_is_included_once(platform: Door, ours: Door, account: str) -> None:
    for _ in range(2):
        await new_call(platform, account)
    whole = (await ours.rest("GET", f"accounts/{account}")).json()["data"]
    response = await ours.rest("GET", "phone_calls?include=account")
    assert response.status_code == 200
    assert response.json()["included"] == [whole]


async def test_a_tts_event_includes_its_account_and_call(platform: Door, ours: Door, account: str) -> None:
    call = await new_call(platform, account)
    event = await platform.do("recordTtsEvent", "ttsEvent", phoneCallId=call, characters=100)
    parts = [
        (await ours.rest("GET", path)).json()["data"]
        for path in (f"accounts/{account}", f"phone_calls/{call}")
    ]
    response = await ours.rest("GET", f"tts_events/{event['id']}?include=account,phone_call")
    assert sorted(response.json()["included"], key=lambda part: part["type"]) == parts


async def test_sparse_fieldsets_leave_out_the_rest(platform: Door, ours: Door, account: str) -> None:
    call = await new_call(platform, account)
    query = "include=account&fields[phone_call]=status,account&fields[account]=name"
    response = await ours.rest("GET", f"phone_calls/{call}?{query}")
    reference = {"id": account, "type": "account"}
    assert response.json() == {
        "data": {
            "id": call,
            "type": "phone_call",
            "attributes": {"status": "queued"},
            "relationships": {"account": {"data": reference}},
        },
        "included": [{**reference, "attributes": {"name": "Rocket Rides"}}],
    }


async def test_a_price_is_shown_without_the_currency_that_writes_it(ours: Door) -> None:
    given = {"number": "1294", "type": "SHORT_CODE", "price": "1.5"}
    number = await ours.do("createPhoneNumber", "phoneNumber", **given)
    response = await ours.rest("GET", f"phone_numbers/{number['id']}?fields[phone_number]=price")
    assert response.json()["data"]["attributes"] == {"price": "1.50"}


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("phone_calls?include=phone_number", ["include"]),
        ("phone_calls?include=account.phone_calls", ["include"]),
        ("accounts?include=account", ["include"]),
        ("accounts?fields[account]=colour", ["fields[account]"]),
        ("accounts?fields[planet]=name", ["fields[planet]"]),
        ("accounts?sort=name", ["sort"]),
        ("accounts?filter[status]=enabled", ["filter[status]"]),
        ("phone_calls?filter[colour]=red", ["filter[colour]"]),
        ("accounts?page[number]=2", ["page[number]"]),
        ("accounts?foo=bar", ["foo"]),
        ("phone_calls?sort=name&foo=bar&filter[colour]=red", ["sort", "foo", "filter[colour]"]),
    ],
)
async def test_a_query_that_asks_for_what_is_not_there_is_refused(
    ours: Door, path: str, parameters: list[str]
) -> None:
    response = await ours.rest("GET", path)
    assert response.status_code == 400
    found = shown(response)
    assert sorted(error["source"]["parameter"] for error in found) == sorted(parameters)
    assert {error["status"] for error in found} == {"400"}


async def test_a_parameter_of_somebody_else_is_ignored(ours: Door) -> None:
    assert (await ours.rest("GET", "accounts?cacheBuster=1")).status_code == 200
