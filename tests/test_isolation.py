"""A carrier never sees another's anything: cases for every argument of the schema that takes an id."""

from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLNonNull, GraphQLScalarType, get_named_type

from schema.root import PLATFORM, schema
from tests.conftest import Door, new_call, new_carrier, new_message

QUERY: Any = schema._schema.query_type
MUTATION: Any = schema._schema.mutation_type

ONE = [name for name, field in QUERY.fields.items() if "id" in field.args]
LISTS = [name for name, field in QUERY.fields.items() if "after" in field.args and name != "phoneNumberStats"]
FILTERS = [
    (name, field)
    for name in LISTS
    if "filter" in QUERY.fields[name].args
    for field, part in get_named_type(QUERY.fields[name].args["filter"].type).fields.items()
    if get_named_type(part.type).name == "ID"
]
WRITES = [
    (name, field)
    for name, mutation in MUTATION.fields.items()
    if mutation.extensions["strawberry-definition"].metadata["roles"] != PLATFORM
    for field, part in get_named_type(mutation.args["input"].type).fields.items()
    if get_named_type(part.type).name == "ID"
]
PATHS = {
    "accounts": "account",
    "events": "event",
    "messages": "message",
    "phone_calls": "phoneCall",
    "phone_numbers": "phoneNumber",
    "tts_events": "ttsEvent",
}
# What an id of a write names, where the write's own name does not say it.
TARGETS = {
    "carrierId": "carrier",
    "endpointId": "webhookEndpoint",
    "deliveryId": "webhookDelivery",
    "rotateWebhookSigningSecret": "webhookEndpoint",
}
VALUES = {"String": "1294", "Decimal": "0", "JSON": {}, "Boolean": True, "PhoneNumberType": "SHORT_CODE"}


@pytest.fixture(scope="module")
async def stranger(platform: Door) -> tuple[Door, dict[str, str]]:
    """Another carrier with one of everything: its key, and the ids by the names of the root fields."""
    door = await new_carrier(platform, "Stranger")
    account = str((await door.do("createAccount", "account", name="Theirs"))["id"])
    endpoint = await door.do("createWebhookEndpoint", "webhookEndpoint", url="http://127.0.0.1:9/")
    call = await new_call(platform, account, status="COMPLETED")
    number = await door.do("createPhoneNumber", "phoneNumber", number="1294", type="SHORT_CODE")
    tts = await platform.do("recordTtsEvent", "ttsEvent", phoneCallId=call, characters=1)
    answer = await door.graphql("{ events { nodes { id deliveries { nodes { id } } } } }")
    (event,) = answer["data"]["events"]["nodes"]
    ids = {
        "carrier": door.carrier_id,
        "account": account,
        "phoneCall": call,
        "message": await new_message(platform, account),
        "phoneNumber": str(number["id"]),
        "ttsEvent": str(tts["id"]),
        "event": event["id"],
        "webhookDelivery": event["deliveries"]["nodes"][0]["id"],
        "webhookEndpoint": str(endpoint["id"]),
    }
    return door, ids


def singular(name: str) -> str:
    return name.removesuffix("ies") + "y" if name.endswith("ies") else name.removesuffix("s")


def named(ids: dict[str, str], field: str) -> str:
    """The id that a filter's field asks for: `endpoint` is the webhookEndpoint."""
    return ids.get(field) or ids[f"webhook{field.capitalize()}"]


@pytest.mark.parametrize("name", ONE)
async def test_an_id_of_another_carrier_is_not_found(
    ours: Door, stranger: tuple[Door, dict[str, str]], name: str
) -> None:
    door, ids = stranger
    wanted = list(ids.values()) if name == "node" else [ids[name]]
    for identifier in wanted:
        text = f"query($id: ID!) {{ {name}(id: $id) {{ id }} }}"
        assert (await ours.graphql(text, id=identifier))["data"] == {name: None}
        assert (await door.graphql(text, id=identifier))["data"] == {name: {"id": identifier}}


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_and_its_cursors_stay_within_the_carrier(
    ours: Door, stranger: tuple[Door, dict[str, str]], name: str
) -> None:
    door, ids = stranger
    kind = singular(name)
    asked = f"{name}(after: $after, before: $before) {{ nodes {{ id }} }}"
    text = f"query($after: String, $before: String) {{ {asked} }}"
    mine = [{"id": ours.carrier_id}] if kind == "carrier" else []
    assert (await ours.graphql(text))["data"][name]["nodes"] == mine
    assert (await ours.graphql(text, after=ids[kind]))["data"][name]["nodes"] == []
    assert (await ours.graphql(text, before=ids[kind]))["data"][name]["nodes"] == []
    assert (await door.graphql(text))["data"][name]["nodes"] == [{"id": ids[kind]}]


@pytest.mark.parametrize(("name", "field"), FILTERS)
async def test_a_filter_by_another_carriers_id_finds_nothing(
    ours: Door, stranger: tuple[Door, dict[str, str]], name: str, field: str
) -> None:
    door, ids = stranger
    filter_type = get_named_type(QUERY.fields[name].args["filter"].type)
    text = f"query($f: {filter_type.name}) {{ {name}(filter: $f) {{ nodes {{ id }} }} }}"
    assert (await ours.graphql(text, f={field: named(ids, field)}))["data"][name]["nodes"] == []
    found = (await door.graphql(text, f={field: named(ids, field)}))["data"][name]["nodes"]
    expected = [] if (name, field) == ("phoneNumbers", "account") else [{"id": ids[singular(name)]}]
    assert found == expected


@pytest.mark.parametrize(("name", "field"), WRITES)
async def test_a_write_to_another_carriers_id_is_not_found(
    ours: Door, stranger: tuple[Door, dict[str, str]], name: str, field: str
) -> None:
    _, ids = stranger
    input_type = get_named_type(MUTATION.fields[name].args["input"].type)
    assert isinstance(input_type, GraphQLInputObjectType)
    target = TARGETS.get(field) or TARGETS.get(name) or name[6].lower() + name[7:]
    given: dict[str, Any] = {field: ids[target]}
    for required, part in input_type.fields.items():
        if required not in given and isinstance(part.type, GraphQLNonNull):
            assert isinstance(get_named_type(part.type), GraphQLScalarType) or required == "type"
            given[required] = VALUES[get_named_type(part.type).name]
    if name in ("updatePhoneCall", "updateMessage"):
        given["price"] = "-1"
    text = f"mutation($i: {input_type.name}!) {{ {name}(input: $i) {{ userErrors {{ field code }} }} }}"
    answer = await ours.graphql(text, i=given)
    assert answer["data"][name]["userErrors"] == [{"field": [field], "code": "NOT_FOUND"}]


@pytest.mark.parametrize("path", PATHS)
async def test_rest_answers_a_strangers_id_as_it_answers_an_unknown_one(
    ours: Door, stranger: tuple[Door, dict[str, str]], path: str
) -> None:
    answers = []
    for identifier in (stranger[1][PATHS[path]], "01900000-0000-7000-8000-000000000000", "nonsense"):
        response = await ours.rest("GET", f"{path}/{identifier}")
        (error,) = response.json()["errors"]
        answers.append((response.status_code, {name: error[name] for name in error if name != "id"}))
    assert answers[0][0] == 404
    assert answers[0] == answers[1] == answers[2]
