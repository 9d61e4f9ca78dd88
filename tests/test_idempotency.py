"""Idempotency-Key: a write is done once, whatever becomes of its answers (docs/decisions/0006)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from httpx import Response

from models import ids
from tests.conftest import Door, new_key
from workers import retention

CREATE = (
    "mutation($i: CreateAccountInput!) { createAccount(input: $i) { account { id } userErrors { code } } }"
)


def account_named(name: Any) -> dict[str, Any]:
    return {"data": {"type": "account", "attributes": {"name": name, "metadata": {"a": {"b": 1.5}}}}}


async def create(door: Door, key: str, name: Any = "Bob Cats") -> Response:
    return await door.rest("POST", "accounts", account_named(name), Idempotency_Key=key)


async def mutate(door: Door, key: str, name: str = "Bob Cats") -> Response:
    body = {"query": CREATE, "variables": {"i": {"name": name}}}
    headers = {"Authorization": f"Bearer {door.key}", "Idempotency-Key": key}
    return await door.http.post("/graphql", json=body, headers=headers)


async def names(door: Door) -> list[str]:
    rows = (await door.rest("GET", "accounts")).json()["data"]
    return [row["attributes"]["name"] for row in rows]


def same(one: Response, other: Response) -> bool:
    own = {"x-request-id": "", "ratelimit": ""}  # of each request
    parts = [(r.status_code, r.content, dict(r.headers) | own) for r in (one, other)]
    return parts[0] == parts[1]


def codes(response: Response) -> tuple[int, Any]:
    return response.status_code, response.json()["errors"][0].get("source")


@pytest.fixture
def key() -> str:
    return str(uuid4())


HEADER = {"header": "Idempotency-Key"}


async def test_fifty_at_once_have_one_effect_and_one_answer(ours: Door, key: str) -> None:
    answers = await asyncio.gather(*(create(ours, key) for _ in range(50)))
    done = [answer for answer in answers if answer.status_code == 201]
    assert {answer.content for answer in done} == {done[0].content}
    others = [codes(answer) for answer in answers if answer not in done]
    assert others == [(409, HEADER)] * len(others)
    assert await names(ours) == ["Bob Cats"]
    assert same(await create(ours, key), done[0])


async def test_a_retry_gets_the_same_answer_and_it_is_what_a_read_shows(ours: Door, key: str) -> None:
    first = await create(ours, key)
    assert first.status_code == 201
    assert same(await create(ours, key), first)
    assert first.headers["Location"].endswith(f"/carrier/v1/accounts/{first.json()['data']['id']}")
    read = await ours.rest("GET", f"accounts/{first.json()['data']['id']}")
    assert read.content == first.content


async def test_updates_and_deletes_are_repeated_too(ours: Door, account: str) -> None:
    change = {"data": {"type": "account", "id": account, "attributes": {"name": "New"}}}
    first = await ours.rest("PATCH", f"accounts/{account}", change, Idempotency_Key="patch")
    assert same(await ours.rest("PATCH", f"accounts/{account}", change, Idempotency_Key="patch"), first)
    gone = await ours.rest("DELETE", f"accounts/{account}", Idempotency_Key="delete")
    assert gone.status_code == 204
    assert same(await ours.rest("DELETE", f"accounts/{account}", Idempotency_Key="delete"), gone)
    assert (await ours.rest("DELETE", f"accounts/{account}")).status_code == 404


async def test_another_request_with_the_same_key_is_refused(ours: Door, account: str, key: str) -> None:
    await create(ours, key)
    others = [
        await create(ours, key, "Other"),
        await ours.rest("DELETE", f"accounts/{account}", Idempotency_Key=key),
        await ours.rest("POST", "accounts?include=", account_named("Bob Cats"), Idempotency_Key=key),
    ]
    assert [codes(other) for other in others] == [(422, HEADER)] * 3
    assert (await mutate(ours, key)).status_code == 422
    assert sorted(await names(ours)) == ["Bob Cats", "Rocket Rides"]


@pytest.mark.parametrize("bad", ["", "k" * 256, "caf\u00e9".encode("latin-1")])
async def test_a_key_out_of_bounds_is_refused(ours: Door, bad: Any) -> None:
    response = await create(ours, bad)
    assert codes(response) == (400, HEADER)
    assert (await mutate(ours, bad)).status_code == 400
    assert await names(ours) == []


async def test_errors_are_answers_too(ours: Door, key: str) -> None:
    first = await create(ours, key, 5)
    assert first.status_code == 422
    assert same(await create(ours, key, 5), first)


async def test_carriers_do_not_share_keys(ours: Door, theirs: Door, key: str) -> None:
    answers = [await create(door, key) for door in (ours, theirs)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["data"]["id"] != answers[1].json()["data"]["id"]


async def test_what_is_refused_to_a_read_key_is_not_kept(platform: Door, ours: Door, key: str) -> None:
    reader = await new_key(platform, ours.carrier_id, "READ")
    assert (await create(reader, key)).status_code == 403
    assert (await create(ours, key)).status_code == 201
    assert (await create(reader, key)).status_code == 403


async def test_a_mutation_is_done_once(ours: Door, key: str) -> None:
    first = await mutate(ours, key)
    assert first.json()["data"]["createAccount"]["userErrors"] == []
    assert same(await mutate(ours, key), first)
    assert (await mutate(ours, key, "Other")).status_code == 422
    assert await names(ours) == ["Bob Cats"]


Waiter = Callable[[asyncio.Task[Response]], Awaitable[int]]
RENAME = """mutation($i: UpdateAccountInput!) {
  updateAccount(input: $i) { account { id } userErrors { code } } }"""


async def write(door: Door, account: str, way: str, key: str) -> Response:
    path, change = f"accounts/{account}", {"type": "account", "id": account, "attributes": {"name": "New"}}
    if way == "mutation":
        body = {"query": RENAME, "variables": {"i": {"id": account, "name": "New"}}}
        headers = {"Authorization": f"Bearer {door.key}", "Idempotency-Key": key}
        return await door.http.post("/graphql", json=body, headers=headers)
    if way == "DELETE":
        return await door.rest("DELETE", path, Idempotency_Key=key)
    match = {"If_Match": "*"} if way == "If-Match" else {}
    return await door.rest("PATCH", path, {"data": change}, Idempotency_Key=key, **match)


@asynccontextmanager
async def held(database_url: str, account: str) -> AsyncIterator[tuple[Any, Waiter]]:
    """A connection that holds the account's row, and what waits for the pid of whoever waits for it."""
    connection = await asyncpg.connect(database_url)
    waiting = """SELECT pid FROM pg_stat_activity
                 WHERE $1 = ANY (pg_blocking_pids(pid)) AND datname = current_database()"""

    async def waiter(writing: asyncio.Task[Response]) -> int:
        while not (pid := await connection.fetchval(waiting, connection.get_server_pid())):
            assert not writing.done(), writing.result().text
            await connection.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees one state
            await asyncio.sleep(0.01)
        return int(pid)

    try:
        async with connection.transaction():
            await connection.execute("SELECT FROM account WHERE id = $1 FOR UPDATE", account)
            yield connection, waiter
    finally:
        await connection.close()


async def test_one_in_progress_is_told_so(ours: Door, account: str, key: str, database_url: str) -> None:
    async with held(database_url, account) as (_, waiter):
        first = asyncio.create_task(write(ours, account, "PATCH", key))
        await waiter(first)
        second = await write(ours, account, "PATCH", key)
        assert (codes(second), second.headers["Retry-After"]) == ((409, HEADER), "1")
    assert (await first).status_code == 200


@pytest.mark.parametrize("way", ["PATCH", "If-Match", "DELETE", "mutation"])
async def test_a_write_whose_connection_is_cut_leaves_nothing_and_may_be_sent_again(
    ours: Door, account: str, key: str, database_url: str, way: str
) -> None:
    async with held(database_url, account) as (connection, waiter):
        first = asyncio.create_task(write(ours, account, way, key))
        await connection.execute("SELECT pg_terminate_backend($1)", await waiter(first))
        cut = await first
    assert cut.status_code == (200 if way == "mutation" else 503), cut.text
    if way == "mutation":
        assert cut.json()["errors"][0]["extensions"] == {"code": "UNAVAILABLE"}
    else:
        assert cut.headers["Retry-After"] == "1"
    assert await names(ours) == ["Rocket Rides"]
    assert (await write(ours, account, way, key)).status_code == (204 if way == "DELETE" else 200)
    assert await names(ours) == ([] if way == "DELETE" else ["New"])


async def test_an_answer_is_kept_for_a_day_and_unreadable_at_rest(
    ours: Door, key: str, database_url: str
) -> None:
    token = (await create(ours, key)).json()["data"]["attributes"]["auth_token"]
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
        kept = "SELECT answer FROM idempotency_key WHERE key = $1"
        assert token not in await pool.fetchval(kept, key)
        await retention.clean(pool)
        assert await pool.fetchval(kept, key)
        old = ids.now() - timedelta(hours=25)
        await pool.execute("UPDATE idempotency_key SET created_at = $2 WHERE key = $1", key, old)
        assert (await create(ours, key, "Other")).status_code == 201  # over, though it is still there
        await pool.execute("UPDATE idempotency_key SET created_at = $2 WHERE key = $1", key, old)
        await retention.clean(pool)
        assert await pool.fetchval(kept, key) is None
