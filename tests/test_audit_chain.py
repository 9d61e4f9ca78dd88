"""The chains of the audit: whoever changes, moves or takes out an entry is found out."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.commands import carrierql
from tests.conftest import Door, new_carrier
from tests.servers import TEMPLATE, fresh_database
from tests.test_backup import served
from workers import sealing

ABOVE_THE_RULES = "SET session_replication_role = replica"  # as a superuser may: no trigger sees what follows
OF_OURS = "(SELECT entry_id FROM audit_seal WHERE chain = $1 AND place = $2)"


class Site:
    """A service of its own, whose whole audit is known."""

    def __init__(self, url: str, door: Door, connection: Any, directory: Path) -> None:
        self.url, self.door, self.connection, self.directory = url, door, connection, directory

    def audit(self, *arguments: str) -> tuple[int, str]:
        """(exit code, the last line that it says) of `carrierql audit`."""
        done = carrierql("audit", *arguments, cwd=self.directory, DATABASE_URL=self.url)
        return done.returncode, (done.stdout + done.stderr).strip().splitlines()[-1]

    def chains(self) -> dict[str, Any]:
        """What `audit verify --json` says of each chain, by its name."""
        code, line = self.audit("verify", "--json")
        said = json.loads(line)
        assert (code, said["broken"]) == (0, None), line
        return {chain["chain"]: chain for chain in said["chains"]}

    @property
    def ours(self) -> str:
        return self.door.carrier_id

    async def seal(self) -> None:
        while await sealing.seal(self.connection):
            pass

    async def tamper(self, statement: str, *values: Any) -> None:
        await self.connection.execute(ABOVE_THE_RULES)
        await self.connection.execute(statement, *values)
        await self.connection.execute("SET session_replication_role = DEFAULT")


@pytest.fixture
async def site(broker_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """With a carrier of six entries: itself, its key and four accounts; all sealed."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(fresh_database(os.environ[TEMPLATE]))
        platform = await stack.enter_async_context(served(url, broker_url))
        connection = await asyncpg.connect(url)
        stack.push_async_callback(connection.close)
        door = await new_carrier(platform, "Ours")
        await new_carrier(platform, "Theirs")
        for name in "ABCD":
            await door.do("createAccount", "account", name=name)
        found = Site(url, door, connection, tmp_path)
        await found.seal()
        yield found


async def test_an_untouched_audit_fits_and_its_heads_are_told(site: Site) -> None:
    chains = site.chains()
    assert {name: (c["entries"], c["unsealed"]) for name, c in chains.items()} == {
        "platform": (1, 0),
        site.ours: (6, 0),
        next(name for name in chains if name not in ("platform", site.ours)): (2, 0),
    }
    code, line = site.audit("verify")
    assert (code, line) == (0, "3 chains, 9 entries: nothing was changed")
    assert site.audit("verify", "--carrier", site.ours) == (0, "1 chains, 6 entries: nothing was changed")


async def test_entries_wait_for_their_seal_and_the_head_goes_on(site: Site) -> None:
    before = site.chains()[site.ours]["head"]
    await site.door.do("createAccount", "account", name="E")
    assert site.chains()[site.ours] | {"head": ""} == {
        "chain": site.ours,
        "entries": 6,
        "head": "",
        "unsealed": 1,
    }
    await site.seal()
    assert site.chains()[site.ours]["entries"] == 7
    assert site.audit("verify", "--head", before)[0] == 0


@pytest.mark.parametrize(
    "changed",
    [
        """after = '{"name": "Z"}'""",
        "address = '203.0.113.1'",
        "created_at = created_at + interval '1 ms'",
        "key_name = NULL",
        "carrier_id = NULL",
    ],
)
async def test_a_changed_entry_is_found(site: Site, changed: str) -> None:
    wanted = await site.connection.fetchval(f"SELECT {OF_OURS}", site.ours, 3)
    await site.tamper(f"UPDATE audit_entry SET {changed} WHERE id = $1", wanted)
    code, line = site.audit("verify")
    place = f"place 3 of chain {site.ours}"
    assert (code, line) == (
        1,
        f"carrierql: entry {wanted} at {place} does not fit: it, its seal or its place was changed",
    )
    assert site.audit("verify", "--json") == (1, json.dumps({"broken": line.removeprefix("carrierql: ")}))


async def test_a_deleted_entry_is_found(site: Site) -> None:
    wanted = await site.connection.fetchval(f"SELECT {OF_OURS}", site.ours, 3)
    await site.tamper("DELETE FROM audit_entry WHERE id = $1", wanted)
    expected = f"carrierql: entry {wanted} at place 3 of chain {site.ours} is missing"
    assert site.audit("verify") == (1, expected)
    await site.tamper("DELETE FROM audit_seal WHERE entry_id = $1", wanted)
    expected = f"carrierql: place 3 of chain {site.ours} is missing; 4 comes next"
    assert site.audit("verify") == (1, expected)


async def test_swapped_entries_are_found(site: Site) -> None:
    await site.tamper("UPDATE audit_seal SET place = -place WHERE chain = $1 AND place IN (3, 4)", site.ours)
    await site.tamper("UPDATE audit_seal SET place = 7 + place WHERE chain = $1 AND place < 0", site.ours)
    code, line = site.audit("verify")
    assert (code, line.partition(" at ")[2]) == (
        1,
        f"place 3 of chain {site.ours} does not fit: it, its seal or its place was changed",
    )


async def test_a_chain_that_was_cut_is_found_by_the_head_that_it_had(site: Site) -> None:
    head = site.chains()[site.ours]["head"]
    last = await site.connection.fetchval(f"SELECT {OF_OURS}", site.ours, 6)
    await site.tamper("DELETE FROM audit_entry WHERE id = $1", last)
    await site.tamper("DELETE FROM audit_seal WHERE entry_id = $1", last)
    assert site.audit("verify")[0] == 0  # nothing within the database tells
    expected = f"carrierql: chain {site.ours} ends at place 5, before the given 6"
    assert site.audit("verify", "--head", head) == (1, expected)
    await site.door.do("createAccount", "account", name="In its place")
    await site.seal()
    assert site.audit("verify")[0] == 0
    expected = f"place 6 of chain {site.ours} has another hash than the head that was given"
    code, line = site.audit("verify", "--head", head, "--carrier", site.ours)
    assert (code, line) == (1, f"carrierql: {expected}: the chain was made anew")


async def test_an_entry_without_its_seal_and_a_seal_without_its_entry_are_found(site: Site) -> None:
    await site.door.do("createAccount", "account", name="E")
    waiting = await site.connection.fetchval("SELECT entry_id FROM audit_seal WHERE place IS NULL")
    expected = f"carrierql: entry {waiting} is not as it was written: the entry or its seal is missing"
    await site.tamper("DELETE FROM audit_entry WHERE id = $1", waiting)
    assert site.audit("verify") == (1, expected)
    await site.tamper("DELETE FROM audit_seal WHERE entry_id = $1", waiting)
    assert site.audit("verify")[0] == 0  # what is not sealed yet can be taken out unseen
    await site.door.do("createAccount", "account", name="F")
    waiting = await site.connection.fetchval("SELECT entry_id FROM audit_seal WHERE place IS NULL")
    await site.tamper("DELETE FROM audit_seal WHERE entry_id = $1", waiting)
    expected = f"carrierql: entry {waiting} is not as it was written: the entry or its seal is missing"
    assert site.audit("verify") == (1, expected)


async def test_what_is_no_head_is_wrong_usage(site: Site) -> None:
    assert site.audit("verify", "--head", "nonsense")[0] == 2
    assert site.audit("verify", "--head", "platform:1:00", "--carrier", site.ours)[0] == 2


async def test_the_export_holds_every_sealed_entry_in_order(site: Site) -> None:
    done = carrierql("audit", "export", "--carrier", site.ours, cwd=site.directory, DATABASE_URL=site.url)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["place"], row["action"]) for row in rows] == [
        (1, "createCarrier"),
        (2, "createApiKey"),
        *[(place, "createAccount") for place in (3, 4, 5, 6)],
    ]
    assert [row["after"]["name"] for row in rows[2:]] == list("ABCD")
    assert site.chains()[site.ours]["head"] == f"{site.ours}:6:{rows[-1]['hash']}"


async def test_writers_and_sealers_at_once_make_one_unbroken_chain(site: Site) -> None:
    connections = [await asyncpg.connect(site.url) for _ in range(3)]
    done = asyncio.Event()

    async def sealer(connection: Any) -> None:
        while not done.is_set():
            await sealing.seal(connection)
            await asyncio.sleep(0)

    async def writer(number: int) -> None:
        for index in range(25):
            await site.door.do("createAccount", "account", name=f"{number} {index}")

    sealers = [asyncio.create_task(sealer(connection)) for connection in connections]
    await asyncio.gather(*(writer(number) for number in range(8)))
    done.set()
    await asyncio.gather(*sealers)
    await site.seal()
    for connection in connections:
        await connection.close()
    assert site.chains()[site.ours] | {"head": ""} == {
        "chain": site.ours,
        "entries": 206,
        "head": "",
        "unsealed": 0,
    }


async def test_a_sealer_that_dies_on_its_way_leaves_nothing_behind(site: Site) -> None:
    await site.door.do("createAccount", "account", name="E")
    dying = await asyncpg.connect(site.url)
    transaction = dying.transaction()
    await transaction.start()
    assert await sealing.seal(dying) == 1  # within a transaction that is never committed
    assert await sealing.seal(site.connection) == 0  # it has the turn
    dying.terminate()
    await site.connection.execute("SELECT pg_advisory_lock($1), pg_advisory_unlock($1)", sealing.LOCK)
    assert await sealing.seal(site.connection) == 1
    assert site.chains()[site.ours]["entries"] == 7


async def test_what_commits_late_is_sealed_late(site: Site) -> None:
    late = await asyncpg.connect(site.url)
    transaction = late.transaction()
    await transaction.start()
    await late.execute(
        """WITH e AS (INSERT INTO audit_entry (id, created_at, carrier_id, actor, door, action, object_type,
                                               object_id)
           VALUES ('01900000-0000-7000-8000-000000000001', now(), $1, 'operator', 'command', 'late', 'x',
                   gen_random_uuid()) RETURNING id)
        INSERT INTO audit_seal (entry_id, chain) SELECT id, $1 FROM e""",
        site.ours,
    )
    await site.door.do("createAccount", "account", name="E")
    await site.seal()
    await transaction.commit()
    await late.close()
    await site.seal()
    last = await site.connection.fetchval(f"SELECT {OF_OURS}", site.ours, 8)
    assert str(last) == "01900000-0000-7000-8000-000000000001"
    assert site.chains()[site.ours]["entries"] == 8
