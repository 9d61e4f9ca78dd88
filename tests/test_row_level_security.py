"""PostgreSQL keeps carriers apart by itself, even where a statement forgets to."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from starlette.applications import Starlette

from models.tables import METADATA
from models.wall import SETTING, TENANT, WALLED, grants
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
    for cached in (phone_number_stats._compiled, statistics._extent, statistics._statement):
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


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("table", WALLED)
async def test_without_a_carrier_named_nothing_is_shown(app: Starlette, theirs: Door, table: str) -> None:
    reads = app.state.service.database.walled
    assert await reads.fetchval("SELECT current_user") == TENANT
    assert await reads.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert await reads.fetchval(f"SELECT current_setting('{SETTING}', true)") in (None, "")


async def test_every_table_of_a_carrier_is_behind_the_wall() -> None:
    owned = {table.name for table in METADATA.tables.values() if "carrier_id" in table.c} - WORKERS
    assert owned | {"carrier"} == set(WALLED)


@pytest.mark.parametrize("table", ["account", "carrier", "api_key", "event"])
async def test_the_role_of_reads_may_not_write(app: Starlette, table: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.state.service.database.walled.fetch(f"DELETE FROM {table}")


async def test_a_name_does_not_outlive_its_statement(app: Starlette, ours: Door, account: str) -> None:
    assert (await ours.rest("GET", f"accounts/{account}")).status_code == 200
    reads = app.state.service.database.walled
    assert (
        await reads.fetchval("SELECT count(*) FROM account WHERE carrier_id = $1", UUID(ours.carrier_id)) == 0
    )


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
