"""Brings a database to the newest schema (Alembic)."""

from pathlib import Path

import alembic.command
from alembic.config import Config

from models import wall


def migrate(url: str) -> None:
    """Apply every migration that the database at `url` lacks; safe to run twice and side by side."""
    config = configuration(url)
    config.attributes["afterwards"] = wall.grants
    alembic.command.upgrade(config, "head")


def configuration(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["url"] = url
    return config
