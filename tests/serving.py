"""`carrierql serve` as a process of its own on a port, for what an application in process cannot show."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from tests.commands import CARRIERQL, SECRET_KEY, clean_environment, free_port


@dataclass
class Served:
    process: subprocess.Popen[bytes]
    port: int

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def served(database_url: str, broker_url: str, **environment: str) -> Iterator[Served]:
    """A server that answers, and is gone afterwards whatever happens."""
    port = free_port()
    given = {"DATABASE_URL": database_url, "BROKER_URL": broker_url, "SECRET_KEY": SECRET_KEY}
    process = subprocess.Popen(
        [*CARRIERQL, "serve"], env=clean_environment(PORT=str(port), **given, **environment)
    )
    server = Served(process, port)
    try:
        _wait_until_ready(server)
        yield server
    finally:
        process.terminate()
        process.wait(60)


def _wait_until_ready(server: Served) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert server.process.poll() is None, "the server ended"
        try:
            if httpx.get(f"{server.origin}/health/ready", timeout=10).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, "the server was not ready in time"
        time.sleep(0.05)
