"""One budget for each key: both doors count alike, and all processes together grant no more than there is."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
from httpx import ASGITransport, AsyncClient, Response
from starlette.applications import Starlette

from app import create_app
from settings import Settings
from tests.conftest import ORIGIN, Door
from tests.serving import served
from tests.test_keys import REVOKE, key_of, remembers
from tests.test_subscriptions import sent_events, socket, write
from workers import retention

LIMIT = 40
DELIVERIES = "deliveries(first: 100) { nodes { id } }"  # 200 objects, and the event
FOLLOW = f"subscription($after: ID) {{ events(after: $after) {{ id {DELIVERIES} }} }}"
PAGE = "{ phoneCalls(first: 100) { nodes { id account { id } } } }"  # 300 objects


@asynccontextmanager
async def another_process(
    database_url: str, broker_url: str, limit: int = LIMIT, **more: Any
) -> AsyncIterator[AsyncClient]:
    async with (
        another_application(database_url, broker_url, rate_limit=limit, **more) as application,
        client_at("192.0.2.1", application) as client,
    ):
        yield client


@asynccontextmanager
async def another_application(database_url: str, broker_url: str, **more: Any) -> AsyncIterator[Starlette]:
    known = {"database_url": database_url, "broker_url": broker_url, "secret_key": "k" * 32}
    application = create_app(Settings.read(**known, **more))
    async with application.router.lifespan_context(application):
        await remembers(application)
        yield application


def client_at(address: str, application: Starlette) -> AsyncClient:
    return AsyncClient(transport=ASGITransport(app=application, client=(address, 1)), base_url=ORIGIN)


@pytest.fixture
async def limited(database_url: str, broker_url: str) -> AsyncIterator[AsyncClient]:
    async with another_process(database_url, broker_url) as client:
        yield client


async def read_nothing(client: AsyncClient, door: Door) -> Response:
    return await client.get("/carrier/v1/accounts/none", headers={"Authorization": f"Bearer {door.key}"})


async def ask(client: AsyncClient, door: Door, query: str, **more: Any) -> Response:
    bearer = {"Authorization": f"Bearer {door.key}"}
    return await client.post("/graphql", json={"query": query, **more}, headers=bearer)


def remaining(response: Response) -> int:
    assert response.headers["ratelimit-policy"] == f'"default";q={LIMIT};w=60'
    found = re.fullmatch(r'"default";r=(\d+);t=(\d+)', response.headers["ratelimit"])
    assert found is not None
    assert 0 < int(found[2]) <= 60
    return int(found[1])


async def test_every_answer_of_both_doors_tells_what_is_left(limited: AsyncClient, ours: Door) -> None:
    bearer = {"Authorization": f"Bearer {ours.key}"}
    assert remaining(await read_nothing(limited, ours)) == LIMIT - 1
    assert remaining(await limited.get("/carrier/v1/accounts?sort=x", headers=bearer)) == LIMIT - 2
    assert remaining(await limited.post("/carrier/v1/accounts", content="{", headers=bearer)) == LIMIT - 3
    assert remaining(await ask(limited, ours, "{ viewer { key { id } } }")) == LIMIT - 4
    assert remaining(await ask(limited, ours, "{ nothing }")) == LIMIT - 5


async def test_a_document_costs_a_unit_and_one_more_for_each_hundred_objects(
    limited: AsyncClient, ours: Door
) -> None:
    answer = await ask(limited, ours, PAGE, extensions={"cost": True})
    assert remaining(answer) == LIMIT - 4
    cost = answer.json()["extensions"]["cost"]
    reset = cost.pop("resetSeconds")
    assert 0 < reset <= 60
    assert cost == {"requested": 4, "limit": LIMIT, "remaining": LIMIT - 4}
    assert "extensions" not in (await ask(limited, ours, PAGE)).json()


@pytest.mark.parametrize(("size", "cost"), [("-50", 1), ("-1000000", 4)])
async def test_no_document_gives_back_what_others_cost(
    limited: AsyncClient, ours: Door, size: str, cost: int
) -> None:
    answer = await ask(limited, ours, PAGE.replace("100", size))
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert remaining(answer) == LIMIT - cost


async def test_a_page_of_rest_costs_what_its_document_does(limited: AsyncClient, ours: Door) -> None:
    bearer = {"Authorization": f"Bearer {ours.key}"}
    assert remaining(await limited.get("/carrier/v1/phone_calls", headers=bearer)) == LIMIT - 5


async def test_a_spent_budget_is_429_at_both_doors(limited: AsyncClient, ours: Door, theirs: Door) -> None:
    for _ in range(LIMIT):
        assert (await read_nothing(limited, ours)).status_code == 404
    refused = await read_nothing(limited, ours)
    error = refused.json()["errors"][0]
    assert (refused.status_code, error["status"], error["code"]) == (429, "429", "rate_limited")
    wait = refused.headers["retry-after"]
    assert error["detail"] == f"the budget of {LIMIT} units a minute is spent; try again in {wait} s"
    assert remaining(refused) == 0
    refused = await ask(limited, ours, PAGE)
    assert (refused.status_code, remaining(refused)) == (429, 0)
    assert refused.json()["errors"][0]["extensions"] == {"code": "RATE_LIMITED"}
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert (await read_nothing(limited, theirs)).status_code == 404
    figures = (await limited.get("/metrics")).text
    assert 'carrierql_refused_total{reason="budget"}' in figures


async def test_a_document_that_costs_more_than_is_left_is_refused_and_a_small_one_is_not(
    limited: AsyncClient, ours: Door
) -> None:
    for _ in range(LIMIT - 3):
        await read_nothing(limited, ours)
    assert (await ask(limited, ours, PAGE)).status_code == 429
    assert (await read_nothing(limited, ours)).status_code == 404


async def test_processes_together_grant_the_whole_budget_and_no_more(
    database_url: str, broker_url: str, ours: Door
) -> None:
    limit = 500
    async with (
        another_process(database_url, broker_url, limit) as one,
        another_process(database_url, broker_url, limit) as two,
        another_process(database_url, broker_url, limit) as three,
    ):
        busy = [one] * 500 + [two] * 150 + [three] * 5
        statuses = await asyncio.gather(*[_status(client, ours) for client in busy])
        granted = statuses.count(404)
        assert granted <= limit
        # What a process leased and did not need is spent by whoever asks it.
        for client in (one, two, three):
            while (await read_nothing(client, ours)).status_code == 404:
                granted += 1
        assert granted == limit


async def _status(client: AsyncClient, door: Door) -> int:
    return (await read_nothing(client, door)).status_code


async def test_a_process_that_ends_gives_back_what_it_had_not_spent(
    database_url: str, broker_url: str, ours: Door
) -> None:
    async with another_process(database_url, broker_url, 5000) as ending:
        assert (await read_nothing(ending, ours)).status_code == 404
    async with another_process(database_url, broker_url, 5000) as other:
        assert '"default";r=4998;' in (await read_nothing(other, ours)).headers["ratelimit"]


async def test_refusals_wait_for_one_another(limited: AsyncClient, ours: Door) -> None:
    """A process answers fifty a second of them: of fifty at once the last one waits a second, or nearly."""
    for _ in range(LIMIT):
        await read_nothing(limited, ours)
    begun = monotonic()
    refused = await asyncio.gather(*[_status(limited, ours) for _ in range(50)])
    assert set(refused) == {429}
    assert monotonic() - begun > 0.2  # a lower bound: a slow machine only adds to it


async def test_a_subscription_is_charged_as_it_opens_over_either_transport(
    database_url: str, broker_url: str, ours: Door
) -> None:
    connection = await asyncpg.connect(database_url)
    seen, missed = await write(connection, ours, 2)
    await connection.close()
    with served(database_url, broker_url, RATE_LIMIT=str(LIMIT)) as server:
        async with AsyncClient(base_url=server.origin) as client:
            async with sent_events(server, ours, FOLLOW, after=seen) as events:
                event = (await anext(events))[1]["data"]["events"]
                assert event == {"id": missed, "deliveries": {"nodes": []}}
                assert remaining(await read_nothing(client, ours)) == LIMIT - 1 - 2 - 1
            async with socket(server, ours) as ws:
                await ws.subscribe(FOLLOW, after=seen)
                assert await ws.events(1) == [missed]
                # One more for the connection itself.
                assert remaining(await read_nothing(client, ours)) == LIMIT - 4 - 1 - 1 - 2 - 1


async def test_a_subscription_that_costs_more_than_is_left_is_refused(
    limited: AsyncClient, ours: Door
) -> None:
    for _ in range(LIMIT - 2):
        await read_nothing(limited, ours)
    headers = {"Authorization": f"Bearer {ours.key}", "Accept": "text/event-stream"}
    opened = await limited.post("/graphql", json={"query": FOLLOW}, headers=headers)
    name, data, *rest = opened.text.splitlines()
    (error,) = orjson.loads(data.removeprefix("data: "))["errors"]
    assert (name, error["extensions"]["code"]) == ("event: next", "RATE_LIMITED")
    assert rest == ["", "event: complete", "data:", ""]
    assert remaining(await read_nothing(limited, ours)) == 0
    assert (await limited.post("/graphql", json={"query": FOLLOW}, headers=headers)).status_code == 429


async def test_budgets_that_nobody_has_used_for_an_hour_are_deleted(
    limited: AsyncClient, ours: Door, theirs: Door, platform: Door, database_url: str
) -> None:
    for door in (ours, theirs):
        await read_nothing(limited, door)
    used, idle = [UUID(await key_of(door)) for door in (ours, theirs)]
    await platform.graphql(REVOKE, i={"id": str(idle)})
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
        old = "UPDATE rate_budget SET began_at = began_at - interval '61 minutes' WHERE key_id = $1"
        assert await pool.execute(old, idle) == "UPDATE 1"
        await retention.clean(pool)
        kept = "SELECT key_id FROM rate_budget WHERE key_id = ANY ($1)"
        assert [row["key_id"] for row in await pool.fetch(kept, [used, idle])] == [used]


async def test_no_limit_counts_nothing(database_url: str, broker_url: str, ours: Door) -> None:
    async with another_process(database_url, broker_url, 0) as free:
        answer = await ask(free, ours, PAGE, extensions={"cost": True})
        assert "ratelimit" not in answer.headers
        assert "extensions" not in answer.json()


async def test_an_address_with_too_many_wrong_keys_is_answered_for_known_keys_alone(
    database_url: str, broker_url: str, ours: Door, theirs: Door
) -> None:
    async with another_process(database_url, broker_url, wrong_key_limit=3) as client:
        assert (await read_nothing(client, ours)).status_code == 404
        wrong = {"Authorization": "Bearer wrong"}
        asked = [await client.get("/carrier/v1/accounts", headers=wrong) for _ in range(4)]
        assert [answer.status_code for answer in asked] == [401, 401, 401, 429]
        assert 0 < int(asked[3].headers["retry-after"]) <= 60
        refused = await ask(client, theirs, PAGE)
        assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (
            429,
            "RATE_LIMITED",
        )
        assert (await read_nothing(client, ours)).status_code == 404


async def test_wrong_keys_from_one_address_do_not_hold_up_another(
    database_url: str, broker_url: str, ours: Door
) -> None:
    async with another_application(database_url, broker_url, wrong_key_limit=2) as application:
        wrong = {"Authorization": "Bearer wrong"}
        expected = {
            "192.0.2.1": [401, 401, 429, 429],
            "192.0.2.2": [404, 404],  # has the right key, which this process has not seen before
            "2001:db8:1:1::1": [401, 401, 429],
            "2001:db8:1:1:ffff::2": [429],  # of the same /64, which one customer has as a whole
            "2001:db8:1:2::1": [401],
        }
        for address, statuses in expected.items():
            async with client_at(address, application) as client:
                for status in statuses:
                    if status == 404:
                        answer = await read_nothing(client, ours)
                    else:
                        answer = await client.post("/graphql", json={"query": PAGE}, headers=wrong)
                    assert answer.status_code == status, address
                    assert ("retry-after" in answer.headers) == (status == 429)
