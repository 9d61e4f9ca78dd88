"""The served schema as a whole: the contract, descriptions, limits, who may do what."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLEnumType, build_schema, is_introspection_type
from graphql.utilities import find_breaking_changes
from starlette.applications import Starlette

from schema.root import schema
from tests.conftest import Door, new_call, new_key

CONTRACT = Path(__file__).with_name("contract.graphql")
NOT_YET = (
    "Webhook",
    "SendTestEvent",
)
NOT_YET_FIELDS = ("ebhook", "sendTestEvent", "deliveries")


def test_the_contract_is_kept_but_for_webhooks_and_the_subscription() -> None:
    contract = build_schema(CONTRACT.read_text())
    broken = [change.description for change in find_breaking_changes(contract, schema._schema)]
    expected = [text for text in broken if any(word in text for word in (*NOT_YET, *NOT_YET_FIELDS))]
    assert broken == expected


def test_every_type_field_argument_and_enum_value_is_described() -> None:
    bare = []
    for name, type_ in schema._schema.type_map.items():
        if is_introspection_type(type_):
            continue
        parts = {name: type_}
        fields = getattr(type_, "fields", {})
        parts |= {f"{name}.{field}": value for field, value in fields.items()}
        for field, value in fields.items():
            arguments = getattr(value, "args", None) or {}
            parts |= {f"{name}.{field}({arg})": argument for arg, argument in arguments.items()}
        if isinstance(type_, GraphQLEnumType):
            parts |= {f"{name}.{value}": found for value, found in type_.values.items()}
        bare += [where for where, part in parts.items() if not part.description]
    assert bare == []


def test_every_root_field_declares_who_may_use_it() -> None:
    for root in (schema._schema.query_type, schema._schema.mutation_type):
        assert root is not None
        for name, field in root.fields.items():
            declared = field.extensions["strawberry-definition"].metadata
            assert {"roles", "access"} <= declared.keys(), name


async def test_a_carrier_key_may_not_report_calls(ours: Door, account: str) -> None:
    text = """mutation($i: RecordPhoneCallInput!) { recordPhoneCall(input: $i) { phoneCall { id } } }"""
    given = {"accountId": account, "to": "2442", "from": "2443", "direction": "INBOUND"}
    answer = await ours.graphql(text, i=given)
    assert answer["data"] is None
    assert answer["errors"][0]["message"] == "this takes a platform key, and yours is a carrier key"
    assert answer["errors"][0]["extensions"] == {"code": "FORBIDDEN"}


async def test_a_read_key_may_not_write(platform: Door, ours: Door) -> None:
    reader = await new_key(platform, ours.carrier_id, "READ")
    answer = await reader.graphql('mutation { createAccount(input: {name: "A"}) { account { id } } }')
    assert answer["errors"][0]["extensions"] == {"code": "FORBIDDEN"}
    body = {"data": {"type": "account", "attributes": {"name": "A"}}}
    response = await reader.rest("POST", "accounts", body)
    assert response.status_code == 403
    assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"]
    assert (await reader.rest("GET", "accounts")).json()["data"] == []


async def test_a_page_over_the_limit_is_refused_by_name(ours: Door) -> None:
    answer = await ours.graphql("{ accounts(first: 101) { nodes { id } } }")
    assert answer["errors"][0]["message"] == "first is 101; a page has 1 to 100 rows"
    assert answer["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT", "argument": "first"}


async def test_documents_over_a_limit_are_refused_by_name(ours: Door) -> None:
    deep = "{ phoneCalls { nodes " + "{ account { phoneCalls { nodes " * 6 + "{ id }" + " } } }" * 6 + " } }"
    aliases = "{ " + " ".join(f"a{i}: accounts {{ nodes {{ id }} }}" for i in range(70)) + " }"
    wide = "{ accounts(first: 100) { nodes { phoneCalls(first: 100) { nodes { account { id } } } } } }"
    words = []
    usual = "{ phoneCalls { nodes { account " * 3 + "{ phoneCalls { nodes { id } } }" + " } } }" * 3
    unfolding = "{ ...F0 } " + " ".join(
        f"fragment F{i} on Query {{ ...F{i + 1} ... {{ ...F{i + 1} }} }}" for i in range(20)
    )
    unfolding += " fragment F20 on Query { viewer { key { id } } }"
    again = "{ " + "viewer { key { id } } " * 100 + "}"
    unused = "{ __typename } fragment F on Query " + again
    key = "fragment K on ApiKey { id name role access createdAt revokedAt expiresAt lastUsedAt __typename }"
    fields = "{ " + " ".join(f"v{i}: viewer {{ key {{ ...K }} }}" for i in range(46)) + " } " + key
    several = " ".join(f"query Q{i} {{ __typename }}" for i in range(21))
    variables = "query(" + " ".join(f"$v{i}: Int" for i in range(101)) + ") { __typename }"
    schemas = "{ " + " ".join(f"s{i}: __schema {{ types {{ name }} }}" for i in range(2)) + " }"
    chain = "{ __typename } " + " ".join(f"fragment C{i} on Query {{ ...C{i + 1} }}" for i in range(200))
    longer = chain + " " + " ".join(f"fragment D{i} on Query {{ ...C{i} }}" for i in range(100))
    longer = longer.replace("{ __typename }", "{ ...C0 }")
    refused = (deep, aliases, wide, usual, unfolding, again, unused, fields, several, variables)
    for text in (*refused, schemas, chain, longer, "{ a }" * 3000):
        (error, *more) = (await ours.graphql(text))["errors"]
        assert all(each["locations"] == error["locations"] for each in more)  # looking on would cost time
        words.append(error["message"])
    assert words == [
        "this operation's depth is 21, over the limit of 15; ask for less at once",
        "this operation's number of aliases is 70, over the limit of 60; ask for less at once",
        "this operation's complexity is 30200, over the limit of 20000; ask for less at once",
        "this operation's complexity is 23330, over the limit of 20000; ask for less at once",
        (
            "this operation's number of fragments and of fields selected again is 4007, over the limit of "
            "60; ask for less at once"
        ),
        (
            "this operation's number of fragments and of fields selected again is 99, over the limit of 60; "
            "ask for less at once"
        ),
        (
            "this fragment's number of fragments and of fields selected again is 99, over the limit of 60; "
            "ask for less at once"
        ),
        "this operation's number of fields is 506, over the limit of 500; ask for less at once",
        "this document's number of operations is 21, over the limit of 20; ask for less at once",
        "this operation's number of variables is 101, over the limit of 100; ask for less at once",
        "this operation's complexity is 30004, over the limit of 20000; ask for less at once",
        (
            "this fragment's number of fragments and of fields selected again is 62, over the limit of 60; "
            "ask for less at once"
        ),
        "this document's fragments are nested too deeply, or used too often; ask for less at once",
        "Syntax Error: Document contains more than 4000 tokens. Parsing aborted.",
    ]


@pytest.mark.parametrize("size", ["-1000000", "-" + "9" * 5000, "9" * 5000])
async def test_a_size_that_no_page_has_lets_nothing_else_through(ours: Door, size: str) -> None:
    odd = f"accounts(first: {size}) {{ nodes {{ id }} }}"
    (error, *_) = (await ours.graphql(f"{{ {odd} }}"))["errors"]
    assert "complexity" not in error["message"]
    wide = "{ phoneCalls(first: 100) { nodes { account { phoneCalls(first: 100) { nodes { id } } } } } }"
    for text in (wide, wide.replace("{", f"{{ odd: {odd} ", 1)):
        (error, *_) = (await ours.graphql(text))["errors"]
        assert error["extensions"] == {"code": "TOO_COMPLEX", "limit": 20000}, error


async def test_a_nested_list_shows_each_parent_its_own_rows(ours: Door, platform: Door, account: str) -> None:
    other = (await ours.do("createAccount", "account", name="Other"))["id"]
    calls = {}
    for owner in (account, other):
        given = {"accountId": owner, "to": "2442", "from": "2443", "direction": "INBOUND"}
        made = [(await platform.do("recordPhoneCall", "phoneCall", **given))["id"] for _ in range(3)]
        calls[owner] = made[::-1]
    inner = "phoneCalls(first: 2) { nodes { id account { id } } pageInfo { hasNextPage } }"
    text = f"{{ accounts {{ nodes {{ id {inner} }} }} }}"
    answer = await ours.graphql(text)
    assert "errors" not in answer, answer
    nodes = answer["data"]["accounts"]["nodes"]
    assert nodes == [
        {
            "id": owner,
            "phoneCalls": {
                "nodes": [{"id": call, "account": {"id": owner}} for call in calls[owner][:2]],
                "pageInfo": {"hasNextPage": True},
            },
        }
        for owner in (other, account)
    ]


class Counting:
    """The pool for reads, with a count of the statements that it was given."""

    def __init__(self, pool: Any) -> None:
        self.pool, self.statements = pool, 0

    async def fetch(self, *statement: Any) -> Any:
        self.statements += 1
        return await self.pool.fetch(*statement)


async def test_a_page_costs_a_fixed_number_of_statements_whatever_its_size(
    app: Starlette, ours: Door, platform: Door
) -> None:
    accounts = [(await ours.do("createAccount", "account", name=str(i)))["id"] for i in range(5)]
    for account in accounts:
        await new_call(platform, account)
    inner = "phoneCalls { nodes { id account { name } } pageInfo { hasNextPage } }"
    text = f"query($first: Int) {{ accounts(first: $first) {{ nodes {{ id {inner} }} }} }}"
    counts = []
    for first in (1, 5):
        context = await app.state.service.context_for(f"Bearer {ours.key}")
        counting = Counting(context.database.walled)
        context.database = replace(context.database, walled=counting)
        result = await schema.run(text, {"first": first}, context)
        assert result.data is not None
        assert [len(node["phoneCalls"]["nodes"]) for node in result.data["accounts"]["nodes"]] == [1] * first
        counts.append(counting.statements)
    assert counts == [2, 2]
