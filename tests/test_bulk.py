"""Mutations of many: each item is answered for by itself, and is what the single mutation would have made."""

from typing import Any

import pytest

from tests.conftest import Door, new_call

UNKNOWN = "01900000-0000-7000-8000-000000000000"
CALL = {"to": "+855 12-334-667", "from": "2442", "direction": "OUTBOUND_API"}
MESSAGE = {"to": "+85512334667", "from": "2442", "body": "Hello", "direction": "OUTBOUND_API"}
CALLS = """mutation($i: RecordPhoneCallsInput!) { recordPhoneCalls(input: $i) {
  results { phoneCall { id to from direction status duration phoneNumber { id } account { name } createdAt }
            userErrors { message field code } } userErrors { message field code } } }"""
WHOLE = "{ results { phoneCall { to } userErrors { message field code } } userErrors { message } }"
KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "recordPhoneCalls": ("calls", "phoneCall", CALL | {"status": "BUSY"}),
    "recordMessages": ("messages", "message", MESSAGE | {"status": "SENT"}),
    "recordTtsEvents": ("ttsEvents", "ttsEvent", {"characters": 5}),
}


async def record(door: Door, name: str, items: list[Any], select: str = "{ id }") -> Any:
    field, row, _ = KINDS[name]
    asked = f"results {{ {row} {select} userErrors {{ field code }} }} userErrors {{ message field code }}"
    text = f"mutation($i: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $i) {{ {asked} }} }}"
    answer = await door.graphql(text, i={field: items})
    assert "errors" not in answer, answer
    return answer["data"][name]


@pytest.fixture
async def item(request: pytest.FixtureRequest, platform: Door, account: str) -> dict[str, Any]:
    """A good input of the mutation that the test is about."""
    name = request.getfixturevalue("name")
    owner = {"accountId": account}
    if name == "recordTtsEvents":
        owner = {"phoneCallId": await new_call(platform, account)}
    return KINDS[name][2] | owner


async def test_a_bad_call_among_good_ones_is_answered_for_alone(
    platform: Door, ours: Door, account: str
) -> None:
    number = await ours.do("createPhoneNumber", "phoneNumber", number="2442", type="SHORT_CODE")
    items = [
        CALL | {"accountId": account, "status": "COMPLETED", "duration": 62, "phoneNumberId": number["id"]},
        CALL | {"accountId": UNKNOWN},
        CALL | {"accountId": account, "to": "", "duration": 5},
        CALL | {"accountId": account, "phoneNumberId": "nonsense"},
        CALL | {"accountId": account, "createdAt": "2026-01-02T03:04:05Z"},
    ]
    answer = (await platform.graphql(CALLS, i={"calls": items}))["data"]["recordPhoneCalls"]
    calls = [result["phoneCall"] for result in answer["results"]]
    common = {"to": "+85512334667", "from": "2442", "direction": "OUTBOUND_API"}
    common["account"] = {"name": "Rocket Rides"}  # type: ignore[assignment] # JSON
    first = {"status": "COMPLETED", "duration": 62, "phoneNumber": {"id": number["id"]}}
    last = {"status": "QUEUED", "duration": None, "phoneNumber": None, "createdAt": "2026-01-02T03:04:05Z"}
    assert calls[0] == common | first | {"id": calls[0]["id"], "createdAt": calls[0]["createdAt"]}
    assert calls[1:4] == [None, None, None]
    assert calls[4] == common | last | {"id": calls[4]["id"]}
    wrongs = [[(e["field"], e["code"]) for e in result["userErrors"]] for result in answer["results"]]
    assert wrongs == [
        [],
        [(["calls", "1", "accountId"], "NOT_FOUND")],
        [(["calls", "2", "to"], "INVALID"), (["calls", "2", "duration"], "INVALID")],
        [(["calls", "3", "phoneNumberId"], "NOT_FOUND")],
        [],
    ]
    assert answer["userErrors"] == []
    listed = await ours.graphql("{ phoneCalls { nodes { id } } }")
    assert sorted(node["id"] for node in listed["data"]["phoneCalls"]["nodes"]) == sorted(
        [calls[0]["id"], calls[4]["id"]]
    )


@pytest.mark.parametrize("name", KINDS)
async def test_a_thousand_are_taken_at_once_and_one_more_is_refused(
    platform: Door, name: str, item: dict[str, Any]
) -> None:
    field, row, _ = KINDS[name]
    done = await record(platform, name, [item] * 1000)
    ids = [result[row]["id"] for result in done["results"]]
    assert len(set(ids)) == 1000
    assert ids == sorted(ids)
    assert all(result["userErrors"] == [] for result in done["results"])
    message = f"{field} has 1,001 items; at most 1,000 are taken at once"
    assert await record(platform, name, [item] * 1001) == {
        "results": [],
        "userErrors": [{"message": message, "field": [field], "code": "INVALID"}],
    }


@pytest.mark.parametrize("name", KINDS)
async def test_none_are_nothing(platform: Door, name: str) -> None:
    assert await record(platform, name, []) == {"results": [], "userErrors": []}


@pytest.mark.parametrize("name", KINDS)
async def test_a_carrier_key_may_not_report_in_bulk(ours: Door, name: str) -> None:
    type_ = f"{name[0].upper()}{name[1:]}Input"
    text = f"mutation($i: {type_}!) {{ {name}(input: $i) {{ userErrors {{ field }} }} }}"
    answer = await ours.graphql(text, i={KINDS[name][0]: []})
    assert answer["errors"][0]["extensions"] == {"code": "FORBIDDEN"}


@pytest.mark.parametrize("name", ["recordPhoneCalls", "recordMessages"])
async def test_events_and_deliveries_of_many_are_those_of_single_ones(
    platform: Door, ours: Door, name: str, item: dict[str, Any]
) -> None:
    await ours.do("createWebhookEndpoint", "webhookEndpoint", url="https://example.com/hook")
    single = name.removesuffix("s")
    await platform.do(single, KINDS[name][1], **item)
    await record(platform, name, [item, item])
    answer = await ours.graphql("""{ events { nodes { type createdAt updatedAt details
        deliveries { nodes { status endpoint { url } } } } } }""")
    events = answer["data"]["events"]["nodes"]
    assert len(events) == 3
    shapes = []
    for event in events:
        attributes = event["details"]["data"]["attributes"]
        del event["details"]["data"]["id"]
        for part, field in ((event, "createdAt"), (event, "updatedAt"), (attributes, "created_at")):
            part[field] = "…"
        attributes["updated_at"] = "…"
        shapes.append(event)
    assert shapes[0] == shapes[1] == shapes[2]
    assert [delivery["status"] for delivery in shapes[0]["deliveries"]["nodes"]] == ["PENDING"]


async def test_calls_of_many_carriers_stay_with_their_own(platform: Door, ours: Door, theirs: Door) -> None:
    items = []
    for door in (ours, theirs, ours):
        made = await door.do("createAccount", "account", name="A")
        items.append(CALL | {"accountId": made["id"], "status": "BUSY"})
    number = await theirs.do("createPhoneNumber", "phoneNumber", number="2442", type="SHORT_CODE")
    items.append(items[0] | {"phoneNumberId": number["id"]})
    done = await record(platform, "recordPhoneCalls", items)
    ids = [result["phoneCall"] and result["phoneCall"]["id"] for result in done["results"]]
    assert done["results"][3]["userErrors"] == [
        {"field": ["calls", "3", "phoneNumberId"], "code": "NOT_FOUND"}
    ]
    text = "{ phoneCalls { nodes { id } } events { nodes { id } } }"
    for door, own in ((ours, [ids[2], ids[0]]), (theirs, [ids[1]])):
        data = (await door.graphql(text))["data"]
        assert [node["id"] for node in data["phoneCalls"]["nodes"]] == own
        assert len(data["events"]["nodes"]) == len(own)


async def test_a_batch_counts_as_many_objects(platform: Door) -> None:
    inner = "results { phoneCall { account { phoneCalls { nodes { id } } } } }"
    text = f"mutation($i: RecordPhoneCallsInput!) {{ recordPhoneCalls(input: $i) {{ {inner} }} }}"
    (error,) = (await platform.graphql(text, i={"calls": []}))["errors"]
    words = "this operation's complexity is 24000, over the limit of 20000; ask for less at once"
    assert error["message"] == words


# Importing phone numbers

IMPORT = """mutation($i: ImportPhoneNumbersInput!) { importPhoneNumbers(input: $i) {
  imported phoneNumberIds userErrors { message field code } } }"""
ROWS = [
    {"number": "+1 205-555-0121", "type": "LOCAL", "region": "AL", "locality": "Birmingham", "price": "1.15"},
    {"number": "+12055550122", "type": "LOCAL", "country": "KH"},
    {"number": "+12055550123", "type": "SHORT_CODE", "lata": "012"},
    {"number": "(1) 2055550121", "type": "LOCAL"},
    {"number": "1294", "type": "SHORT_CODE"},
    {"number": "2442", "type": "SHORT_CODE", "carrierId": UNKNOWN},
    {"number": "3366", "type": "SHORT_CODE"},
]
WRONG = [
    (["numbers", "1", "country"], "INVALID"),
    (["numbers", "2", "type"], "INVALID"),
    (["numbers", "2", "lata"], "INVALID"),
    (["numbers", "3", "number"], "TAKEN"),
    (["numbers", "4", "number"], "TAKEN"),
    (["numbers", "5", "carrierId"], "NOT_FOUND"),
]


async def imported(door: Door, numbers: list[Any], **more: Any) -> Any:
    answer = await door.graphql(IMPORT, i={"numbers": numbers, **more})
    assert "errors" not in answer, answer
    return answer["data"]["importPhoneNumbers"]


async def stock_of(door: Door) -> list[str]:
    text = "{ phoneNumbers(first: 100) { nodes { number } } }"
    return [node["number"] for node in (await door.graphql(text))["data"]["phoneNumbers"]["nodes"]][::-1]


@pytest.mark.parametrize(
    ("mode", "dry_run", "count", "there"),
    [
        ("ALL_OR_NOTHING", False, 0, ["1294"]),
        ("ALL_OR_NOTHING", True, 0, ["1294"]),
        ("GOOD_ONES", False, 2, ["1294", "+12055550121", "3366"]),
        ("GOOD_ONES", True, 2, ["1294"]),
    ],
)
async def test_an_import_with_bad_rows_adds_all_or_the_good_ones_and_tells_each_bad_one(
    ours: Door, mode: str, dry_run: bool, count: int, there: list[str]
) -> None:
    await ours.do("createPhoneNumber", "phoneNumber", number="1294", type="SHORT_CODE")
    done = await imported(ours, ROWS, mode=mode, dryRun=dry_run)
    assert [(error["field"], error["code"]) for error in done["userErrors"]] == WRONG
    assert done["userErrors"][3]["message"] == "+12055550121 stands in row 0 already"
    assert done["imported"] == count
    assert await stock_of(ours) == there
    added = [index for index, row_id in enumerate(done["phoneNumberIds"]) if row_id is not None]
    assert added == ([0, 6] if count and not dry_run else [])


async def test_an_imported_number_is_what_a_created_one_is(ours: Door) -> None:
    one = await imported(ours, ROWS[:1])
    (row_id,) = one["phoneNumberIds"]
    select = """number type visibility country region locality lata rateCenter latitude longitude price
                currency metadata account { id }"""
    text = f"query($id: ID!) {{ phoneNumber(id: $id) {{ {select} }} }}"
    imported_number = (await ours.graphql(text, id=row_id))["data"]["phoneNumber"]
    assert (await ours.rest("DELETE", f"phone_numbers/{row_id}")).status_code == 204
    created = await ours.do("createPhoneNumber", "phoneNumber", **ROWS[0])
    assert (await ours.graphql(text, id=created["id"]))["data"]["phoneNumber"] == imported_number


async def test_ten_thousand_numbers_are_imported_at_once_and_counted(ours: Door) -> None:
    numbers = [
        {"number": f"+1205{2_000_000 + i}", "type": "LOCAL", "region": "AL", "locality": f"Town {i % 20}"}
        for i in range(10_000)
    ]
    done = await imported(ours, numbers)
    assert (done["imported"], done["userErrors"]) == (10_000, [])
    assert len(set(done["phoneNumberIds"])) == 10_000
    text = "{ phoneNumberStats(groupBy: [LOCALITY], first: 100) { nodes { value } } }"
    found = (await ours.graphql(text))["data"]["phoneNumberStats"]["nodes"]
    assert found == [{"value": 500}] * 20
    done = await imported(ours, [*numbers, numbers[0]])
    message = "numbers has 10,001 items; at most 10,000 are taken at once"
    assert done == {
        "imported": 0,
        "phoneNumberIds": [],
        "userErrors": [{"message": message, "field": ["numbers"], "code": "INVALID"}],
    }


async def test_the_platform_imports_for_the_carrier_that_it_names(platform: Door, ours: Door) -> None:
    done = await imported(platform, ROWS[4:5])
    assert [(error["field"], error["code"]) for error in done["userErrors"]] == [(["carrierId"], "REQUIRED")]
    done = await imported(platform, [ROWS[4] | {"carrierId": ours.carrier_id}], carrierId=ours.carrier_id)
    assert (done["imported"], await stock_of(ours)) == (1, ["1294"])


MISTYPED: list[dict[str, Any]] = [
    {"to": 5},
    {"to": None},
    {"direction": "SIDEWAYS"},
    {"duration": 2**31},
    {"duration": "5"},
    {"createdAt": "yesterday"},
    {"unheard": 1},
    {"accountId": 7, "phoneNumberId": None},
]


@pytest.mark.parametrize("part", MISTYPED)
async def test_what_is_wrong_with_a_variable_is_told_alike_at_every_sight(
    platform: Door, account: str, part: dict[str, Any]
) -> None:
    good = CALL | {"accountId": account}
    text = f"mutation Sight($i: RecordPhoneCallsInput!) {{ recordPhoneCalls(input: $i) {WHOLE} }}"
    first = await platform.graphql(text, i={"calls": [good, good | part]})
    for _ in range(2):
        assert "errors" not in await platform.graphql(text, i={"calls": [good]})
    assert await platform.graphql(text, i={"calls": [good, good | part]}) == first
    alone = await platform.graphql(text, i={"calls": good})  # a list of one, as the specification has it
    assert alone == await platform.graphql(text, i={"calls": [good]})
