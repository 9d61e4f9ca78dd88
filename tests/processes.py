"""Workers and schedulers as real processes beside the tests, and their end by any signal."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands import CARRIERQL, clean_environment
from tests.conftest import SECRET_KEY
from tests.rabbitmq import RabbitMQ

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
            env=clean_environment(**(given | HASTE | more)),
            stdout=output,
            stderr=output,
        )
    try:
        yield running
    finally:
        running.terminate()
        by_signal = -15 if command == "serve" else 0  # uvicorn stops in order, then ends by the signal
        assert running.wait(30) in (0, -9, by_signal), log.read_text()


@pytest.fixture(scope="module", params=["valkey", pytest.param("rabbitmq", marks=pytest.mark.debian)])
def any_broker(
    request: pytest.FixtureRequest, broker_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of the session's broker, and then of a RabbitMQ."""
    if request.param == "valkey":
        yield broker_url
        return
    rabbitmq = RabbitMQ(tmp_path_factory.mktemp("rabbitmq"))
    try:
        rabbitmq.start()
        yield rabbitmq.url
    finally:
        rabbitmq.stop()
