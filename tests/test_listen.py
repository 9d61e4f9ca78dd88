"""`carrierql webhooks listen` beside a running service: what it shows and forwards, whatever breaks."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import Any

import jwt
import pytest
from standardwebhooks import Webhook

from tests.commands import CARRIERQL, carrierql, clean_environment, free_port
from tests.conftest import Door, new_call, new_message
from tests.receivers import Receiver
from tests.serving import Served, served
from tests.test_webhook_delivery import receiver

__all__ = ["receiver"]

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY="
SECONDS = 60  # until a test is given up


@pytest.fixture(scope="module")
def server(database_url: str, broker_url: str) -> Iterator[Served]:
    with served(database_url, broker_url) as running:
        yield running


@dataclass
class Listening:
    """A listener that runs, and what it says."""

    process: asyncio.subprocess.Process

    async def event(self) -> dict[str, Any]:
        return dict(json.loads(await self.line()))

    async def line(self) -> str:
        assert self.process.stdout is not None
        async with asyncio.timeout(SECONDS):
            return (await self.process.stdout.readline()).decode().rstrip()

    async def told(self, part: str) -> str:
        """The next line on stderr that has this part."""
        assert self.process.stderr is not None
        async with asyncio.timeout(SECONDS):
            async for line in self.process.stderr:
                if part in line.decode():
                    return line.decode().rstrip()
        raise AssertionError(f"it ended without {part!r}")

    async def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(SECONDS):
            return await self.process.wait()


@asynccontextmanager
async def listening(door: Door, origin: str, directory: Path, *options: str) -> AsyncIterator[Listening]:
    """Until it listens; then the block; it is gone afterwards whatever happens."""
    process = await asyncio.create_subprocess_exec(
        *CARRIERQL,
        *("webhooks", "listen", "--url", origin, *options),
        cwd=directory,
        env=clean_environment(CARRIERQL_API_KEY=door.key),
        stdout=PIPE,
        stderr=PIPE,
    )
    found = Listening(process)
    try:
        await found.told("listening to ")
        yield found
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


class Proxy:
    """A way to the service that can be cut and opened again."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, inner_writer}
        await asyncio.gather(_pass(reader, inner_writer), _pass(inner_reader, writer))


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass  # cut, as the test wants it
    finally:
        writer.close()


async def test_each_event_is_forwarded_as_the_service_would_send_it(
    server: Served, ours: Door, theirs: Door, platform: Door, account: str, receiver: Receiver, tmp_path: Path
) -> None:
    await new_call(platform, account, status="COMPLETED")  # before: not told
    foreign = await theirs.do("createAccount", "account", name="Theirs")
    options = ("--json", "--forward", f"{receiver.origin}/hook", "--secret", SECRET)
    async with listening(ours, server.origin, tmp_path, *options) as listener:
        await new_call(platform, foreign["id"], status="COMPLETED")
        await new_call(platform, account, status="COMPLETED", duration=7)
        (got,) = await receiver.wait_for("/hook")
        shown = await listener.event()
        assert await listener.end() == 0
    answer = await ours.rest("GET", f"events/{got.event['id']}")
    assert got.body == answer.content
    Webhook(SECRET).verify(got.body, got.headers)
    claims = jwt.decode(
        got.headers["authorization"].removeprefix("Bearer "), SECRET, ["HS256"], issuer="Somleng"
    )
    assert claims["jti"] == got.webhook_id == got.event["id"]
    event = answer.json()["data"]
    assert event["attributes"]["details"]["data"]["attributes"]["duration"] == "7"
    assert shown == {
        "id": event["id"],
        "type": "phone_call.completed",
        "created_at": shown["created_at"],
        "details": event["attributes"]["details"],
        "answer": {"status_code": 204, "error": None, "duration_ms": shown["answer"]["duration_ms"]},
    }


async def test_what_happens_while_the_connection_is_broken_comes_when_it_is_back(
    server: Served, ours: Door, platform: Door, account: str, tmp_path: Path
) -> None:
    proxy = Proxy(server.port)
    await proxy.open()
    await new_message(platform, account, status="SENT")  # so that there is an event to begin after
    async with listening(ours, f"http://127.0.0.1:{proxy.port}", tmp_path, "--json") as listener:
        proxy.cut()
        await listener.told("the connection is lost")
        await new_call(platform, account, status="COMPLETED")
        await new_message(platform, account, status="SENT")
        await proxy.open()
        types = [(await listener.event())["type"] for _ in range(2)]
        assert types == ["phone_call.completed", "message.sent"]
        await new_message(platform, account, status="SENT")
        assert (await listener.event())["type"] == "message.sent"
        assert await listener.end() == 0
    proxy.cut()


async def test_a_receiver_that_is_away_is_told_in_the_line_and_the_next_event_is_tried(
    server: Served, ours: Door, platform: Door, account: str, tmp_path: Path
) -> None:
    forward = f"http://127.0.0.1:{free_port()}/hook"
    async with listening(ours, server.origin, tmp_path, "--forward", forward) as listener:
        for _ in range(2):
            await new_call(platform, account, status="COMPLETED")
            line = await listener.line()
            assert "phone_call.completed" in line
            assert "the connection could not be made: connection refused in " in line
        assert await listener.end() == 0


async def test_a_platform_key_follows_one_carrier_and_shows_lines(
    server: Served, ours: Door, theirs: Door, platform: Door, account: str, tmp_path: Path
) -> None:
    foreign = await theirs.do("createAccount", "account", name="Theirs")
    async with listening(platform, server.origin, tmp_path, "--carrier", ours.carrier_id) as listener:
        await new_message(platform, foreign["id"], status="SENT")
        await new_call(platform, account, status="COMPLETED")
        _time, type_, identifier = (await listener.line()).split()
        assert type_ == "phone_call.completed"
        assert (await ours.rest("GET", f"events/{identifier}")).status_code == 200
        assert await listener.end() == 0


def test_a_wrong_key_and_a_service_that_is_away_are_told_in_one_line(server: Served, tmp_path: Path) -> None:
    command = ["webhooks", "listen", "--key", "wrong", "--url"]
    done = carrierql(*command, server.origin, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("carrierql: the service refuses: ")
    nobody = f"http://127.0.0.1:{free_port()}"
    done = carrierql(*command, nobody, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    refused = "the connection could not be made: connection refused"
    assert done.stderr == f"carrierql: {nobody}/graphql does not answer: {refused}\n"


@pytest.mark.parametrize(
    "wrong", [[], ["--key", "k", "--forward", "localhost:3000"], ["--key", "k", "--secret", "short"]]
)
def test_wrong_options_end_with_code_2(wrong: list[str], tmp_path: Path) -> None:
    done = carrierql("webhooks", "listen", *wrong, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
