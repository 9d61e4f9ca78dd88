"""A temporary PostgreSQL with the newest schema, and a carrier to ask in the name of."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.rows import CARRIER
from cli.embedded import Postgres
from models.api_key import ApiKeyAccess, ApiKeyRole
from models.database import Database
from models.migrations import migrate
from models.secrets import Cipher
from resolvers.context import Context, Home, Viewer

__all__ = ["ADD_CARRIER", "CARRIER", "CIPHER", "reading", "temporary_database"]
ADD_CARRIER = f"INSERT INTO carrier VALUES ('{CARRIER}', now(), now(), 'Bench', 'KH', 'KHR')"

CIPHER = Cipher("k" * 32)  # made once: deriving its key costs more than most of what is measured


@contextmanager
def temporary_database(migrate: Callable[[str], None] = migrate) -> Iterator[str]:
    """Its URL, once it is migrated; it is gone in the end."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o711)  # PostgreSQL's user has to pass when root runs this
        server = Postgres(Path(directory) / "postgres", durable=False)
        server.start()
        try:
            migrate(server.url)
            yield server.url
        finally:
            server.stop()


def reading(reads: Any) -> Context:
    """The context of the carrier's own key, which reads through `reads`."""
    viewer = Viewer(None, ApiKeyRole.CARRIER, ApiKeyAccess.READ, Home(CARRIER, "KH", "KHR"))
    return Context(Database(None, reads, None), CIPHER, viewer)  # type: ignore[arg-type] # that alone is used
