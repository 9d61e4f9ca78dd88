"""Which database a command works on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from cli.data_directory import DataDirectory
from cli.errors import CommandError
from models.migrated import is_migrated
from models.secrets import Cipher
from settings import load_environment

CONNECT_SECONDS = 10


def database_url(data_dir: Path) -> str:
    """`DATABASE_URL`, or the database of the `up` that runs under `data_dir`."""
    url = load_environment().database_url or DataDirectory(data_dir).addresses().get("DATABASE_URL")
    if url is None:
        raise CommandError(f"DATABASE_URL is not set, and no carrierql up runs under {data_dir}")
    return url


def cipher(data_dir: Path) -> Cipher:
    """Of `SECRET_KEY`, or of the key that `up` made under `data_dir`."""
    environment = load_environment()
    key = environment.secret_key or DataDirectory(data_dir).existing_secret_key()
    if key is None:
        raise CommandError(f"SECRET_KEY is not set, and there is none under {data_dir}")
    return Cipher(key, environment.secret_key_previous)


def check_connection(url: str) -> None:
    """Say in one line why the database cannot be reached, before anything is begun."""
    asyncio.run(_connect(url))


@asynccontextmanager
async def migrated(url: str) -> AsyncIterator[Any]:
    """As `connected`, to a database as this version needs it. Raises CommandError where it is not."""
    async with connected(url) as connection:
        if not await is_migrated(connection.fetchrow):
            raise CommandError("the database is not migrated to this version; run carrierql migrate first")
        yield connection


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    """A connection for statements of a command's own. Raises CommandError where there is none."""
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise CommandError(f"the database cannot be reached: {str(error) or 'no answer'}") from None
    try:
        yield connection
    finally:
        await connection.close()


async def _connect(url: str) -> None:
    async with connected(url):
        pass
