"""`carrierql backup` and `carrierql restore`: the whole database as one file, by PostgreSQL's own tools.

What was on its way to a webhook endpoint when the backup was made has most likely arrived since, so a
restore holds it: an endpoint with open deliveries is paused for ever, until `carrierql webhooks resume`.
"""

import asyncio
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Annotated

import typer

from cli.data_directory import DEFAULT
from cli.database import connected, database_url
from cli.errors import CommandError
from cli.options import DataDir
from cli.postgres_tools import Tools

File = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.", dir_okay=False)]

TABLES = """
SELECT quote_ident(table_name) FROM information_schema.tables
WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
"""
CHUNK = 1024 * 1024
CLEAR = "DROP SCHEMA public CASCADE; CREATE SCHEMA public;\n"
# pg_restore 17 and newer sets this everywhere, older servers do not know it.
UNKNOWN_BEFORE_17 = b"SET transaction_timeout = 0;\n"
CHECK = """
DO $check$ BEGIN
    IF EXISTS (SELECT FROM public.alembic_version WHERE version_num <> ALL ('{{{known}}}'::text[])) THEN
        RAISE EXCEPTION 'the backup was made by a newer carrierql; restore it with that one';
    END IF;
END $check$;
"""
# `hinted_at` keeps since when: the scheduler hints at no endpoint that is paused. Transactions are numbered
# anew in another cluster, so the restored events become older than all that subscribers can be told next.
HOLD = """
SET search_path = public;
UPDATE public.webhook_delivery SET lease_token = NULL WHERE lease_token IS NOT NULL;
UPDATE public.webhook_endpoint e SET lease_token = NULL, lease_until = NULL, hints_unanswered = 0,
    hinted_at = CASE WHEN open THEN now() END, paused_until = CASE WHEN open THEN 'infinity' END::timestamptz
FROM (SELECT w.id, EXISTS (SELECT FROM public.webhook_delivery d
                           WHERE d.endpoint_id = w.id AND d.status IN ('pending', 'failed')) AS open
      FROM public.webhook_endpoint w) o
WHERE o.id = e.id;
DO $hold$ BEGIN
    IF EXISTS (SELECT FROM information_schema.columns
               WHERE table_schema = 'public' AND table_name = 'event' AND column_name = 'xid') THEN
        UPDATE public.event SET xid = '0' WHERE xid <> '0';
    END IF;
END $hold$;
"""
HELD = """
SELECT count(DISTINCT e.id), count(*) FROM webhook_endpoint e JOIN webhook_delivery d ON d.endpoint_id = e.id
WHERE e.paused_until = 'infinity' AND d.status IN ('pending', 'failed')
"""


def backup(file: File, data_dir: DataDir = DEFAULT) -> None:
    """Write the whole database to FILE, as it is at one moment; the service may go on."""
    if file.exists():
        raise CommandError(f"{file} is there already; choose another name")
    url = database_url(data_dir)
    tools = Tools.find(url)
    partial = file.with_name(f"{file.name}.partial")
    try:
        partial.touch(mode=0o600)
        tools.run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={partial}")
        partial.rename(file)
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)
    typer.echo(
        f"{file} holds the whole database ({file.stat().st_size:,} bytes).\n"
        "SECRET_KEY is not in it, and without it the signing secrets and account tokens cannot be read: "
        "keep it elsewhere."
    )


def restore(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The backup.", exists=True, dir_okay=False, readable=True)
    ],
    replace: Annotated[
        bool, typer.Option("--replace", help="Drop what the database holds, once the backup has been read.")
    ] = False,
    data_dir: DataDir = DEFAULT,
) -> None:
    """Bring back what FILE holds, all or nothing, into an empty database; no webhook is sent again."""
    from models.migrations import migrate  # noqa: PLC0415  Alembic takes time to load

    url = database_url(data_dir)
    has_tables, has_rows = asyncio.run(_occupied(url))
    if has_rows and not replace:
        raise CommandError("the database is not empty; name an empty one, or --replace what it holds")
    _load(Tools.find(url, newest=True), file, before=CLEAR if has_tables else "")
    migrate(url)
    typer.echo(f"{file} is restored. Its secrets need the SECRET_KEY of the service it was made of.")
    endpoints, deliveries = asyncio.run(_held(url))
    if deliveries:
        typer.echo(
            f"{deliveries} open deliveries of {endpoints} webhook endpoints are held, and what is new for "
            "these endpoints waits too: `carrierql webhooks resume` sends all of it, "
            "`carrierql webhooks resume --settle` only what is new."
        )


def _load(tools: Tools, file: Path, before: str) -> None:
    """Restore in one transaction: whatever fails leaves the database as it was."""
    with TemporaryFile() as reading, TemporaryFile() as writing:
        archive = [tools.path("pg_restore"), "--file=-", "--no-owner", "--no-privileges", str(file)]
        options = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--file=-"]
        reader = subprocess.Popen(archive, stdout=subprocess.PIPE, stderr=reading)  # noqa: S603  no shell
        writer = subprocess.Popen(  # noqa: S603  no shell
            [tools.path("psql"), *options, *tools.database],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=writing,
            env=tools.environment,
        )
        assert reader.stdout is not None
        assert writer.stdin is not None
        try:
            with writer.stdin as script:
                script.write(before.encode())
                for chunk in _script(reader.stdout, tools.server):
                    script.write(chunk)
                if reader.wait():
                    writer.kill()  # rolls back; the end of its input would be taken for the end of the work
                else:
                    script.write((_check() + HOLD).encode())
        except BrokenPipeError:  # psql has ended, and said why
            reader.kill()
        if writer.wait():
            raise CommandError(f"nothing is restored: {_reason(writing) or _reason(reading)}")


def _script(archive: IO[bytes], server: int) -> Iterator[bytes]:
    """What pg_restore writes, in a form that a server of this major version takes."""
    for line in archive:
        if line != UNKNOWN_BEFORE_17 or server >= 17:  # noqa: PLR2004  as it is called
            yield line
        if line == UNKNOWN_BEFORE_17:
            break
    while chunk := archive.read(CHUNK):
        yield chunk


def _check() -> str:
    from alembic.script import ScriptDirectory  # noqa: PLC0415  Alembic takes time to load

    from models.migrations import configuration  # noqa: PLC0415  the same

    known = ScriptDirectory.from_config(configuration("")).walk_revisions()
    return CHECK.format(known=",".join(revision.revision for revision in known))


def _reason(complaints: IO[bytes]) -> str:
    """PostgreSQL's first complaint, without the name of the program and the line."""
    complaints.seek(0)
    lines = complaints.read().decode(errors="replace").splitlines()
    wrong = [line for line in lines if "error:" in line.lower()]
    return (
        re.split(r"error:\s+", wrong[0], maxsplit=1, flags=re.IGNORECASE)[-1]
        if wrong
        else " ".join(lines[:1])
    )


async def _occupied(url: str) -> tuple[bool, bool]:
    """Whether the database has a table, and whether one of them has a row that is not the migrations'."""
    async with connected(url) as connection:
        tables = [row[0] for row in await connection.fetch(TABLES)]
        for table in set(tables) - {"alembic_version"}:
            if await connection.fetchval(f"SELECT EXISTS (SELECT FROM public.{table})"):  # noqa: S608  quoted
                return True, True
    return bool(tables), False


async def _held(url: str) -> tuple[int, int]:
    """How many endpoints a restore holds, and how many open deliveries of them."""
    async with connected(url) as connection:
        endpoints, deliveries = await connection.fetchrow(HELD)
    return endpoints, deliveries
