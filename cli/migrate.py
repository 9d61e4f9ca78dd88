"""`carrierql migrate`: the database to its newest schema."""

from sqlalchemy.exc import ProgrammingError

from cli.data_directory import DEFAULT
from cli.database import check_connection, database_url
from cli.errors import CommandError
from cli.options import DataDir

INSUFFICIENT_PRIVILEGE = "42501"


def migrate(data_dir: DataDir = DEFAULT) -> None:
    """Bring the database to the newest schema; safe to run twice and side by side."""
    from models.migrations import migrate as apply  # noqa: PLC0415  Alembic takes time to load

    url = database_url(data_dir)
    check_connection(url)
    try:
        apply(url)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", "") != INSUFFICIENT_PRIVILEGE:
            raise
        raise CommandError(str(error.orig).partition(": ")[2].partition("\n")[0]) from None
