"""`carrierql migrate`: the database to its newest schema."""

from cli.data_directory import DEFAULT
from cli.database import check_connection, database_url
from cli.options import DataDir


def migrate(data_dir: DataDir = DEFAULT) -> None:
    """Bring the database to the newest schema; safe to run twice and side by side."""
    from models.migrations import migrate as apply  # noqa: PLC0415  Alembic takes time to load

    url = database_url(data_dir)
    check_connection(url)
    apply(url)
