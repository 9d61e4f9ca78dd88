"""Counts of phone numbers are exact at every moment: whatever is written, folded, or killed half-way."""

import asyncio
import random
from collections.abc import AsyncIterator
from hashlib import sha256
from itertools import combinations
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from models.api_key import ApiKeyAccess, ApiKeyRole
from models.columns import born
from models.database import Database
from models.secrets import Cipher
from resolvers.context import Context, Home, Viewer
from resolvers.whole import ReadsWithin
from schema.root import schema
from tests.conftest import Door, new_carrier
from workers.folding import fold

GROUPS = ("COUNTRY", "REGION", "LOCALITY", "TYPE")
EVERY_GROUPING = [chosen for count in range(1, 5) for chosen in combinations(GROUPS, count)]
FILTERS: list[dict[str, Any]] = [
    {},
    {"available": True, "type": "LOCAL"},
    {"available": False},
    {"region": "aL", "country": "us"},
    {"locality": "MOBILE", "available": True},
]
QUERY = """query($by: [PhoneNumberGroup!]!, $filter: PhoneNumberFilter) {
  phoneNumberStats(groupBy: $by, filter: $filter, first: 100) {
    nodes { id country region locality type value } } }"""
# The same question to the rows themselves.
ORACLE = """
SELECT {shown}, count(*) AS value FROM phone_number
WHERE carrier_id = $1
  AND ($2::boolean IS NULL OR (account_id IS NULL AND visibility <> 'disabled') = $2)
  AND ($3::text IS NULL OR type = lower($3)) AND ($4::text IS NULL OR country = upper($4))
  AND ($5::text IS NULL OR lower(region) = lower($5)) AND ($6::text IS NULL OR lower(locality) = lower($6))
GROUP BY {keys}
"""
PLACES = [
    ("AL", "Mobile"),
    ("al", "MOBILE"),
    ("AL", None),
    (None, "AL"),  # whose id is that of the region
    (None, "Mobile"),
    (None, None),
    ("AK", "Sitka"),
]
INSERT = """
INSERT INTO phone_number (id, created_at, updated_at, carrier_id, number, type, visibility, country, region,
                          locality, price, currency, metadata_)
SELECT unnest($1::uuid[]), now(), now(), $2, unnest($3::text[]), $4, $5, $6, $7, $8, 0, 'USD', '{}'
"""


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Any]:
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()


class Stock:
    """A carrier's numbers, written to in every way that there is."""

    def __init__(self, url: str, carrier: str, account: str) -> None:
        self.url, self.carrier, self.account = url, UUID(carrier), UUID(account)

    async def insert(self, connection: Any, rand: random.Random, count: int, place: Any = None) -> None:
        ids = [born()["id"] for _ in range(count)]
        numbers = [f"+1{rand.randrange(10**9, 10**10)}{rand.randrange(10**4)}" for _ in range(count)]
        type_, visibility = rand.choice(("local", "mobile")), rand.choice(("public", "disabled"))
        where = place or rand.choice(PLACES)
        await connection.execute(
            INSERT, ids, self.carrier, numbers, type_, visibility, rand.choice(("US", "CA")), *where
        )

    async def change(self, connection: Any, rand: random.Random) -> None:
        """One statement: more numbers, fewer, others, moved, assigned or released."""
        some = "carrier_id = $1 AND id IN (SELECT id FROM phone_number WHERE carrier_id = $1 ORDER BY number"
        some += f" OFFSET {rand.randrange(30)} LIMIT {rand.randrange(1, 20)})"
        region, locality = rand.choice(PLACES)
        kind = rand.randrange(6)
        if kind < 2:
            await self.insert(connection, rand, rand.randrange(1, 30))
        elif kind == 2:
            await connection.execute(f"DELETE FROM phone_number WHERE {some}", self.carrier)
        elif kind == 3:
            moved = f"UPDATE phone_number SET region = $2, locality = $3 WHERE {some}"
            await connection.execute(moved, self.carrier, region, locality)
        else:
            assigned = f"UPDATE phone_number SET account_id = $2 WHERE {some}"
            await connection.execute(assigned, self.carrier, self.account if kind == 4 else None)

    async def compare(self, connection: Any, groupings: Any = EVERY_GROUPING, filters: Any = FILTERS) -> None:
        """What GraphQL answers and what the rows say, in one snapshot, are the same."""
        viewer = Viewer(None, ApiKeyRole.CARRIER, ApiKeyAccess.READ, Home(self.carrier, "US", "USD"))
        database = Database(None, ReadsWithin(connection, self.carrier), None)  # type: ignore[arg-type] # that alone is used
        async with connection.transaction(isolation="repeatable_read"):
            for by in groupings:
                for filter_ in filters:
                    context = Context(database, Cipher("k" * 32), viewer)
                    answer = await schema.run(QUERY, {"by": list(by), "filter": filter_}, context)
                    assert answer.data is not None, answer.errors
                    found = answer.data["phoneNumberStats"]["nodes"]
                    assert groups(found) == groups(await self.expected(connection, by, filter_)), (
                        by,
                        filter_,
                    )

    async def expected(self, connection: Any, by: Any, filter_: dict[str, Any]) -> list[dict[str, Any]]:
        names = [name.lower() for name in by]
        shown = ", ".join(f"min({name}) AS {name}" for name in names)
        keys = ", ".join(f"lower({name})" for name in names)
        values = [filter_.get(name) for name in ("available", "type", "country", "region", "locality")]
        rows = await connection.fetch(ORACLE.format(shown=shown, keys=keys), self.carrier, *values)
        blank = dict.fromkeys(name.lower() for name in GROUPS)
        found = []
        for row in rows:
            parts = [row[name].lower() for name in ("country", "region", "locality", "type") if row.get(name)]
            identifier = sha256(":".join(parts).encode()).hexdigest()
            type_ = {"type": row["type"].upper()} if "TYPE" in by else {}
            found.append({**blank, **dict(row), **type_, "id": identifier})
        return found


def groups(rows: list[dict[str, Any]]) -> list[Any]:
    names = [*[name.lower() for name in GROUPS], "value", "id"]
    return sorted(([row[name] for name in names] for row in rows), key=repr)


@pytest.fixture
async def stock(platform: Door, database_url: str) -> Stock:
    door = await new_carrier(platform, "Stock", "US", "USD")
    account = await door.do("createAccount", "account", name="Rocket Rides")
    return Stock(database_url, door.carrier_id, account["id"])


async def fold_all(connection: Any) -> None:
    while await fold(connection):
        pass


@pytest.mark.parametrize("seed", range(3))
async def test_counts_are_those_of_the_rows_after_any_writes_and_folds(
    stock: Stock, connection: Any, seed: int
) -> None:
    rand = random.Random(seed)
    for step in range(30):
        await stock.change(connection, rand)
        if rand.random() < 0.3:
            await fold(connection)
        if step % 10 == 9:
            await stock.compare(connection)


async def test_counts_are_exact_while_eight_write_and_two_fold(stock: Stock, connection: Any) -> None:
    writing = asyncio.Event()

    async def write(seed: int) -> None:
        rand = random.Random(seed)
        own = await asyncpg.connect(stock.url)
        for _ in range(25):
            await stock.insert(own, rand, 2, PLACES[0])
            async with own.transaction():
                await stock.insert(own, rand, rand.randrange(1, 5))
                await stock.insert(own, rand, 1, PLACES[1])
        await own.close()

    async def keep_folding() -> None:
        own = await asyncpg.connect(stock.url)
        while not writing.is_set():
            await fold(own)
        await own.close()

    async def keep_comparing() -> None:
        while not writing.is_set():
            await stock.compare(connection, EVERY_GROUPING[-2:], FILTERS[:2])

    async with asyncio.TaskGroup() as group:
        for work in (keep_folding(), keep_folding(), keep_comparing()):
            group.create_task(work)
        await asyncio.gather(*[write(seed) for seed in range(8)])
        writing.set()
    await fold_all(connection)
    await stock.compare(connection)


async def test_a_fold_that_is_killed_half_way_changes_nothing(stock: Stock, connection: Any) -> None:
    await stock.insert(connection, random.Random(1), 5)
    await fold_all(connection)
    await stock.insert(connection, random.Random(2), 7)
    unfolded = "SELECT sum(value) FROM phone_number_stock_change WHERE carrier_id = $1"
    killed = await asyncpg.connect(stock.url)
    transaction = killed.transaction()
    await transaction.start()
    assert await fold(killed) > 0
    await connection.execute("SELECT pg_terminate_backend($1)", killed.get_server_pid())
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)):
        await transaction.commit()
    assert await connection.fetchval(unfolded, stock.carrier) == 7
    await stock.compare(connection)
    await fold_all(connection)
    assert await connection.fetchval(unfolded, stock.carrier) is None
    await stock.compare(connection)


async def test_a_kind_of_which_none_is_left_vanishes(stock: Stock, connection: Any) -> None:
    await stock.insert(connection, random.Random(1), 5)
    await fold_all(connection)
    await connection.execute("DELETE FROM phone_number WHERE carrier_id = $1", stock.carrier)
    await stock.compare(connection)
    assert await stock.expected(connection, ("COUNTRY",), {}) == []
    await fold_all(connection)
    rows = "SELECT count(*) FROM phone_number_stock WHERE carrier_id = $1"
    assert await connection.fetchval(rows, stock.carrier) == 0


async def test_what_is_rolled_back_was_never_counted(stock: Stock, connection: Any) -> None:
    transaction = connection.transaction()
    await transaction.start()
    await stock.insert(connection, random.Random(1), 5)
    await transaction.rollback()
    await stock.compare(connection)


async def test_rows_that_are_copied_in_are_counted(stock: Stock, connection: Any) -> None:
    new = {"number": "+12055550121", "type": "local", "visibility": "public", "country": "US", "price": 0}
    row = born() | new | {"carrier_id": stock.carrier, "currency": "USD", "metadata_": "{}"}
    await connection.copy_records_to_table("phone_number", records=[(*row.values(),)], columns=[*row])
    await stock.compare(connection)


async def test_a_table_that_is_truncated_counts_nothing(stock: Stock, connection: Any) -> None:
    await stock.insert(connection, random.Random(1), 5)
    await fold_all(connection)
    await stock.insert(connection, random.Random(2), 5)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("TRUNCATE phone_number CASCADE")
    for table in ("phone_number_stock", "phone_number_stock_change"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0
    await transaction.rollback()
    await stock.compare(connection)


async def test_the_numbers_of_one_account_are_counted_by_themselves(
    stock: Stock, connection: Any, platform: Door
) -> None:
    await stock.insert(connection, random.Random(1), 5, PLACES[1])
    await connection.execute(
        "UPDATE phone_number SET account_id = $1 WHERE id IN"
        " (SELECT id FROM phone_number WHERE carrier_id = $2 LIMIT 2)",
        stock.account,
        stock.carrier,
    )
    text = """query($a: ID!) { phoneNumberStats(groupBy: [REGION], filter: {account: $a}) {
      nodes { region value } } }"""
    for account, found in ((str(stock.account), [{"region": "al", "value": 2}]), (str(uuid4()), [])):
        answer = await platform.graphql(text, a=account)
        assert answer["data"]["phoneNumberStats"]["nodes"] == found
