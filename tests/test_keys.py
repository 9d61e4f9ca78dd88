"""Keys are remembered for a moment, and a revoked one stops at once all the same."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette

from app import create_app
from models import key_token
from models.database import Database
from models.secrets import fingerprint
from resolvers.budget import Guesses
from resolvers.context import operator
from resolvers.keys import Keys, Unauthorized
from schema.root import schema
from settings import Settings
from tests.conftest import ORIGIN, Door
from tests.serving import served

REVOKE = "mutation($i: RevokeApiKeyInput!) { revokeApiKey(input: $i) { apiKey { id } } }"


@pytest.fixture
async def second(database_url: str, broker_url: str) -> AsyncIterator[Starlette]:
    """Another process's application, as far as keys go."""
    settings = Settings.read(database_url=database_url, broker_url=broker_url, secret_key="k" * 32)
    application = create_app(settings)
    async with application.router.lifespan_context(application):
        await remembers(application)
        yield application


async def remembers(application: Starlette) -> None:
    keys: Keys = application.state.service.keys
    async with asyncio.timeout(30):
        while not keys.remembers:  # noqa: ASYNC110 - it has no event, and the test has an end
            await asyncio.sleep(0.01)


async def key_of(door: Door) -> str:
    key = (await door.graphql("{ viewer { key { id } } }"))["data"]["viewer"]["key"]
    return str(key["id"])


async def test_a_revoked_key_stops_at_once_where_it_was_revoked(
    app: Starlette, ours: Door, platform: Door
) -> None:
    await remembers(app)
    key = await key_of(ours)
    assert (await ours.rest("GET", "accounts")).status_code == 200
    await platform.graphql(REVOKE, i={"id": key})
    refused = await ours.rest("GET", "accounts")
    assert (refused.status_code, refused.json()["errors"][0]["detail"]) == (401, "this key was revoked")


async def test_a_revoked_key_stops_in_other_processes_when_they_hear_of_it(
    app: Starlette, second: Starlette, ours: Door
) -> None:
    key, bearer = await key_of(ours), {"Authorization": f"Bearer {ours.key}"}
    async with AsyncClient(transport=ASGITransport(app=second), base_url=ORIGIN) as client:
        assert (await client.get("/carrier/v1/accounts", headers=bearer)).status_code == 200
        service = app.state.service
        revoking = operator(service.database, service.cipher)  # as the command line does
        await schema.run(REVOKE, {"i": {"id": key}}, revoking)
        async with asyncio.timeout(30):
            while (await client.get("/carrier/v1/accounts", headers=bearer)).status_code != 401:  # noqa: ASYNC110
                await asyncio.sleep(0.001)


async def test_nothing_is_remembered_once_the_connection_that_listens_is_gone(
    second: Starlette, ours: Door
) -> None:
    service = second.state.service
    assert (await service.keys.viewer(f"Bearer {ours.key}")).carrier_id == UUID(ours.carrier_id)
    await service.database.reads.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE 'NOTIFY api_key_revoked%'"
    )
    async with asyncio.timeout(30):
        while service.keys.remembers:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert (await service.keys.viewer(f"Bearer {ours.key}")).carrier_id == UUID(ours.carrier_id)
    await remembers(second)  # it listens again


async def rotate(platform: Door, key: str, **more: int) -> str:
    text = "mutation($i: RotateApiKeyInput!) { rotateApiKey(input: $i) { token userErrors { message } } }"
    payload = (await platform.graphql(text, i={"id": key} | more))["data"]["rotateApiKey"]
    assert payload["userErrors"] == []
    return str(payload["token"])


async def test_rotation_with_overlap_fails_no_request_of_those_under_way(
    app: Starlette, second: Starlette, ours: Door, platform: Door
) -> None:
    """Each client learns of the new key late and by itself, in two processes; the old one ends after that."""
    keys, statuses = [ours.key], list[int]()

    async def client(application: Starlette, late: int) -> None:
        transport = ASGITransport(app=application)
        async with AsyncClient(transport=transport, base_url=ORIGIN) as http:
            remaining = late
            while remaining:
                key = keys[-1] if remaining == 1 else keys[0]
                bearer = {"Authorization": f"Bearer {key}"}
                statuses.append((await http.get("/carrier/v1/accounts", headers=bearer)).status_code)
                remaining -= 1 if len(keys) > 1 else 0

    async with asyncio.timeout(60), asyncio.TaskGroup() as clients:
        for number in range(8):
            clients.create_task(client((app, second)[number % 2], 5 + number))
        while len(statuses) < 100:  # noqa: ASYNC110 - they are under way
            await asyncio.sleep(0.001)
        old = await key_of(ours)
        keys.append(await rotate(platform, old, overlapSeconds=60))
    assert set(statuses) == {200}
    ends = "{ apiKeys { nodes { expiresAt } } }"
    new = Door(ours.http, keys[1])
    shown = (await new.graphql(ends))["data"]["apiKeys"]["nodes"]
    assert [key["expiresAt"] is None for key in shown] == [True, False]
    await platform.graphql(REVOKE, i={"id": old})
    assert (await new.rest("GET", "accounts")).status_code == 200
    assert (await ours.rest("GET", "accounts")).status_code == 401


async def test_without_overlap_the_old_key_stops_at_once_and_is_rotated_no_more(
    app: Starlette, ours: Door, platform: Door
) -> None:
    await remembers(app)
    key = await key_of(ours)
    await rotate(platform, key, overlapSeconds=0)
    refused = await ours.rest("GET", "accounts")
    assert (refused.status_code, refused.json()["errors"][0]["detail"]) == (401, "this key has expired")
    payload = await platform.payload("rotateApiKey", "apiKey", id=key)
    error = {"message": "this key works no more: create a new one", "field": ["id"], "code": "CONFLICT"}
    assert payload == {"apiKey": None, "userErrors": [error]}


@pytest.mark.parametrize("seconds", [-1, 604_801])
async def test_an_overlap_has_bounds(platform: Door, ours: Door, seconds: int) -> None:
    payload = await platform.payload("rotateApiKey", "apiKey", id=await key_of(ours), overlapSeconds=seconds)
    message = "overlapSeconds must be 0 to 604800"
    assert payload["userErrors"] == [{"message": message, "field": ["overlapSeconds"], "code": "INVALID"}]


async def bound_key(platform: Door, carrier: str, *networks: str) -> str:
    text = "mutation($i: CreateApiKeyInput!) { createApiKey(input: $i) { token } }"
    given = {"name": "bound", "role": "CARRIER", "carrierId": carrier, "allowedAddresses": list(networks)}
    answer = await platform.graphql(text, i=given)
    return str(answer["data"]["createApiKey"]["token"])


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("203.0.113.9", True),
        ("::ffff:203.0.113.9", True),
        ("2001:db8:1::5", True),
        ("203.0.114.9", False),
        ("2001:db8:2::5", False),
        ("testclient", False),
    ],
)
async def test_a_key_bound_to_addresses_works_from_those_alone(
    app: Starlette, ours: Door, platform: Door, address: str, allowed: bool
) -> None:
    key = await bound_key(platform, ours.carrier_id, "203.0.113.0/24", "2001:db8:1::/48")
    bearer = {"Authorization": f"Bearer {key}", "X-Forwarded-For": "203.0.113.9"}
    transport = ASGITransport(app=app, client=(address, 1))
    async with AsyncClient(transport=transport, base_url=ORIGIN) as http:
        for _ in range(2):  # looked up, and remembered
            rest = await http.get("/carrier/v1/accounts", headers=bearer)
            graphql = await http.post("/graphql", json={"query": "{ __typename }"}, headers=bearer)
            assert (rest.status_code, graphql.status_code) == ((200, 200) if allowed else (403, 403))
    if not allowed:
        message = f"this key may not be used from {address}"
        assert rest.json()["errors"][0]["detail"] == graphql.json()["errors"][0]["message"] == message


async def test_a_forwarded_address_counts_only_where_the_proxy_is_trusted(
    database_url: str, broker_url: str, ours: Door, platform: Door
) -> None:
    key = await bound_key(platform, ours.carrier_id, "203.0.113.9")
    bearer = {"Authorization": f"Bearer {key}", "X-Forwarded-For": "203.0.113.9"}
    statuses = []
    for trusted in ("127.0.0.1", "192.0.2.1"):
        with served(database_url, broker_url, FORWARDED_ALLOW_IPS=trusted) as server:
            async with AsyncClient() as http:
                answer = await http.get(f"{server.origin}/carrier/v1/accounts", headers=bearer)
                statuses.append(answer.status_code)
    assert statuses == [200, 403]


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ("10.0.0.5/24", "'10.0.0.5/24' has bits set beyond its prefix length; did you mean 10.0.0.0/24?"),
        ("office", "'office' is no IP address or network; "),
        ("fe80::1%eth0", "'fe80::1%eth0' has a zone, which holds on one machine alone; "),
        ("::ffff:10.0.0.0/104", "'::ffff:10.0.0.0/104' is an IPv4 network in IPv6's words; "),
    ],
)
async def test_a_network_that_is_none_is_refused(platform: Door, network: str, message: str) -> None:
    given = {"name": "bound", "role": "PLATFORM", "allowedAddresses": [network]}
    (error,) = (await platform.payload("createApiKey", "apiKey", **given))["userErrors"]
    assert (error["field"], error["code"]) == (["allowedAddresses"], "INVALID")
    assert error["message"].startswith(message)


@pytest.mark.parametrize("path", ["/graphql", "/carrier/v1/accounts"])
async def test_nothing_is_read_of_a_body_that_came_without_a_known_key(http: AsyncClient, path: str) -> None:
    read = False

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        read = True
        yield b"{"

    for authorization in ({}, {"Authorization": "Bearer nobodys"}):
        headers = {"Content-Type": "application/json", **authorization}
        refused = await http.post(path, content=body(), headers=headers)
        assert (refused.status_code, read) == (401, False)


async def test_a_mistyped_key_is_refused_without_the_database(app: Starlette, ours: Door) -> None:
    assert key_token.FORM.fullmatch(ours.key)
    mistyped = ours.key[:-1] + ("0" if ours.key[-1] != "0" else "1")
    async with Database.open("postgresql://nobody@127.0.0.1:1/nothing") as away:
        for token in (mistyped, ours.key[:-1], "carrierql_"):
            with pytest.raises(Unauthorized) as refused:
                await Keys(away, Guesses(0)).viewer(f"Bearer {token}")
            assert refused.value.description == "this key is mistyped or incomplete: its checksum is wrong"
            assert refused.value.status == 401
    assert (await ours.rest("GET", "accounts")).status_code == 200


async def test_a_key_of_the_documented_form_is_taken(app: Starlette, ours: Door) -> None:
    token = "0TQoSnb-3lB5VjNBSqWkSUg2lzXHmZuZ2_FklfTuD9k"
    await app.state.service.database.reads.fetchval(
        "UPDATE api_key SET token_hash = $1 WHERE carrier_id = $2 RETURNING 1",
        fingerprint(token),
        UUID(ours.carrier_id),
    )
    assert (await Door(ours.http, token).rest("GET", "accounts")).status_code == 200


async def test_the_use_of_a_key_is_noted(app: Starlette, ours: Door) -> None:
    await ours.rest("GET", "accounts")
    row = await app.state.service.database.reads.fetchrow(
        "SELECT last_used_at > now() - interval '1 minute' AS noted FROM api_key WHERE carrier_id = $1",
        UUID(ours.carrier_id),
    )
    assert row["noted"] is True
