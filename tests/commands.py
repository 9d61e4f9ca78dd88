"""The command line as a user has it: real processes, bounded in time."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

CARRIERQL = [sys.executable, "-P", "-m", "cli"]
OURS = ("DATABASE_URL", "BROKER_URL", "SECRET_KEY", "PORT", "PUBLIC_URL")
SECRET_KEY = "a secret key of the tests, 32 or more"


def clean_environment(**given: str) -> dict[str, str]:
    """Ours without the service's settings, so that only what is `given` counts."""
    return {name: value for name, value in os.environ.items() if name not in OURS} | given


def carrierql(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CARRIERQL, *arguments],
        cwd=cwd,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def free_port() -> int:
    """A port below those that the kernel gives to outgoing connections."""
    while True:
        port = random.randrange(20_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def is_alive(pid: int) -> bool:
    """Whether the process runs; a dead one whose parent has not looked yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # gone, or going while it is read
        return False


def children_of(pid: int) -> dict[int, str]:
    """Every descendant's pid with its command line."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid:
                found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
    for child in list(found):
        found |= children_of(child)
    return found


class Up:
    """A `carrierql up` of its own with its log."""

    def __init__(self, data_dir: Path, *options: str, **environment: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.log = data_dir.with_suffix(f".{self.port}.log")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*CARRIERQL, "up", "--port", str(self.port), "--data-dir", str(data_dir), *options],
                cwd=data_dir.parent,
                env=clean_environment(**environment),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @classmethod
    @contextmanager
    def running(cls, data_dir: Path, *options: str, **environment: str) -> Iterator[Self]:
        """Ready to be used, and gone afterwards whatever happens."""
        up = cls(data_dir, *options, **environment)
        try:
            up.wait_for("  platform key  ")
            yield up
        finally:
            up.process.terminate()
            up.process.wait(60)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment_of_children(self) -> dict[str, str]:
        """What `up` gave its worker, for another one beside it."""
        entries = Path(f"/proc/{self.child('-m cli worker')}/environ").read_bytes().split(b"\0")
        return dict(entry.decode().split("=", 1) for entry in entries if entry)

    def said(self) -> list[str]:
        return self.log.read_text().splitlines()

    def wait_for(self, text: str, times: int = 1) -> str:
        """The line in which `text` is said for the given time."""
        self.wait_until(lambda: sum(text in line for line in self.said()) >= times)
        return [line for line in self.said() if text in line][times - 1]

    def wait_until(self, holds: Callable[[], bool], seconds: float = 60) -> None:
        """Fails when `up` ends or the time is over before `holds` does."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert self.process.poll() is None, f"up ended: {self.log.read_text()}"
            assert time.monotonic() < deadline, f"waited in vain: {self.log.read_text()}"
            time.sleep(0.05)

    def children(self) -> dict[int, str]:
        return children_of(self.process.pid)

    def child(self, part: str) -> int:
        """The pid of the first one that has `part` in its command line."""
        return min(pid for pid, line in self.children().items() if part in line)

    def end(self, signum: signal.Signals) -> int:
        self.process.send_signal(signum)
        return self.process.wait(60)


def wait_until_dead(pids: list[int], seconds: float = 15) -> list[int]:
    """Those of `pids` that still live when the time is over: none, if all is well."""
    deadline = time.monotonic() + seconds
    while (living := [pid for pid in pids if is_alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return living
