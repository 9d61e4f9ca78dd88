"""PostgreSQL keeps carriers apart by itself, even where a statement forgets to."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import randrange
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from starlette.applications import Starlette

from models.reads import WalledReads
from models.tables import METADATA
from models.wall import PLATFORM, SETTING, TENANT, WALLED, WRITER, WRITTEN, grants
from resolvers import node, phone_number_stats, readers, statistics
from tests.commands import carrierql
from tests.conftest import Door, new_call, new_message
from tests.servers import fresh_database

MINE = {"apiKeys": 1, "carriers": 1, "auditEntries": 2}  # what comes with a carrier
WORKERS = {"webhook_tally"}  # no request reads it: the role of reads has no right to it at all
LISTS = (
    "accounts",
    "apiKeys",
    "auditEntries",
    "carriers",
    "events",
    "messages",
    "phoneCalls",
    "phoneNumbers",
    "ttsEvents",
    "webhookDeliveries",
)


@pytest.fixture
async def filled(platform: Door, theirs: Door, ours: Door) -> None:
    """One of everything, theirs."""
    account = str((await theirs.do("createAccount", "account", name="Theirs"))["id"])
    await theirs.do("createWebhookEndpoint", "webhookEndpoint", url="http://127.0.0.1:9/")
    call = await new_call(platform, account, status="COMPLETED")
    await new_message(platform, account)
    await theirs.do("createPhoneNumber", "phoneNumber", number="1294", type="SHORT_CODE")
    await platform.do("recordTtsEvent", "ttsEvent", phoneCallId=call, characters=1)


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every statement without its carrier condition; those of operations that were not run before."""
    for module in (readers, node, statistics):
        monkeypatch.setattr(module, "owned", lambda *_: [])
    monkeypatch.setattr(phone_number_stats, "_tenant", lambda *_: [])
    _forget_statements()
    yield
    _forget_statements()


def _forget_statements() -> None:
    for cached in (
        node._kind_statement,
        phone_number_stats._statement,
        statistics._extent,
        statistics._statement,
    ):
        cached.cache_clear()


@pytest.mark.usefixtures("filled", "forgetful")
@pytest.mark.parametrize("name", LISTS)
async def test_a_list_that_forgets_its_carrier_shows_no_other_carriers_rows(
    ours: Door, theirs: Door, platform: Door, name: str
) -> None:
    async def listed(door: Door) -> list[str]:
        text = f"{{ forgotten{uuid4().hex}: {name}(first: 100) {{ nodes {{ id }} }} }}"
        (found,) = (await door.graphql(text))["data"].values()
        return [row["id"] for row in found["nodes"]]

    mine, strangers, everybodys = await listed(ours), await listed(theirs), await listed(platform)
    assert strangers
    assert set(mine).isdisjoint(strangers)
    assert len(mine) == MINE.get(name, 0)
    assert set(strangers) <= set(everybodys)  # the condition is gone indeed: the wall alone decides


@pytest.mark.usefixtures("filled", "forgetful")
async def test_an_id_that_is_looked_up_without_its_carrier_is_not_found(ours: Door, theirs: Door) -> None:
    (call,) = (await theirs.graphql("{ phoneCalls { nodes { id } } }"))["data"]["phoneCalls"]["nodes"]
    for field in ("node", "phoneCall"):
        text = f'{{ unseen{uuid4().hex}: {field}(id: "{call["id"]}") {{ id }} }}'
        assert list((await ours.graphql(text))["data"].values()) == [None]
        assert list((await theirs.graphql(text))["data"].values()) == [call]


@pytest.mark.usefixtures("filled", "forgetful")
@pytest.mark.parametrize(
    "asked",
    [
        "phoneCallStats(interval: DAY) { nodes { count } }",
        "messageStats(interval: DAY) { nodes { count } }",
        "ttsStats(interval: DAY) { nodes { count } }",
        "phoneNumberStats(groupBy: TYPE) { nodes { value } }",
    ],
)
async def test_statistics_that_forget_their_carrier_count_no_other_carriers_rows(
    ours: Door, theirs: Door, asked: str
) -> None:
    text = f"{{ forgotten{uuid4().hex}: {asked} }}"
    assert [found["nodes"] for found in (await ours.graphql(text))["data"].values()] == [[]]
    (found,) = (await theirs.graphql(text))["data"].values()
    assert [set(node.values()) for node in found["nodes"]] == [{1}]


@asynccontextmanager
async def connected(url: str, role: str, **settings: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url, server_settings={"role": role, **settings})
    try:
        yield connection
    finally:
        await connection.close()


@pytest.mark.usefixtures("filled", "theirs")
@pytest.mark.parametrize("role", [TENANT, WRITER])
async def test_without_a_carrier_named_nothing_is_shown(database_url: str, role: str) -> None:
    async with connected(database_url, role) as connection:
        shown = {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in WALLED}
    assert shown == dict.fromkeys(WALLED, 0)


async def test_every_table_of_a_carrier_is_behind_the_wall() -> None:
    owned = {table.name for table in METADATA.tables.values() if "carrier_id" in table.c} - WORKERS
    assert owned | {"carrier"} == set(WALLED)


@pytest.mark.parametrize("table", METADATA.tables)
async def test_the_role_of_reads_may_not_write(database_url: str, table: str) -> None:
    async with connected(database_url, TENANT) as connection:
        for verb in ("DELETE FROM", "TRUNCATE"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"{verb} {table}")


async def test_each_statement_is_shown_its_own_carriers_rows_whoever_was_before(database_url: str) -> None:
    owners = [uuid4(), uuid4(), None]

    async def connect() -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(database_url, server_settings={"role": TENANT})

    reads = WalledReads(connect, 2, 30, 60)
    named = f"SELECT current_setting('{SETTING}')"

    async def ask(turn: int) -> tuple[Any, Any]:
        owner = owners[randrange(3)]
        if turn % 7 == 3:
            with pytest.raises(asyncpg.DivisionByZeroError):
                await reads.fetchval(owner, "SELECT 1 / $1::int", 0)
        elif turn % 7 == 5:
            with suppress(TimeoutError):
                async with asyncio.timeout(randrange(20) / 1000):
                    await reads.fetchval(owner, "SELECT pg_sleep(0.01)")
        return owner, await reads.fetchval(owner, named)

    try:
        found = await asyncio.gather(*[ask(turn) for turn in range(200)])
    finally:
        reads.close()
    assert len({owner for owner, _ in found}) == 3
    assert all(shown == (PLATFORM if owner is None else str(owner)) for owner, shown in found)


@pytest.mark.usefixtures("filled")
async def test_the_pool_knows_whom_postgresql_takes_each_connection_for(
    app: Starlette, ours: Door, theirs: Door
) -> None:
    """After every kind of statement, each of which names its connection itself when the carrier changes."""
    walled = app.state.service.database.walled
    asked = [f"{name}(last: 2) {{ nodes {{ id }} }}" for name in LISTS]
    asked += [f'{name}(before: "{uuid4()}") {{ nodes {{ id }} }}' for name in LISTS]
    asked += [
        f"{kind}Stats(interval: DAY) {{ nodes {{ count }} }}" for kind in ("phoneCall", "message", "tts")
    ]
    asked += ["phoneNumberStats(groupBy: TYPE) { nodes { value } }", f'node(id: "{uuid4()}") {{ id }}']
    for text in asked:
        for door in (ours, theirs):
            assert "errors" not in await door.graphql(f"{{ {text} }}")
            for connection, owner in walled._owners.items():
                named = await connection.fetchval(f"SELECT current_setting('{SETTING}')")
                assert named == str(owner or PLATFORM), text


@pytest.mark.usefixtures("filled")
async def test_nothing_of_another_carrier_is_written(database_url: str, ours: Door, theirs: Door) -> None:
    """As the role of writes, by statements that name no carrier."""
    async with connected(database_url, WRITER, **{SETTING: ours.carrier_id}) as connection:
        for table, verbs in WRITTEN.items():
            if "UPDATE" in verbs and table in WALLED:
                untouched = f"UPDATE {table} SET updated_at = now() WHERE {WALLED[table]} = $1"
                assert await connection.execute(untouched, UUID(theirs.carrier_id)) == "UPDATE 0", table
            if "DELETE" in verbs:
                assert await connection.execute(f"DELETE FROM {table}") == "DELETE 0", table
        tombstone = "INSERT INTO tombstone (id, carrier_id, deleted_at) VALUES ($1, $2, now())"
        assert await connection.execute(tombstone, uuid4(), UUID(ours.carrier_id)) == "INSERT 0 1"
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security policy"):
            await connection.execute(tombstone, uuid4(), UUID(theirs.carrier_id))


async def test_who_may_not_make_the_role_is_told_in_one_line(tmp_path: Path) -> None:
    async with fresh_database() as url:
        done = carrierql("migrate", cwd=tmp_path, DATABASE_URL=url)
        assert done.returncode == 0
        user = f"plain_{uuid4().hex}"
        connection: Any = await asyncpg.connect(url)
        try:
            await connection.execute(f"CREATE ROLE {user} LOGIN")
            await connection.execute(f"SET ROLE {user}")
            with pytest.raises(asyncpg.InsufficientPrivilegeError) as refused:
                await connection.execute(next(iter(grants())))
            message = f"GRANT {TENANT} TO {user}"
            assert message in json.dumps(str(refused.value))
        finally:
            await connection.execute("RESET ROLE")
            await connection.execute(f"DROP ROLE {user}")
            await connection.close()
