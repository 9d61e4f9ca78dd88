"""Keys are remembered for a moment, and a revoked one stops at once all the same."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette

from app import create_app
from resolvers.context import operator
from resolvers.keys import Keys
from schema.root import schema
from settings import Settings
from tests.conftest import ORIGIN, Door

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


async def test_the_use_of_a_key_is_noted(app: Starlette, ours: Door) -> None:
    await ours.rest("GET", "accounts")
    row = await app.state.service.database.reads.fetchrow(
        "SELECT last_used_at > now() - interval '1 minute' AS noted FROM api_key WHERE carrier_id = $1",
        UUID(ours.carrier_id),
    )
    assert row["noted"] is True
