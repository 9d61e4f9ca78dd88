"""What both embedded servers have in common: to be prepared, started, watched and stopped."""

import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from cli.errors import CommandError
from cli.processes import die_with_parent

LONGEST_SOCKET_PATH = 103 if sys.platform == "darwin" else 107
# Nothing of the caller's environment: PGPORT or an unknown locale would change what is started.
SERVER_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}


class EmbeddedError(CommandError):
    """Why a server cannot run here, in one line."""


class Server(ABC):
    """One embedded server; all that it owns is under `home`. Start it from the main thread."""

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]
    socket_name: ClassVar[str]

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home.resolve()
        self.log = self.home / "log"
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str: ...

    @abstractmethod
    def prepare(self) -> None:
        """Make what the server needs on disk and end what a killed run left."""

    @abstractmethod
    def command(self) -> list[str]: ...

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether our process, and no other, takes requests."""

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the prepared server without waiting until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603  our own binary, no shell
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=SERVER_ENVIRONMENT,
                start_new_session=True,  # Ctrl-C reaches us alone; we stop in order
                preexec_fn=die_with_parent(self.stop_signal),  # noqa: PLW1509  one prctl, nothing else
                **self._identity(),
            )
        return self.process

    def start(self, seconds: float = 60) -> None:
        """Prepare, start, and return when it answers."""
        self.prepare()
        process = self.spawn()
        deadline = time.monotonic() + seconds
        while not self.is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise EmbeddedError(f"{self.name} did not start; its last words: {self._last_words()}")
            time.sleep(0.02)

    def stop(self, seconds: float = 20) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _identity(self) -> dict[str, Any]:
        return {}

    def _own(self, directory: Path) -> None:
        """Make `directory` one that only the server's user may enter."""
        directory.mkdir(exist_ok=True)
        directory.chmod(0o700)
        if identity := self._identity():
            os.chown(directory, identity["user"], identity["group"])

    def _socket_directory(self) -> Path:
        """`home/socket`, or a short name under /tmp where the system would cut the path."""
        directory = self.home / "socket"
        if len(os.fsencode(directory / self.socket_name)) <= LONGEST_SOCKET_PATH:
            return directory
        return noted_directory(self.home / "socket-directory", "/tmp")  # noqa: S108  made by mkdtemp

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return " / ".join(lines[-3:]) or "none"


def package_directory(name: str) -> Path:
    """Where package `name` is installed, found without running any of it."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(f"{name} is not installed: install it, or name a server by its URL")
    return Path(spec.submodule_search_locations[0])


def noted_directory(note: Path, parent: str) -> Path:
    """A directory under `parent` whose name `note` keeps; made up, so nobody can have laid a trap."""
    if note.exists():
        directory = Path(note.read_text())
        if directory.is_dir():
            return directory
        if parent != "/tmp":  # noqa: S108  what was there is only a socket
            raise EmbeddedError(f"{directory} is gone; remove {note} to begin with an empty database")
    directory = Path(tempfile.mkdtemp(prefix="carrierql-", dir=parent))
    note.write_text(str(directory))
    return directory
