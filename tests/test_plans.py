"""What a read touches is its own, however many rows there are of others. PostgreSQL counts it."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from models.api_key import ApiKeyAccess, ApiKeyRole
from models.database import READ_SETTINGS, Database
from models.secrets import Cipher
from models.wall import SETTING, TENANT
from resolvers.context import Context, Home, Viewer
from resolvers.whole import ReadsWithin
from schema.root import schema
from tests.conftest import SECRET_KEY, new_call, new_carrier, new_message
from tests.servers import TEMPLATE, fresh_database
from tests.test_backup import served
from tests.test_row_level_security import LISTS

MANY, FEW = 50_000, 100
TABLES = ("audit_entry", "event", "message", "phone_call", "phone_number", "tts_event", "webhook_delivery")
# The newest row of a table many times over: with other ids, and numbers, which are unique.
MULTIPLY = f"""
INSERT INTO {{0}} SELECT (jsonb_populate_record(one, jsonb_build_object(
    'id', lpad(to_hex(1772323200000 + i * 1000), 12, '0') || '70008000' || lpad(to_hex(i), 12, '0'),
    'number', (1000000 + i)::text))).*
FROM (SELECT one FROM {{0}} one WHERE carrier_id = $1 ORDER BY id DESC LIMIT 1) newest,
     generate_series(1, {MANY}) i
"""
# Entries of indexes, and rows of tables that were read from one end to the other; of this transaction.
TOUCHED = """
SELECT sum(pg_stat_get_xact_tuples_returned(oid))::int FROM pg_class
WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace
"""
DATES = 'fromDate: "2026-01-01T00:00:00Z", toDate: "2026-12-31T00:00:00Z"'
OF_A_SMALL_CARRIER = [
    *[f"{name}(first: 20) {{ nodes {{ id }} }}" for name in LISTS],
    *[f"{name}(last: 20) {{ nodes {{ id }} }}" for name in LISTS],
    *[
        f"{name}(interval: DAY) {{ nodes {{ count }} }}"
        for name in ("phoneCallStats", "messageStats", "ttsStats")
    ],
    f"phoneCalls(filter: {{{DATES}}}) {{ nodes {{ id }} }}",
    "phoneCalls(filter: {status: RINGING}) { nodes { id } }",
    'events(filter: {type: "message.sent"}) { nodes { id } }',
    'auditEntries(filter: {action: "createAccount"}) { nodes { id } }',
]
COMMON = [
    f"{name}(first: 20{filters}) {{ nodes {{ id account {{ name }} }} }}"
    for name in ("phoneCalls", "messages")
    for filters in (
        "",
        f", filter: {{{DATES}}}",
        ", filter: {account: $common}",
        ", filter: {direction: OUTBOUND_API}",
        f", filter: {{account: $common, direction: OUTBOUND_API, {DATES}}}",
    )
]
RARE = [
    f"{name}(filter: {{{filters}}}) {{ nodes {{ id }} }}"
    for name, status in (("phoneCalls", "RINGING"), ("messages", "SENDING"))
    for filters in (
        "account: $rare",
        f"account: $rare, {DATES}",
        f"account: $rare, status: {status}",
        f"status: {status}",
        f"status: {status}, direction: INBOUND",
    )
] + [
    "phoneNumbers(filter: {account: $rare}) { nodes { id } }",
    "ttsEvents(filter: {account: $rare}) { nodes { id } }",
    "accounts { nodes { phoneCalls(first: 2) { nodes { id } } } }",
    "phoneCallStats(interval: DAY, filter: {account: $rare}) { nodes { count } }",
    "messageStats(interval: DAY, filter: {account: $rare}) { nodes { count } }",
    "ttsStats(interval: DAY, filter: {account: $rare}) { nodes { count } }",
    "webhookDeliveries(filter: {status: FAILED}) { nodes { id } }",
    'events(filter: {type: "message.sent"}) { nodes { id } }',
    'auditEntries(filter: {action: "deleteAccount"}) { nodes { id } }',
]


@dataclass
class Site:
    """A carrier of many rows, all of its account `common`, none of `rare`; and a small carrier."""

    connection: Any
    big: UUID
    small: UUID
    accounts: dict[str, str]

    async def touched(self, carrier: UUID, text: str) -> int:
        viewer = Viewer(None, ApiKeyRole.CARRIER, ApiKeyAccess.READ, Home(carrier, "KH", "KHR"))
        database = Database(None, ReadsWithin(self.connection, carrier), None)  # type: ignore[arg-type] # that alone
        for name, account in self.accounts.items():
            text = text.replace(f"${name}", f'"{account}"')
        async with self.connection.transaction():
            await self.connection.execute(f"SET LOCAL {SETTING} = '{carrier}'")
            before: int = await self.connection.fetchval(TOUCHED)
            result = await schema.run(f"{{ {text} }}", None, Context(database, Cipher(SECRET_KEY), viewer))
            after: int = await self.connection.fetchval(TOUCHED)
        assert not result.errors, result.errors
        return after - before


@pytest.fixture
async def site(broker_url: str) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(fresh_database(os.environ[TEMPLATE]))
        async with served(url, broker_url) as platform:
            small, big = await new_carrier(platform, "Small"), await new_carrier(platform, "Big")
            accounts = {
                name: str((await big.do("createAccount", "account", name=name))["id"])
                for name in ("common", "rare")
            }
            await big.do("createWebhookEndpoint", "webhookEndpoint", url="http://127.0.0.1:9/")
            call = await new_call(platform, accounts["common"], status="COMPLETED")
            await new_message(platform, accounts["common"])
            await big.do("createPhoneNumber", "phoneNumber", number="1294", type="SHORT_CODE")
            await platform.do("recordTtsEvent", "ttsEvent", phoneCallId=call, characters=1)
        owner = await asyncpg.connect(url)
        for table in TABLES:
            assert await owner.execute(MULTIPLY.format(table), UUID(big.carrier_id)) == f"INSERT 0 {MANY}"
        await owner.execute("ANALYZE")
        await owner.close()
        connection = await asyncpg.connect(url, server_settings=READ_SETTINGS | {"role": TENANT})
        stack.push_async_callback(connection.close)
        yield Site(connection, UUID(big.carrier_id), UUID(small.carrier_id), accounts)


async def test_a_read_touches_few_rows_of_others(site: Site) -> None:
    touched = {f"small: {text}": await site.touched(site.small, text) for text in OF_A_SMALL_CARRIER}
    touched |= {f"big: {text}": await site.touched(site.big, text) for text in COMMON + RARE}
    assert {text: count for text, count in touched.items() if count > FEW} == {}
