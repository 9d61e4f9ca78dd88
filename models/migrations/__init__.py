"""Brings a database to the newest schema (Alembic)."""

import time
from pathlib import Path

import alembic.command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError

from models import wall

TRIES, PAUSE_SECONDS = 30, 1
LOCK_NOT_AVAILABLE = "55P03"


def migrate(url: str) -> None:
    """Apply every migration that the database at `url` lacks; safe to run twice and side by side.

    One whose tables are locked by others gives way to them and is tried again, for about a minute.
    """
    config = configuration(url)
    config.attributes["afterwards"] = wall.grants
    for left in reversed(range(TRIES)):
        try:
            alembic.command.upgrade(config, "head")
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", "") != LOCK_NOT_AVAILABLE or not left:
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return


def configuration(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["url"] = url
    return config
