"""The rows that every service under comparison serves: one carrier, 2,000 accounts, 200,000 calls."""

from uuid import UUID

import asyncpg

from models.secrets import fingerprint

CARRIER = UUID("01900000-0000-7000-8000-000000000001")
KEY = "benchmarks-alone-know-this-key-0123456789ab"
ACCOUNTS, CALLS = 2_000, 200_000

FILL = f"""
INSERT INTO carrier (id, created_at, updated_at, name, country_code, billing_currency)
VALUES ('{CARRIER}', now(), now(), 'Bench', 'KH', 'KHR');
INSERT INTO api_key (id, created_at, updated_at, carrier_id, name, role, access, token_hash)
VALUES ('01900000-0000-7000-8000-000000000002', now(), now(), '{CARRIER}', 'bench', 'carrier', 'read',
        '\\x{fingerprint(KEY).hex()}');
INSERT INTO account (id, created_at, updated_at, carrier_id, name, type, status,
                     billing_enabled, billing_mode, billing_currency, default_tts_voice, metadata_)
SELECT ('01900000-0000-7000-8000-1' || lpad(to_hex(i), 11, '0'))::uuid, now(), now(), '{CARRIER}',
       'Account ' || i, 'customer_managed', 'enabled', false, 'prepaid', 'KHR', 'Basic.Kal', '{{}}'
FROM generate_series(1, {ACCOUNTS}) i;
INSERT INTO phone_call (id, created_at, updated_at, carrier_id, account_id, "to", from_, direction, status,
                        answered_at, duration, price, price_unit)
SELECT (lpad(to_hex(1700000000000 + i * 60000), 12, '0') || '70008000' || lpad(to_hex(i), 12, '0'))::uuid,
       to_timestamp(1700000000 + i * 60), to_timestamp(1700000000.123456 + i * 60), '{CARRIER}',
       ('01900000-0000-7000-8000-1' || lpad(to_hex(1 + i * 7919 % {ACCOUNTS}), 11, '0'))::uuid,
       '+8551233' || lpad((i % 10000)::text, 4, '0'), '2442',
       (ARRAY['inbound', 'outbound-api', 'outbound-dial'])[1 + i % 3],
       (ARRAY['completed', 'completed', 'completed', 'busy', 'no-answer'])[1 + i % 5],
       CASE WHEN i % 5 < 3 THEN to_timestamp(1700000010 + i * 60) END, i % 600,
       CASE WHEN i % 10 > 0 THEN -round((i % 997) / 100.0, 2) END, CASE WHEN i % 10 > 0 THEN 'KHR' END
FROM generate_series(1, {CALLS}::bigint) i;
"""


async def fill(url: str) -> list[str]:
    """Write the rows; ids of 999 calls, spread over all of them, to ask for and to page from."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(FILL, timeout=600)
        await connection.execute("VACUUM ANALYZE", timeout=600)
        step = CALLS // 1000
        found = await connection.fetch(
            "SELECT id::text FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM phone_call) AS t"
            " WHERE n > $1 AND n % $1 = 0",
            step,
        )
    finally:
        await connection.close()
    return [row["id"] for row in found]
