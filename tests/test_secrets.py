"""SECRET_KEY can be changed without an hour in which anything is unreadable."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
import pytest

from models.secrets import Cipher, WrongSecretKey
from tests.commands import SECRET_KEY, carrierql
from tests.conftest import Door
from tests.servers import TEMPLATE, fresh_database

NEW_KEY = "another secret key of the tests, 32 or more"
TEXTS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'public' AND data_type IN ('text', 'character varying')
  AND table_name <> 'alembic_version'
"""
TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with fresh_database(os.environ[TEMPLATE]) as found:
        yield found


@pytest.fixture
async def connection(url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


@pytest.fixture
async def served_database(database_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def encrypted(connection: Any) -> dict[tuple[str, str, str], str]:
    """Every text in the database that is encrypted, wherever it is."""
    found: dict[tuple[str, str, str], str] = {}
    for table, column in await connection.fetch(TEXTS):
        rows = await connection.fetch(
            f"SELECT coalesce(to_jsonb(stored) ->> 'id', to_jsonb(stored) ->> 'key'), \"{column}\" "
            f'FROM {table} AS stored WHERE "{column}" LIKE $1',
            "gAAAA%",
        )
        found |= {(table, column, row[0]): row[1] for row in rows}
    return found


async def fill(connection: Any, cipher: Cipher) -> None:
    """More accounts than fit in one batch, and endpoints with one and two secrets."""
    await connection.execute(
        "INSERT INTO carrier (id, created_at, updated_at, name, country_code, billing_currency) "
        "VALUES (gen_random_uuid(), now(), now(), 'Ours', 'KH', 'KHR')"
    )
    await connection.executemany(
        "INSERT INTO account (id, created_at, updated_at, carrier_id, name, type, status, billing_enabled, "
        "billing_mode, billing_currency, default_tts_voice, auth_token, auth_token_hash, metadata_) "
        "SELECT gen_random_uuid(), now(), now(), id, 'Rides', 'carrier_managed', 'enabled', false, "
        "'prepaid', 'KHR', 'Basic.Kal', $1, $2, '{}' FROM carrier",
        [(cipher.encrypt(f"token {number}"), str(number).encode()) for number in range(1001)],
    )
    await connection.executemany(
        "INSERT INTO webhook_endpoint (id, created_at, updated_at, carrier_id, url, enabled, concurrency, "
        "signing_secret, previous_signing_secret, previous_signing_secret_until, previous_signs_token, "
        "failures_in_a_row, hints_unanswered) "
        "SELECT gen_random_uuid(), now(), now(), id, 'https://example.com', true, 1, $1, $2, $3, "
        "false, 0, 0 FROM carrier",
        [
            (cipher.encrypt("first"), None, None),
            (cipher.encrypt("second"), cipher.encrypt("before"), await connection.fetchval("SELECT now()")),
        ],
    )


async def keep_answers(connection: Any, cipher: Cipher) -> None:
    """More answers of idempotency keys than fit in one batch, of several owners."""
    await connection.executemany(
        "INSERT INTO idempotency_key (owner, key, created_at, request, answer) "
        "VALUES ($1, $2, now(), '', $3)",
        [(uuid4(), f"key {number}", cipher.encrypt(f"answer {number}")) for number in range(501)],
    )


async def test_every_secret_is_encrypted_anew_and_stays_the_same(
    connection: Any, url: str, tmp_path: Path
) -> None:
    old, new = Cipher(SECRET_KEY), Cipher(NEW_KEY)
    await fill(connection, old)
    await keep_answers(connection, old)
    before = await encrypted(connection)
    assert len(before) == 1001 + 3 + 501
    environment = {"DATABASE_URL": url, "SECRET_KEY": NEW_KEY, "SECRET_KEY_PREVIOUS": SECRET_KEY}
    rotated = carrierql("secrets", "rotate", "--json", cwd=tmp_path, **environment)
    assert (rotated.returncode, orjson.loads(rotated.stdout)) == (0, {"rotated": len(before)})
    after = await encrypted(connection)
    assert {place: new.decrypt(text) for place, text in after.items()} == {
        place: old.decrypt(text) for place, text in before.items()
    }
    again = carrierql("secrets", "rotate", cwd=tmp_path, **environment)
    assert again.stdout == "0 secrets are encrypted anew\n"
    assert await encrypted(connection) == after


async def test_a_key_that_reads_nothing_is_said_in_one_line(
    connection: Any, url: str, tmp_path: Path
) -> None:
    await fill(connection, Cipher(SECRET_KEY))
    before = await encrypted(connection)
    refused = carrierql("secrets", "rotate", cwd=tmp_path, DATABASE_URL=url, SECRET_KEY=NEW_KEY)
    said = "carrierql: neither SECRET_KEY nor SECRET_KEY_PREVIOUS can read what this database holds\n"
    assert (refused.returncode, refused.stderr) == (1, said)
    assert await encrypted(connection) == before


def test_both_keys_are_read_while_one_is_changed() -> None:
    old, both, new = Cipher(SECRET_KEY), Cipher(NEW_KEY, SECRET_KEY), Cipher(NEW_KEY)
    assert both.decrypt(old.encrypt("secret")) == "secret"
    assert new.decrypt(both.encrypt("secret")) == "secret"
    assert both.renewed(new.encrypt("secret")) is None
    with pytest.raises(WrongSecretKey):
        new.decrypt(old.encrypt("secret"))


async def test_a_copy_of_the_database_holds_no_secret_that_works(
    ours: Door, platform: Door, served_database: Any
) -> None:
    attributes = {"data": {"type": "account", "attributes": {"name": "Rocket Rides"}}}
    account = (await ours.rest("POST", "accounts", attributes, Idempotency_Key="once")).json()["data"]
    made = await ours.payload(
        "createWebhookEndpoint", "webhookEndpoint", "{ id signingSecret }", url="http://127.0.0.1:9/"
    )
    endpoint = made["webhookEndpoint"]
    await ours.do("rotateWebhookSigningSecret", "webhookEndpoint", id=endpoint["id"])
    asked = "query($id: ID!) { webhookEndpoint(id: $id) { signingSecret } }"
    rotated = (await ours.graphql(asked, id=endpoint["id"]))["data"]["webhookEndpoint"]
    copy = ""
    for (table,) in await served_database.fetch(TABLES):
        copy += await served_database.fetchval(f"SELECT coalesce(string_agg(t::text, ''), '') FROM {table} t")
    assert account["id"] in copy
    secrets = [
        ours.key,
        platform.key,
        account["attributes"]["auth_token"],
        endpoint["signingSecret"],
        rotated["signingSecret"],
    ]
    assert [secret for secret in secrets if secret in copy or secret.encode().hex() in copy] == []
