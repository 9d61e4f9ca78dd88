"""A carrier never sees another's anything: cases for every argument of the schema that takes an id."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, get_named_type, get_nullable_type, is_list_type
from graphql.type import is_required_input_field

from resolvers import charging, deletion, writing
from schema.root import PLATFORM, schema
from tests.conftest import Door, new_call, new_carrier, new_message
from tests.test_keys import key_of

QUERY: Any = schema._schema.query_type
MUTATION: Any = schema._schema.mutation_type

ONE = [name for name, field in QUERY.fields.items() if "id" in field.args]
PAGED = [name for name, field in QUERY.fields.items() if "after" in field.args]
# Each of these holds one row of the stranger. Each of its writes has left an entry: it has a test of its own.
AUDIT = "auditEntries"
LISTS = [name for name in PAGED if not name.endswith("Stats") and name != AUDIT]
STATISTICS = [name for name in PAGED if name.endswith("Stats")]
FILTERS = [
    (name, field)
    for name in PAGED
    if "filter" in QUERY.fields[name].args
    for field, part in get_named_type(QUERY.fields[name].args["filter"].type).fields.items()
    if get_named_type(part.type).name == "ID"
]
COUNTED = {"phoneNumberStats": "value"}


def ids_within(type_: Any) -> Iterator[tuple[str, ...]]:
    """Paths of the ids in an input, those in its lists of inputs too."""
    for field, part in type_.fields.items():
        named = get_named_type(part.type)
        if named.name == "ID":
            yield (field,)
        elif isinstance(named, GraphQLInputObjectType):
            yield from ((field, *path) for path in ids_within(named))


WRITES = [
    (name, path)
    for name, mutation in MUTATION.fields.items()
    if mutation.extensions["strawberry-definition"].metadata["roles"] != PLATFORM
    for path in ids_within(get_named_type(mutation.args["input"].type))
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
        "apiKey": await key_of(door),
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
    own = await ours.graphql("{ viewer { carrier { id } key { id } } }")
    mine = [part for field, part in own["data"]["viewer"].items() if kind in (field, f"api{field.title()}")]
    assert (await ours.graphql(text))["data"][name]["nodes"] == mine
    assert (await ours.graphql(text, after=ids[kind]))["data"][name]["nodes"] == []
    assert (await ours.graphql(text, before=ids[kind]))["data"][name]["nodes"] == []
    assert (await door.graphql(text))["data"][name]["nodes"] == [{"id": ids[kind]}]


@pytest.mark.parametrize("field", [None, *[field for name, field in FILTERS if name == AUDIT]])
async def test_the_audit_of_another_carrier_is_not_seen(
    ours: Door, stranger: tuple[Door, dict[str, str]], field: str | None
) -> None:
    door, ids = stranger
    listed = "{ nodes { id keyId carrier { id } } }"
    text = f"query($f: AuditEntryFilter, $c: String) {{ {AUDIT}(filter: $f, after: $c) {listed} }}"
    theirs = (await door.graphql(text))["data"][AUDIT]["nodes"]
    assert {entry["carrier"]["id"] for entry in theirs} == {door.carrier_id}
    key = (await door.graphql("{ viewer { key { id } } }"))["data"]["viewer"]["key"]["id"]
    values = {"carrier": door.carrier_id, "key": key, "object": ids["account"]}
    given = {field: values[field]} if field else {}
    assert (await door.graphql(text, f=given))["data"][AUDIT]["nodes"] != []
    mine = (await ours.graphql(text, f=given))["data"][AUDIT]["nodes"]
    assert {entry["carrier"]["id"] for entry in mine} == ({ours.carrier_id} if field is None else set())
    assert (await ours.graphql(text, c=theirs[0]["id"]))["data"][AUDIT]["nodes"] == []


@pytest.mark.parametrize("name", STATISTICS)
async def test_statistics_count_the_rows_of_the_carrier_alone(
    ours: Door, stranger: tuple[Door, dict[str, str]], name: str
) -> None:
    count = COUNTED.get(name, "count")
    group = "TYPE" if name == "phoneNumberStats" else "ACCOUNT"
    account = "" if name == "phoneNumberStats" else "account { name }"
    text = f"{{ {name}(groupBy: {group}) {{ nodes {{ {count} {account} }} edges {{ cursor }} }} }}"
    assert (await ours.graphql(text))["data"][name]["nodes"] == []
    shown = (await stranger[0].graphql(text))["data"][name]
    assert [node[count] for node in shown["nodes"]] == [1]
    cursor = shown["edges"][0]["cursor"]
    text = f"query($c: String) {{ {name}(groupBy: {group}, before: $c) {{ nodes {{ {count} }} }} }}"
    assert (await ours.graphql(text, c=cursor))["data"][name]["nodes"] == []


@pytest.mark.parametrize(("name", "field"), [pair for pair in FILTERS if pair[0] in STATISTICS])
async def test_statistics_filtered_by_another_carriers_id_count_nothing(
    ours: Door, stranger: tuple[Door, dict[str, str]], name: str, field: str
) -> None:
    door, ids = stranger
    filter_type = get_named_type(QUERY.fields[name].args["filter"].type).name
    count = COUNTED.get(name, "count")
    asked = "filter: $f, groupBy: TYPE" if name == "phoneNumberStats" else "filter: $f, interval: DAY"
    text = f"query($f: {filter_type}) {{ {name}({asked}) {{ nodes {{ {count} }} }} }}"
    assert (await ours.graphql(text, f={field: ids[field]}))["data"][name]["nodes"] == []
    found = (await door.graphql(text, f={field: ids[field]}))["data"][name]["nodes"]
    assert found == ([] if (name, field) == ("phoneNumberStats", "account") else [{count: 1}])


@pytest.mark.parametrize(("name", "field"), [pair for pair in FILTERS if pair[0] in LISTS])
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


def filled(type_: Any, path: tuple[str, ...], identifier: str) -> tuple[dict[str, Any], list[str]]:
    """(an input with what it requires, and the id at `path`; where an error about that id is told)."""
    given, place = {}, []
    for field, part in type_.fields.items():
        named, listed = get_named_type(part.type), is_list_type(get_nullable_type(part.type))
        within, value = list[str](), VALUES.get(named.name)
        if field in path[:1] and len(path) == 1:
            value = identifier
        elif isinstance(named, GraphQLInputObjectType):
            value, within = filled(named, path[1:] if field in path[:1] else (), identifier)
        if field in path[:1]:
            place = [field, *["0"] * listed, *within]
        if field in path[:1] or is_required_input_field(part):
            assert value is not None, field
            given[field] = [value] if listed else value
    return given, place


@pytest.fixture
def forgetful(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes without their carrier condition, where the test asks for them: PostgreSQL's own wall is left."""
    if request.param:
        for module in (writing, deletion):
            monkeypatch.setattr(module, "owned_by", lambda *_: [])
        charging_any = charging._charging
        monkeypatch.setattr(charging, "_charging", lambda table, **_: charging_any(table, owned=False))


@pytest.mark.parametrize("forgetful", [False, True], ids=["", "forgetful"], indirect=True)
@pytest.mark.parametrize(("name", "path"), WRITES)
@pytest.mark.usefixtures("forgetful")
async def test_a_write_to_another_carriers_id_is_not_found(
    ours: Door, stranger: tuple[Door, dict[str, str]], name: str, path: tuple[str, ...]
) -> None:
    _, ids = stranger
    input_type = get_named_type(MUTATION.fields[name].args["input"].type)
    assert isinstance(input_type, GraphQLInputObjectType)
    target = TARGETS.get(path[-1]) or TARGETS.get(name) or name[6].lower() + name[7:]
    given, place = filled(input_type, path, ids[target])
    if name in ("updatePhoneCall", "updateMessage"):
        given["price"] = "-1"
    text = f"mutation($i: {input_type.name}!) {{ {name}(input: $i) {{ userErrors {{ field code }} }} }}"
    answer = await ours.graphql(text, i=given)
    assert answer["data"][name]["userErrors"] == [{"field": place, "code": "NOT_FOUND"}]


@pytest.mark.parametrize(
    ("name", "shown", "field", "given"),
    [
        ("createApiKey", "apiKey", "carrierId", {"name": "A", "role": "CARRIER"}),
        ("createAccount", "account", "carrierId", {"name": "A"}),
        ("recordPhoneCall", "phoneCall", "accountId", {}),
        ("recordPhoneCall", "phoneCall", "phoneNumberId", {}),
    ],
)
async def test_a_blank_id_names_nothing(
    platform: Door, stranger: tuple[Door, dict[str, str]], name: str, shown: str, field: str, given: Any
) -> None:
    if name == "recordPhoneCall":
        numbers = {"to": "2442", "from": "2443", "direction": "INBOUND"}
        given = numbers | {"accountId": stranger[1]["account"]}
    payload = await platform.payload(name, shown, **given | {field: ""})
    assert [(error["field"], error["code"]) for error in payload["userErrors"]] == [([field], "NOT_FOUND")]


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
