"""Encrypts everything stored anew when SECRET_KEY was changed; the service goes on meanwhile."""

from typing import Any

import asyncpg

from models.secrets import Cipher

AT_ONCE = 500
ID = (("id", "uuid"),)
COLUMNS = (
    ("account", ID, "auth_token"),
    ("webhook_endpoint", ID, "signing_secret"),
    ("webhook_endpoint", ID, "previous_signing_secret"),
    ("idempotency_key", (("owner", "uuid"), ("key", "text")), "answer"),
)
LOWEST = {"uuid": "00000000-0000-0000-0000-000000000000", "text": ""}


async def rotate(connection: "asyncpg.Connection[Any]", cipher: Cipher) -> int:
    """Encrypt by the present key what still is by the previous one; how many texts that were.

    May be stopped and run again. Raises WrongSecretKey at one that neither key can read.
    """
    return sum([await _rotate_column(connection, cipher, *column) for column in COLUMNS])


async def _rotate_column(
    connection: "asyncpg.Connection[Any]",
    cipher: Cipher,
    table: str,
    key: tuple[tuple[str, str], ...],
    column: str,
) -> int:
    names = ", ".join(name for name, _ in key)
    bounds = ", ".join(f"${number}::{type_}" for number, (_, type_) in enumerate(key, 1))
    arrays = ", ".join(f"${number}::{type_}[]" for number, (_, type_) in enumerate(key, 3))
    same = " AND ".join(f"{table}.{name} = new.{name}" for name, _ in key)
    # A text that its owner changes meanwhile is no longer the one that was read, and stays.
    read = f"""
        SELECT {names}, {column} FROM {table}
        WHERE {column} IS NOT NULL AND ({names}) > ({bounds}) ORDER BY {names} LIMIT {AT_ONCE}"""  # noqa: S608  names of ours
    write = f"""
        UPDATE {table} SET {column} = new.text
        FROM unnest($1::text[], $2::text[], {arrays}) AS new (old, text, {names})
        WHERE {same} AND {table}.{column} = new.old"""  # noqa: S608  names of ours
    last: tuple[Any, ...] = tuple(LOWEST[type_] for _, type_ in key)
    renewed = 0
    while rows := await connection.fetch(read, *last):
        last = tuple(rows[-1])[:-1]
        news = [(row[column], new, *tuple(row)[:-1]) for row in rows if (new := cipher.renewed(row[column]))]
        if news:
            renewed += int((await connection.execute(write, *map(list, zip(*news, strict=True)))).split()[-1])
    return renewed
