"""The drill: what a backup of a working service brings back is the same in every list, and fires nothing."""

import hashlib
import json
import stat
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from os import environ
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type, is_list_type
from httpx import ASGITransport, AsyncClient

from app import create_app
from resolvers.context import operator
from schema.root import schema
from settings import Settings
from tests.commands import carrierql
from tests.conftest import ORIGIN, SECRET_KEY, Door, new_call, new_carrier, new_message
from tests.processes import process
from tests.receivers import Receiver
from tests.servers import TEMPLATE, fresh_database
from tests.test_webhook_delivery import endpoint_at, receiver, settled

__all__ = ["receiver"]

STATS = "&".join(
    ["phone_numbers/stats?filter[available]=true", "filter[type]=local"]
    + [f"group_by[]={part}" for part in ("country", "region", "locality")]
)
REST = ("accounts", "phone_numbers", "phone_calls", "messages", "tts_events", "events", STATS)
SLOW_RETRIES = {"WEBHOOK_RETRY_SCHEDULE": "0,3600,3600"}


@asynccontextmanager
async def served(database_url: str, broker_url: str) -> AsyncIterator[Door]:
    """The service on a database of its own, and a platform key of it."""
    application = create_app(
        Settings.read(
            database_url=database_url,
            broker_url=broker_url,
            secret_key=SECRET_KEY,
            webhook_allow_private_addresses=True,
        )
    )
    async with (
        application.router.lifespan_context(application),
        AsyncClient(transport=ASGITransport(app=application), base_url=ORIGIN) as http,
    ):
        service = application.state.service
        text = 'mutation { createApiKey(input: {name: "platform", role: PLATFORM}) { token } }'
        result = await schema.run(text, None, operator(service.database, service.cipher))
        assert result.data is not None
        yield Door(http, result.data["createApiKey"]["token"])


def leaves(type_: GraphQLObjectType) -> str:
    """Every field that needs no argument and holds no list of other things, and the ids of those that do."""
    parts = []
    for name, field in type_.fields.items():
        inner = get_named_type(field.type)
        if is_leaf_type(inner):
            parts.append(name)
        elif name == "attempts":
            parts.append(f"{name} {{ {leaves(inner)} }}")
        elif not field.args and isinstance(inner, GraphQLObjectType) and "id" in inner.fields:
            parts.append(f"{name} {{ id }}")
    return " ".join(parts)


def lists() -> dict[str, str]:
    """A query of each list that needs no argument, with all that its rows hold."""
    assert schema._schema.query_type is not None
    found = {}
    for name, field in schema._schema.query_type.fields.items():
        inner = get_named_type(field.type)
        if is_list_type(getattr(field.type, "of_type", field.type)):
            found[name] = f"{{ {name} {{ {leaves(inner)} }} }}"
        elif str(inner).endswith("Connection") and "groupBy" not in field.args:
            node = get_named_type(inner.fields["nodes"].type)
            found[name] = f"{{ {name}(first: 100) {{ nodes {{ {leaves(node)} }} }} }}"
    return found


async def checksums(platform: Door, carrier: Door) -> dict[str, str]:
    """One of each list of either door."""
    shown: dict[str, Any] = {}
    for path in REST:
        response = await carrier.rest("GET", path)
        assert (response.status_code, bool(response.json()["data"])) == (200, True), (path, response.text)
        shown[path] = response.content
    for name, query in lists().items():
        # Each server of the tests makes a platform key of its own, which leaves an entry in the audit; a
        # key's use is noted by the minute.
        asking = carrier if name in ("apiKeys", "auditEntries") else platform
        answer = await asking.graphql(query.replace("lastUsedAt", "") if name == "apiKeys" else query)
        assert "errors" not in answer, (name, answer)
        shown[name] = json.dumps(answer).encode()
    return {name: hashlib.sha256(text).hexdigest() for name, text in shown.items()}


async def fill(platform: Door) -> Door:
    """A carrier with something in each of its lists."""
    carrier = await new_carrier(platform, "Mekong Telecom")
    account = (await carrier.do("createAccount", "account", name="Rocket Rides", type="CARRIER_MANAGED"))[
        "id"
    ]
    given = {"type": "LOCAL", "country": "US", "region": "AL", "locality": "Huntsville"}
    for number in ("12565550101", "12565550102"):
        made = await carrier.do("createPhoneNumber", "phoneNumber", number=number, **given)
    await platform.do("assignPhoneNumber", "phoneNumber", id=made["id"], accountId=account)
    call = await new_call(platform, account, status="COMPLETED", duration=61)
    await platform.do("recordTtsEvent", "ttsEvent", phoneCallId=call, characters=120)
    await new_message(platform, account, status="DELIVERED")
    return carrier


@dataclass
class Site:
    """A database and how to work on it."""

    database_url: str
    broker_url: str
    directory: Path

    def command(self, *arguments: str) -> str:
        done = carrierql(
            *arguments, cwd=self.directory, DATABASE_URL=self.database_url, SECRET_KEY=SECRET_KEY
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def refusal(self, *arguments: str) -> str:
        done = carrierql(
            *arguments, cwd=self.directory, DATABASE_URL=self.database_url, SECRET_KEY=SECRET_KEY
        )
        assert (done.returncode, done.stdout) == (1, "")
        return done.stderr

    def workers(self, stack: ExitStack) -> None:
        for command in ("worker", "scheduler"):
            log = self.directory / "log"
            stack.enter_context(process(command, self.database_url, self.broker_url, log, **SLOW_RETRIES))


@pytest.fixture
async def old(broker_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    async with fresh_database(environ[TEMPLATE]) as url:
        yield Site(url, broker_url, tmp_path)


@pytest.fixture
async def new(broker_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    async with fresh_database() as url:
        yield Site(url, broker_url, tmp_path)


async def test_what_is_restored_is_equal_in_every_list_and_no_webhook_is_sent_again(
    old: Site, new: Site, receiver: Receiver
) -> None:
    receiver.answers["/failing"] = 500
    async with served(old.database_url, old.broker_url) as platform:
        carrier = await fill(platform)
        account = (await carrier.rest("GET", "accounts")).json()["data"][0]["id"]
        await endpoint_at(carrier, receiver, "/good")
        await endpoint_at(carrier, receiver, "/failing", eventTypes=["phone_call.completed"])
        with ExitStack() as stack:
            old.workers(stack)
            await new_call(platform, account, status="COMPLETED")
            await settled(carrier, "SUCCEEDED")
            await settled(carrier, "FAILED")
        await new_message(platform, account, status="SENT")  # its webhook waits: no worker runs
        before = await checksums(platform, carrier)
        told = old.command("backup", "whole")
    sent = len(receiver.received)
    assert "SECRET_KEY is not in it" in told
    assert stat.S_IMODE((old.directory / "whole").stat().st_mode) == 0o600

    told = new.command("restore", "whole")
    assert "2 open deliveries of 2 webhook endpoints are held" in told
    assert new.command("audit", "verify") == old.command("audit", "verify")
    async with served(new.database_url, new.broker_url) as platform:
        here = Door(platform.http, carrier.key, carrier.carrier_id)
        assert await checksums(platform, here) == before
        with ExitStack() as stack:
            new.workers(stack)
            # An endpoint of after the restore is told of what is new: the workers are at work.
            await endpoint_at(here, receiver, "/new")
            await new_call(platform, account, status="COMPLETED")
            await receiver.wait_for("/new")
            assert [one.path for one in receiver.received[sent:]] == ["/new"]
            assert new.command("webhooks", "resume", "--settle") == (
                "2 endpoints go on; 2 deliveries are settled unsent\n"
            )
            await receiver.wait_for("/failing", 2)
            await receiver.wait_for("/good", 2)
            assert sorted(one.path for one in receiver.received[sent:]) == ["/failing", "/good", "/new"]
            assert len(await settled(here, "EXHAUSTED", 2)) == 2


async def test_what_a_restore_holds_is_sent_when_it_is_resumed(
    old: Site, new: Site, receiver: Receiver
) -> None:
    async with served(old.database_url, old.broker_url) as platform:
        carrier = await fill(platform)
        account = (await carrier.rest("GET", "accounts")).json()["data"][0]["id"]
        await endpoint_at(carrier, receiver, "/resumed")
        await new_call(platform, account, status="COMPLETED")
        old.command("backup", "held")
    told = new.command("restore", "held")
    assert "1 open deliveries of 1 webhook endpoints are held" in told
    assert new.command("webhooks", "resume") == "1 endpoints go on\n"
    with ExitStack() as stack:
        new.workers(stack)
        (one,) = await receiver.wait_for("/resumed")
    assert one.event["attributes"]["type"] == "phone_call.completed"


async def test_a_database_that_holds_something_is_replaced_only_when_asked(old: Site) -> None:
    async with served(old.database_url, old.broker_url) as platform:
        carrier = await fill(platform)
        old.command("backup", "first")
        at_backup = await checksums(platform, carrier)
        await carrier.do("createAccount", "account", name="Later")
        later = await checksums(platform, carrier)
        assert later["accounts"] != at_backup["accounts"]
        assert old.refusal("restore", "first") == (
            "carrierql: the database is not empty; name an empty one, or --replace what it holds\n"
        )
        assert await checksums(platform, carrier) == later
        old.command("restore", "first", "--replace")  # while the service runs
        assert await checksums(platform, carrier) == at_backup


async def test_a_broken_file_leaves_the_database_as_it_was(old: Site) -> None:
    async with served(old.database_url, old.broker_url) as platform:
        carrier = await fill(platform)
        old.command("backup", "whole")
        before = await checksums(platform, carrier)
        whole = (old.directory / "whole").read_bytes()
        (old.directory / "half").write_bytes(whole[: len(whole) // 2])
        (old.directory / "none").write_text("no backup at all, though it is a little longer than a word")
        for name in ("half", "none"):
            refusal = old.refusal("restore", name, "--replace")
            assert refusal.startswith("carrierql: nothing is restored: ")
            assert len(refusal.splitlines()) == 1
        assert await checksums(platform, carrier) == before


def test_a_file_that_is_there_is_not_written_over(old: Site) -> None:
    (old.directory / "taken").write_text("kept")
    assert old.refusal("backup", "taken") == "carrierql: taken is there already; choose another name\n"
    assert (old.directory / "taken").read_text() == "kept"
