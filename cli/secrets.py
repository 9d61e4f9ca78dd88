"""`carrierql secrets`: what is encrypted in the database."""

import asyncio
import json

import typer

from cli.data_directory import DEFAULT
from cli.database import cipher, database_url, migrated
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

    async def within() -> int:
        async with migrated(database_url(data_dir)) as connection:
            return await rotation.rotate(connection, cipher(data_dir))

    try:
        count = asyncio.run(within())
    except WrongSecretKey:
        message = "neither SECRET_KEY nor SECRET_KEY_PREVIOUS can read what this database holds"
        raise CommandError(message) from None
    typer.echo(json.dumps({"rotated": count}) if as_json else f"{count} secrets are encrypted anew")
