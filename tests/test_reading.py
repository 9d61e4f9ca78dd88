"""Lists as GraphQL reads them: every filter, alone and combined, and pages in both directions."""

from itertools import combinations
from typing import Any

import pytest

from tests.conftest import Door, new_call, new_carrier, new_message

LISTS = {
    "phoneCalls": {"status": ("RINGING", "BUSY"), "direction": ("INBOUND", "OUTBOUND_DIAL")},
    "messages": {"status": ("SENT", "FAILED"), "direction": ("OUTBOUND", "OUTBOUND_REPLY")},
}
DATES = {"createdAt": ("2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z")}
FILTERS = ("account", "status", "direction", "fromDate")
CHOICES = [chosen for count in range(len(FILTERS) + 1) for chosen in combinations(FILTERS, count)]


@pytest.fixture(scope="module")
async def rows(platform: Door) -> Any:
    """For calls and messages: one row that meets every condition, and one that fails each alone."""
    door = await new_carrier(platform, "Reading")
    mine, other = [(await door.do("createAccount", "account", name=name))["id"] for name in ("Mine", "Other")]
    made: dict[str, dict[str, str]] = {}
    for name, record in (("phoneCalls", new_call), ("messages", new_message)):
        values = {"account": (mine, other), **LISTS[name], **DATES}
        made[name] = {}
        for failing in (None, "account", "status", "direction", "createdAt"):
            given = {key: pair[key == failing] for key, pair in values.items()}
            made[name][failing or "match"] = await record(platform, given.pop("account"), **given)
    return door, mine, made


@pytest.mark.parametrize("chosen", CHOICES, ids="+".join)
@pytest.mark.parametrize("name", LISTS)
async def test_a_list_has_the_rows_that_meet_every_condition(
    rows: Any, name: str, chosen: tuple[str, ...]
) -> None:
    door, mine, made = rows
    values = {"account": mine, "fromDate": DATES["createdAt"][0], **{k: v[0] for k, v in LISTS[name].items()}}
    fails = {"fromDate": "createdAt"}
    excluded = {fails.get(part, part) for part in chosen}
    filter_type = f"{name[0].upper()}{name[1:-1]}Filter"
    expected = sorted((made[name][key] for key in made[name] if key not in excluded), reverse=True)
    given = {part: values[part] for part in chosen}
    for page in ("first: 10", "last: 10"):
        text = f"query($f: {filter_type}) {{ {name}(filter: $f, {page}) {{ nodes {{ id }} }} }}"
        nodes = (await door.graphql(text, f=given))["data"][name]["nodes"]
        assert [node["id"] for node in nodes] == expected


async def test_pages_walk_a_list_whole_in_both_directions(ours: Door, platform: Door, account: str) -> None:
    made = [await new_call(platform, account, createdAt="2026-01-01T00:00:00Z") for _ in range(7)][::-1]
    text = """query($first: Int, $after: String, $last: Int, $before: String) {
      phoneCalls(first: $first, after: $after, last: $last, before: $before) {
        edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    seen, cursor = [], None
    while True:
        page = (await ours.graphql(text, first=3, after=cursor))["data"]["phoneCalls"]
        seen += [edge["node"]["id"] for edge in page["edges"]]
        assert page["pageInfo"]["hasPreviousPage"] is (cursor is not None)
        cursor = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == made
    back = (await ours.graphql(text, last=3, before=made[4]))["data"]["phoneCalls"]
    assert [edge["cursor"] for edge in back["edges"]] == made[1:4]
    assert back["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": True,
        "startCursor": made[1],
        "endCursor": made[3],
    }


async def test_a_cursor_works_after_its_row_was_deleted_and_an_unknown_one_does_not(ours: Door) -> None:
    made = [(await ours.do("createAccount", "account", name=str(i)))["id"] for i in range(3)][::-1]
    assert (await ours.rest("DELETE", f"accounts/{made[1]}")).status_code == 204
    text = "query($after: String) { accounts(after: $after) { nodes { id } } }"
    assert (await ours.graphql(text, after=made[1]))["data"]["accounts"]["nodes"] == [{"id": made[2]}]
    unknown = "01900000-0000-7000-8000-000000000000"
    assert (await ours.graphql(text, after=unknown))["data"]["accounts"]["nodes"] == []


async def test_numbers_are_counted_by_any_choice_of_groups(ours: Door) -> None:
    for number, region, locality in (
        ("+12055550121", "AL", "Birmingham"),
        ("+12055550122", "al", "BIRMINGHAM"),
    ):
        given = {"number": number, "type": "LOCAL", "country": "US", "region": region, "locality": locality}
        await ours.do("createPhoneNumber", "phoneNumber", **given)
    await ours.do("createPhoneNumber", "phoneNumber", number="1294", type="SHORT_CODE")
    text = """query($by: [PhoneNumberGroup!]!) {
      phoneNumberStats(groupBy: $by) { nodes { country region locality type value } } }"""
    found = (await ours.graphql(text, by=["TYPE", "COUNTRY"]))["data"]["phoneNumberStats"]["nodes"]
    bare = {"region": None, "locality": None}
    assert found == [
        {"country": "KH", "type": "SHORT_CODE", "value": 1, **bare},
        {"country": "US", "type": "LOCAL", "value": 2, **bare},
    ]
    found = (await ours.graphql(text, by=["LOCALITY"]))["data"]["phoneNumberStats"]["nodes"]
    assert [
        (group["locality"].lower() if group["locality"] else None, group["value"]) for group in found
    ] == [
        ("birmingham", 2),
        (None, 1),
    ]


async def test_a_variable_within_an_object_filters_each_time_it_is_asked(
    ours: Door, theirs: Door, platform: Door, account: str
) -> None:
    """At first sight an operation is run by graphql-core, later by what was compiled of it."""
    ended, begun = await new_call(platform, account, status="BUSY"), await new_call(platform, account)
    text = """query($carrier: ID!, $status: PhoneCallStatus) {
      phoneCalls(filter: {carrier: $carrier, status: $status}) { nodes { id } } }"""
    for _ in range(4):
        for carrier, status, found in (
            (ours.carrier_id, "BUSY", [ended]),
            (ours.carrier_id, "QUEUED", [begun]),
            (ours.carrier_id, "FAILED", []),
            (theirs.carrier_id, "BUSY", []),
        ):
            answer = await platform.graphql(text, carrier=carrier, status=status)
            assert [node["id"] for node in answer["data"]["phoneCalls"]["nodes"]] == found
