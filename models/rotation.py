"""Encrypts every stored secret anew when SECRET_KEY was changed; the service goes on meanwhile."""

from typing import Any

import asyncpg

from models.secrets import Cipher

AT_ONCE = 500
COLUMNS = (
    ("account", "auth_token"),
    ("webhook_endpoint", "signing_secret"),
    ("webhook_endpoint", "previous_signing_secret"),
)


async def rotate(connection: "asyncpg.Connection[Any]", cipher: Cipher) -> int:
    """Encrypt by the present key what still is by the previous one; how many secrets that were.

    May be stopped and run again. Raises WrongSecretKey at one that neither key can read.
    """
    return sum([await _rotate_column(connection, cipher, *column) for column in COLUMNS])


async def _rotate_column(
    connection: "asyncpg.Connection[Any]", cipher: Cipher, table: str, column: str
) -> int:
    # A secret that its owner changes meanwhile is no longer the one that was read, and stays.
    read = f"""
        SELECT id, {column} FROM {table}
        WHERE {column} IS NOT NULL AND id > $1 ORDER BY id LIMIT $2"""  # noqa: S608  names of ours
    write = f"""
        UPDATE {table} SET {column} = new.text
        FROM unnest($1::uuid[], $2::text[], $3::text[]) AS new (id, old, text)
        WHERE {table}.id = new.id AND {table}.{column} = new.old"""  # noqa: S608  names of ours
    last, renewed = "00000000-0000-0000-0000-000000000000", 0
    while rows := await connection.fetch(read, last, AT_ONCE):
        last = rows[-1]["id"]
        news = [(row["id"], row[column], new) for row in rows if (new := cipher.renewed(row[column]))]
        if news:
            renewed += int((await connection.execute(write, *map(list, zip(*news, strict=True)))).split()[-1])
    return renewed
