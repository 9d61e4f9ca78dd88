"""Rules 23 to 26 and 40 of the REST contract, by number: calls, messages and the events that they cause."""

from typing import Any

import pytest
from httpx import Response

from tests.conftest import Door, new_call, new_carrier, new_message
from tests.test_rest_every_call import sources


async def set_price(door: Door, call: str, price: Any) -> Response:
    data = {"type": "phone_call", "id": call, "attributes": {"price": price}}
    return await door.rest("PATCH", f"phone_calls/{call}", {"data": data})


async def attributes_of(door: Door, path: str) -> dict[str, Any]:
    shown: dict[str, Any] = (await door.rest("GET", path)).json()["data"]["attributes"]
    return shown


# Rule 23


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("+855 12 334-667", "+85512334667"),
        ("85512334667", "+85512334667"),
        ("2442", "2442"),
        ("(24) 42", "2442"),
    ],
)
async def test_numbers_are_e164_or_bare_digits(
    platform: Door, ours: Door, account: str, given: str, shown: str
) -> None:
    call = await new_call(platform, account, to=given)
    message = await new_message(platform, account, **{"from": given})
    assert (await attributes_of(ours, f"phone_calls/{call}"))["to"] == shown
    assert (await attributes_of(ours, f"messages/{message}"))["from"] == shown


# Rule 24


@pytest.mark.parametrize(
    ("price", "shown"),
    [
        ("-0.05", "-0.05000"),
        (-0.05, "-0.05000"),
        (-2, "-2.00000"),
        ("-1.234567", "-1.23457"),
        ("0", "0.00000"),
        ("-0", "0.00000"),
        ("-0.000001", "0.00000"),
    ],
)
async def test_a_price_is_shown_with_five_decimals(
    platform: Door, ours: Door, account: str, price: Any, shown: str
) -> None:
    call = await new_call(platform, account)
    response = await set_price(ours, call, price)
    assert response.status_code == 200
    attributes = response.json()["data"]["attributes"]
    assert (attributes["price"], attributes["price_unit"]) == (shown, "KHR")
    assert await attributes_of(ours, f"phone_calls/{call}") == attributes


@pytest.mark.parametrize(
    "price", ["0.01", 1, "-0.1234567", "abc", "", "NaN", "-Infinity", "-1e300", True, [], {}, "-" + "9" * 13]
)
async def test_a_price_that_is_none_is_refused(platform: Door, ours: Door, account: str, price: Any) -> None:
    call = await new_call(platform, account)
    response = await set_price(ours, call, price)
    assert (response.status_code, sources(response)) == (422, [{"pointer": "/data/attributes/price"}])
    assert (await attributes_of(ours, f"phone_calls/{call}"))["price"] is None


async def test_without_a_price_there_is_no_unit(platform: Door, ours: Door, account: str) -> None:
    message = await new_message(platform, account)
    shown = await attributes_of(ours, f"messages/{message}")
    assert (shown["price"], shown["price_unit"]) == (None, None)


async def test_a_foreign_call_cannot_be_priced(
    platform: Door, ours: Door, theirs: Door, account: str
) -> None:
    call = await new_call(platform, account)
    assert (await set_price(theirs, call, "-1")).status_code == 404
    assert (await attributes_of(ours, f"phone_calls/{call}"))["price"] is None


async def test_the_unit_is_the_currency_of_the_account(platform: Door) -> None:
    dollars = await new_carrier(platform, "Dollars", "US", "USD")
    account = (await dollars.do("createAccount", "account", name="Rocket Rides"))["id"]
    message = await new_message(platform, account)
    data = {"type": "message", "id": message, "attributes": {"price": "-0.05"}}
    response = await dollars.rest("PATCH", f"messages/{message}", {"data": data})
    assert response.json()["data"]["attributes"]["price_unit"] == "USD"


# Rule 25


async def test_a_duration_is_whole_seconds_as_text(platform: Door, ours: Door, account: str) -> None:
    call = await new_call(platform, account)
    assert (await attributes_of(ours, f"phone_calls/{call}"))["duration"] is None
    for status, more in (("RINGING", {}), ("IN_PROGRESS", {}), ("COMPLETED", {"duration": 5})):
        await platform.do("changePhoneCallStatus", "phoneCall", id=call, status=status, **more)
    shown = await attributes_of(ours, f"phone_calls/{call}")
    assert (shown["status"], shown["duration"]) == ("completed", "5")


# Rule 26


@pytest.mark.parametrize("direction", ["inbound", "outbound-api", "outbound-dial"])
async def test_directions_of_calls_are_the_documents(
    platform: Door, ours: Door, account: str, direction: str
) -> None:
    call = await new_call(platform, account, direction=direction.upper().replace("-", "_"))
    response = await ours.rest("GET", f"phone_calls?filter[direction]={direction}")
    assert [(row["id"], row["attributes"]["direction"]) for row in response.json()["data"]] == [
        (call, direction)
    ]


@pytest.mark.parametrize(
    "status", ["queued", "ringing", "in-progress", "busy", "failed", "no-answer", "completed", "canceled"]
)
async def test_statuses_of_calls_are_the_documents(
    platform: Door, ours: Door, account: str, status: str
) -> None:
    call = await new_call(platform, account, status=status.upper().replace("-", "_"))
    response = await ours.rest("GET", f"phone_calls?filter[status]={status}&filter[direction]=outbound-api")
    assert [(row["id"], row["attributes"]["status"]) for row in response.json()["data"]] == [(call, status)]


@pytest.mark.parametrize(
    "status",
    ["accepted", "scheduled", "queued", "sending", "sent", "failed", "received", "canceled", "delivered"],
)
async def test_statuses_of_messages_are_the_documents(
    platform: Door, ours: Door, account: str, status: str
) -> None:
    direction = "INBOUND" if status == "received" else "OUTBOUND"
    message = await new_message(platform, account, status=status.upper(), direction=direction)
    response = await ours.rest(
        "GET", f"messages?filter[status]={status}&filter[direction]={direction.lower()}"
    )
    assert [(row["id"], row["attributes"]["status"]) for row in response.json()["data"]] == [
        (message, status)
    ]


# Rule 40


@pytest.mark.parametrize("status", ["BUSY", "FAILED", "NO_ANSWER", "CANCELED"])
async def test_a_call_that_ends_is_an_event_with_its_document(
    platform: Door, ours: Door, account: str, status: str
) -> None:
    call = await new_call(platform, account)
    assert (await ours.rest("GET", "events")).json()["data"] == []
    await platform.do("changePhoneCallStatus", "phoneCall", id=call, status=status)
    then = (await ours.rest("GET", f"phone_calls/{call}")).json()
    await set_price(ours, call, "-1")
    refused = await platform.payload("changePhoneCallStatus", "phoneCall", id=call, status=status)
    (event,) = (await ours.rest("GET", "events")).json()["data"]
    assert refused["userErrors"][0]["code"] == "CONFLICT"
    assert (event["type"], event["attributes"]["type"]) == ("event", "phone_call.completed")
    assert event["attributes"]["details"] == then
    assert (await ours.rest("GET", f"events/{event['id']}")).json() == {"data": event}


async def test_a_message_is_an_event_when_it_is_sent_and_when_it_is_delivered(
    platform: Door, ours: Door, account: str
) -> None:
    message = await new_message(platform, account)
    thens = []
    for status in ("QUEUED", "SENDING", "SENT", "DELIVERED"):
        await platform.do("changeMessageStatus", "message", id=message, status=status)
        thens.append((await ours.rest("GET", f"messages/{message}")).json())
    events = [row["attributes"] for row in (await ours.rest("GET", "events")).json()["data"]]
    assert [(event["type"], event["details"]) for event in events] == [
        ("message.delivered", thens[3]),
        ("message.sent", thens[2]),
    ]
