"""`carrierql webhooks`: see and forward events while developing, and let go on what a restore holds."""

import asyncio
from typing import Annotated

import typer

from cli.data_directory import DEFAULT
from cli.database import database_url, migrated
from cli.listen import listen
from cli.options import DataDir

SETTLE = """
UPDATE webhook_delivery d SET status = 'exhausted', next_attempt_at = NULL, updated_at = now()
FROM webhook_endpoint e
WHERE e.id = d.endpoint_id AND e.paused_until = 'infinity' AND d.created_at <= e.hinted_at
  AND d.status IN ('pending', 'failed')
"""
RESUME = "UPDATE webhook_endpoint SET paused_until = NULL, hinted_at = NULL WHERE paused_until = 'infinity'"

app = typer.Typer(help="See and forward events; resume webhooks after a restore.", no_args_is_help=True)
app.command()(listen)


@app.command()
def resume(
    settle: Annotated[
        bool,
        typer.Option("--settle", help="Do not send what was open in the backup; it becomes `exhausted`."),
    ] = False,
    data_dir: DataDir = DEFAULT,
) -> None:
    """Send the webhooks that a restore has held."""
    url = database_url(data_dir)
    endpoints, settled = asyncio.run(_resume(url, settle=settle))
    typer.echo(
        f"{endpoints} endpoints go on" + (f"; {settled} deliveries are settled unsent" if settle else "")
    )


async def _resume(url: str, *, settle: bool) -> tuple[int, int]:
    """How many endpoints go on, and how many deliveries were settled."""
    async with migrated(url) as connection, connection.transaction():
        settled = await connection.execute(SETTLE) if settle else "UPDATE 0"
        resumed = await connection.execute(RESUME)
    return int(resumed.rpartition(" ")[2]), int(settled.rpartition(" ")[2])
