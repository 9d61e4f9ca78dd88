"""A database that is not as this version needs it is told so, before requests and commands fail on it."""

import asyncio
from pathlib import Path

import alembic.command
import asyncpg
import pytest
from alembic.script import ScriptDirectory

from models.migrated import REVISIONS
from models.migrations import configuration
from tests.commands import SECRET_KEY, carrierql
from tests.conftest import Door
from tests.servers import fresh_database

LIST = ["keys", "list"]
COMMANDS = [LIST, ["audit", "verify"], ["audit", "export"], ["webhooks", "resume"], ["secrets", "rotate"]]
TOLD = "carrierql: the database is not migrated to this version; run carrierql migrate first\n"
NEWER = "99991231_01"


def test_the_newest_revision_is_where_alembic_leads_to() -> None:
    assert ScriptDirectory.from_config(configuration("")).get_current_head() == REVISIONS[-1]


@pytest.mark.parametrize("revision", [None, REVISIONS[-2]], ids=["empty", "one behind"])
async def test_a_command_on_an_older_database_says_what_to_run(tmp_path: Path, revision: str | None) -> None:
    async with fresh_database() as url:
        if revision:
            await asyncio.to_thread(alembic.command.upgrade, configuration(url), revision)
        for command in COMMANDS:
            done = carrierql(*command, cwd=tmp_path, DATABASE_URL=url, SECRET_KEY=SECRET_KEY)
            assert (done.returncode, done.stdout, done.stderr) == (1, "", TOLD), command
        assert carrierql("migrate", cwd=tmp_path, DATABASE_URL=url).returncode == 0
        assert carrierql(*LIST, cwd=tmp_path, DATABASE_URL=url, SECRET_KEY=SECRET_KEY).returncode == 0


@pytest.mark.parametrize(
    ("revision", "status", "database"),
    [
        (REVISIONS[-2], 503, "not migrated: run carrierql migrate"),
        (None, 503, "not migrated: run carrierql migrate"),
        (NEWER, 200, "up"),
        (REVISIONS[-1], 200, "up"),
    ],
)
async def test_a_process_is_ready_for_its_own_or_a_newer_database(
    ours: Door, database_url: str, revision: str | None, status: int, database: str
) -> None:
    """A newer one: while processes are replaced, the former ones go on beside it."""
    connection = await asyncpg.connect(database_url)
    try:
        async with asyncio.timeout(30):
            await connection.execute("DELETE FROM alembic_version")
            if revision:
                await connection.execute("INSERT INTO alembic_version VALUES ($1)", revision)
            response = await ours.http.get("/health/ready")
    finally:
        await connection.execute("DELETE FROM alembic_version")
        await connection.execute("INSERT INTO alembic_version VALUES ($1)", REVISIONS[-1])
        await connection.close()
    assert (response.status_code, response.json()) == (status, {"database": database, "broker": "up"})
