"""Workers and schedulers as real processes beside the tests, and their end by any signal."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.commands import CARRIERQL, clean_environment
from tests.conftest import SECRET_KEY

#: Attempts, leases and pauses as short as they can be, so that a test need not wait for them.
HASTE = {
    "WEBHOOK_ALLOW_PRIVATE_ADDRESSES": "true",
    "WEBHOOK_ATTEMPT_SECONDS": "1",
    "WEBHOOK_RETRY_SCHEDULE": "0,0,0",
    "LOG_FORMAT": "json",
}


@contextmanager
def process(
    command: str, database_url: str, broker_url: str, log: Path, **more: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """`carrierql COMMAND` until the block ends; then SIGTERM, which it has to obey."""
    given = {"DATABASE_URL": database_url, "BROKER_URL": broker_url, "SECRET_KEY": SECRET_KEY}
    with log.open("ab") as output:
        running = subprocess.Popen(
            [*CARRIERQL, command],
            cwd=log.parent,
            env=clean_environment(**given, **HASTE, **more),
            stdout=output,
            stderr=output,
        )
    try:
        yield running
    finally:
        running.terminate()
        by_signal = -15 if command == "serve" else 0  # uvicorn stops in order, then ends by the signal
        assert running.wait(30) in (0, -9, by_signal), log.read_text()
