"""The real PostgreSQL and broker behind every test, and one migrated database for each worker.

TEST_DATABASE_URL and TEST_BROKER_URL name servers that are there; otherwise both are started
once, in a temporary directory, by the process that begins the session. `conftest.py` imports the
hooks and fixtures; pytest-xdist's workers find the servers in the environment they inherit.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

from cli.embedded import Postgres, Valkey
from models.migrations import migrate

DATABASE, BROKER, TEMPLATE = "TEST_DATABASE_URL", "TEST_BROKER_URL", "TEST_TEMPLATE_DATABASE"
running = ExitStack()


def pytest_sessionstart(session: pytest.Session) -> None:
    if is_worker(session.config) or session.config.option.collectonly:
        return
    running.enter_context(servers())
    running.enter_context(template())


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not is_worker(session.config):
        running.close()


@pytest.fixture(scope="session")
async def database_url() -> AsyncIterator[str]:
    """A database of this worker's own, with the newest schema and no rows."""
    async with fresh_database(os.environ[TEMPLATE]) as url:
        yield url


@pytest.fixture(scope="session")
def broker_url(worker_id: str) -> str:
    """The broker; on Redis and Valkey each worker has a database number of its own."""
    url, number = os.environ[BROKER], worker_id.removeprefix("gw")
    if url.startswith("amqp"):
        return url
    return f"{url.partition('?')[0]}?db={0 if number == 'master' else number}"


def is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


@contextmanager
def servers() -> Iterator[None]:
    """Both servers, named in the environment; those that are not there yet are started."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="carrierql-")))
        directory.chmod(0o711)  # PostgreSQL's user has to pass when root runs the tests
        for variable, kind in ((DATABASE, Postgres), (BROKER, Valkey)):
            if variable in os.environ:
                continue
            server = kind(directory / kind.name, durable=False)
            server.start()
            stack.callback(server.stop)
            os.environ[variable] = server.url
            stack.callback(os.environ.pop, variable)
        yield


@contextmanager
def template() -> Iterator[None]:
    """The migrated database that every worker's is a copy of: a copy takes a tenth of the time."""
    name = f"carrierql_template_{uuid4().hex}"
    asyncio.run(execute(f'CREATE DATABASE "{name}"'))
    os.environ[TEMPLATE] = name
    try:
        migrate(url_of(name))
        yield
    finally:
        del os.environ[TEMPLATE]
        asyncio.run(execute(f'DROP DATABASE "{name}" WITH (FORCE)'))


@asynccontextmanager
async def fresh_database(source: str = "template0") -> AsyncIterator[str]:
    """A database copied from `source`, without a row or a table unless `source` has them."""
    name = f"carrierql_test_{uuid4().hex}"
    await execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
    try:
        yield url_of(name)
    finally:
        await execute(f'DROP DATABASE "{name}" WITH (FORCE)')


async def execute(statement: str) -> None:
    connection = await asyncpg.connect(os.environ[DATABASE])
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def url_of(database: str) -> str:
    return urlunsplit(urlsplit(os.environ[DATABASE])._replace(path=f"/{database}"))
