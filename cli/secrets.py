"""`carrierql secrets`: what is encrypted in the database."""

import asyncio
import json

import asyncpg
import typer

from cli.data_directory import DEFAULT
from cli.database import check_connection, cipher, database_url
from cli.errors import CommandError
from cli.options import AsJson, DataDir
from models.secrets import WrongSecretKey

app = typer.Typer(help="Keep what is encrypted in the database readable.", no_args_is_help=True)


@app.callback()
def secrets() -> None:
    """Keep what is encrypted in the database readable."""


@app.command()
def rotate(as_json: AsJson = False, data_dir: DataDir = DEFAULT) -> None:
    """Encrypt everything by SECRET_KEY that still is by SECRET_KEY_PREVIOUS."""
    from models import rotation  # noqa: PLC0415  the driver takes time to load

    url = database_url(data_dir)
    check_connection(url)

    async def within() -> int:
        connection = await asyncpg.connect(url)
        try:
            return await rotation.rotate(connection, cipher(data_dir))
        finally:
            await connection.close()

    try:
        count = asyncio.run(within())
    except WrongSecretKey:
        message = "neither SECRET_KEY nor SECRET_KEY_PREVIOUS can read what this database holds"
        raise CommandError(message) from None
    typer.echo(json.dumps({"rotated": count}) if as_json else f"{count} secrets are encrypted anew")
