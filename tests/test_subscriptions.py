"""The subscription `events`, over WebSocket and server-sent events, of a server of its own; others write."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import orjson
import pytest
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from models import ids
from resolvers.event_stream import QUEUE
from schema.over_websocket import MAX_OPERATIONS
from schema.root import schema
from schema.streaming import stream
from tests.conftest import Door, new_call, new_message
from tests.serving import Served, served

PROTOCOL = Subprotocol("graphql-transport-ws")
FOLLOW = "subscription($f: EventFilter, $after: ID) { events(filter: $f, after: $after) { id } }"
SECONDS = 60  # until a test is given up; nothing waits for it where all is well
INSERT = """
INSERT INTO event (id, created_at, updated_at, carrier_id, type, details) VALUES ($1, $2, $2, $3, $4, $5)
"""


@pytest.fixture(scope="module")
def server(database_url: str, broker_url: str) -> Iterator[Served]:
    with served(database_url, broker_url) as running:
        yield running


@pytest.fixture
async def writer(database_url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


class Socket:
    """A connection of graphql-transport-ws."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, message: Any) -> None:
        await self.connection.send(orjson.dumps(message).decode())

    async def next(self) -> Any:
        async with asyncio.timeout(SECONDS):
            return orjson.loads(await self.connection.recv())

    async def subscribe(self, query: str, id: str = "1", **variables: Any) -> None:  # noqa: A002
        await self.send({"type": "subscribe", "id": id, "payload": {"query": query, "variables": variables}})

    async def events(self, count: int) -> list[str]:
        """The ids of so many events, which must be what comes next."""
        return [(await self.next())["payload"]["data"]["events"]["id"] for _ in range(count)]

    async def closed(self) -> tuple[int, str]:
        """The code and the reason with which the server closes; messages before that are passed over."""
        async with asyncio.timeout(SECONDS):
            with suppress(ConnectionClosed):
                while True:
                    await self.connection.recv()
        assert self.connection.close_code is not None
        return self.connection.close_code, self.connection.close_reason or ""


@asynccontextmanager
async def opened(server: Served, protocol: str = PROTOCOL, **options: Any) -> AsyncIterator[Socket]:
    url = f"ws://127.0.0.1:{server.port}/graphql"
    async with connect(url, subprotocols=[Subprotocol(protocol)], **options) as connection:
        yield Socket(connection)


@asynccontextmanager
async def socket(server: Served, door: Door, **options: Any) -> AsyncIterator[Socket]:
    async with opened(server, **options) as found:
        await found.send({"type": "connection_init", "payload": {"Authorization": f"Bearer {door.key}"}})
        assert await found.next() == {"type": "connection_ack"}
        yield found


@asynccontextmanager
async def sent_events(server: Served, door: Door, query: str, **variables: Any) -> AsyncIterator[Any]:
    """(event, data) of a response of server-sent events, as they come."""
    headers = {"authorization": f"Bearer {door.key}", "accept": "text/event-stream"}
    body = {"query": query, "variables": variables}
    async with (
        httpx.AsyncClient(timeout=SECONDS) as client,
        client.stream("POST", f"{server.origin}/graphql", json=body, headers=headers) as response,
    ):
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")

        async def events() -> AsyncIterator[tuple[str, Any]]:
            name = ""
            async for line in response.aiter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data:"):
                    data = line.removeprefix("data:").strip()
                    yield name, orjson.loads(data) if data else None

        yield events()


async def write(
    connection: "asyncpg.Connection[Any]", door: Door, count: int, size: int = 0, type_: str = "message.sent"
) -> list[str]:
    """Write events of a carrier in one transaction; their ids in order."""
    made = [ids.uuid7(ids.now()) for _ in range(count)]
    details = orjson.dumps({"data": "x" * size}).decode()
    rows = [(made_id, ids.now(), UUID(door.carrier_id), type_, details) for made_id in made]
    await connection.executemany(INSERT, rows)
    return [str(made_id) for made_id in made]


async def test_an_event_that_another_process_wrote_comes_with_all_that_was_selected(
    server: Served, ours: Door, platform: Door, account: str
) -> None:
    selected = "id type details createdAt deliveries { nodes { id } pageInfo { hasNextPage } }"
    text = f"subscription {{ events {{ {selected} }} }}"
    async with socket(server, ours) as ws, sent_events(server, ours, text) as sse:
        await ws.subscribe(text)
        # The stream is known to be followed once one of many events has come.
        first = asyncio.ensure_future(anext(sse))
        while not first.done():
            await new_call(platform, account, status="COMPLETED")
            await asyncio.wait({first}, timeout=0.1)
        name, payload = first.result()
        shown = payload["data"]["events"]
        known = await ours.graphql(f"query($id: ID!) {{ event(id: $id) {{ {selected} }} }}", id=shown["id"])
        assert (name, shown) == ("next", known["data"]["event"])
        message = await ws.next()
        assert (message["type"], message["id"]) == ("next", "1")
        assert set(message["payload"]) == {"data"}


async def test_what_was_missed_comes_first_and_then_what_is_new_in_order_and_once(
    server: Served, ours: Door, writer: Any
) -> None:
    seen, *missed = await write(writer, ours, 351)
    async with socket(server, ours) as ws:
        await ws.subscribe(FOLLOW, after=seen)
        got = await ws.events(10)
        more = []
        for _ in range(20):
            more += await write(writer, ours, 10)
        got += await ws.events(540)
        assert got == missed + more
    async with sent_events(server, ours, FOLLOW, after=missed[-1]) as sse:
        found = [(await anext(sse))[1]["data"]["events"]["id"] for _ in more]
        assert found == more


async def test_what_was_there_before_subscriptions_comes_by_its_id(
    server: Served, ours: Door, writer: Any
) -> None:
    old = await write(writer, ours, 150)
    await writer.execute("UPDATE event SET xid = '0' WHERE id = ANY ($1::uuid[])", old)
    new = await write(writer, ours, 5)
    async with socket(server, ours) as ws:
        await ws.subscribe(FOLLOW, after=old[9])
        assert await ws.events(145) == old[10:] + new


async def test_an_event_that_is_committed_late_is_not_missed(
    server: Served, ours: Door, writer: Any, database_url: str
) -> None:
    (seen,) = await write(writer, ours, 1)
    late = await asyncpg.connect(database_url)
    try:
        async with socket(server, ours) as ws:
            await ws.subscribe(FOLLOW, after=seen)
            transaction = late.transaction()
            await transaction.start()
            begun_first = await write(late, ours, 1)
            committed_first = await write(writer, ours, 3)
            await transaction.commit()
            last = await write(writer, ours, 1)
            assert await ws.events(5) == begun_first + committed_first + last
        async with socket(server, ours) as ws:
            await ws.subscribe(FOLLOW, after=begun_first[0])
            assert await ws.events(4) == committed_first + last
    finally:
        await late.close()


async def test_history_that_is_recorded_late_is_news(server: Served, ours: Door, writer: Any) -> None:
    (seen,) = await write(writer, ours, 1)
    past = ids.uuid7(ids.now().replace(year=2020))
    details = '{"data": null}'
    await writer.execute(INSERT, past, ids.now(), UUID(ours.carrier_id), "message.sent", details)
    async with socket(server, ours) as ws:
        await ws.subscribe(FOLLOW, after=seen)
        assert await ws.events(1) == [str(past)]


async def test_a_carrier_follows_its_own_events_and_the_platform_all(
    server: Served, ours: Door, theirs: Door, platform: Door, writer: Any
) -> None:
    (seen,) = await write(writer, ours, 1)
    (foreign,) = await write(writer, theirs, 1)
    (own,) = await write(writer, ours, 1)
    async with socket(server, ours) as ws, socket(server, platform) as all_:
        await ws.subscribe(FOLLOW, id="nothing", f={"carrier": theirs.carrier_id}, after=seen)
        await ws.subscribe(FOLLOW, after=seen)
        await all_.subscribe(FOLLOW, after=seen)
        assert await ws.events(1) == [own]
        assert await all_.events(2) == [foreign, own]
        (foreign,) = await write(writer, theirs, 1)
        (own,) = await write(writer, ours, 1)
        assert await ws.events(1) == [own]
        assert await all_.events(2) == [foreign, own]


async def test_another_carriers_event_cannot_be_told_from_one_that_is_not_there(
    server: Served, ours: Door, theirs: Door, writer: Any
) -> None:
    (foreign,) = await write(writer, theirs, 1)
    refusals = []
    async with socket(server, ours) as ws:
        for after in (foreign, "01900000-0000-7000-8000-000000000000", "nonsense"):
            await ws.subscribe(FOLLOW, after=after)
            message = await ws.next()
            (error,) = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
            refusals.append((error["message"], error["extensions"]))
            if message["type"] != "error":
                assert (await ws.next())["type"] == "complete"
    words = "after must be the id of the last event that you saw; there is none"
    assert refusals == [(words, {"code": "BAD_USER_INPUT", "argument": "after"})] * 3


async def test_a_filter_holds_for_what_was_missed_and_for_what_is_new(
    server: Served, ours: Door, theirs: Door, platform: Door, writer: Any
) -> None:
    (seen,) = await write(writer, ours, 1)
    filters: list[dict[str, Any]] = [
        {"type": "message.delivered"},
        {"carrier": ours.carrier_id, "type": "message.delivered"},
        {"fromDate": "2020-01-01T00:00:00Z", "toDate": "2100-01-01T00:00:00Z", "type": "message.delivered"},
    ]

    async def others_and(number: int) -> list[str]:
        await write(writer, theirs, 1, type_="phone_call.completed")
        await write(writer, ours, 1)
        return await write(writer, ours, number, type_="message.delivered")

    wanted = await others_and(2)
    async with socket(server, platform) as ws:
        for number, given in enumerate(filters):
            await ws.subscribe(FOLLOW, id=str(number), f=given, after=seen)
            assert await ws.events(2) == wanted
            await ws.send({"type": "complete", "id": str(number)})
        await ws.subscribe(FOLLOW, id="live", f=filters[1], after=wanted[-1])
        await ws.subscribe(FOLLOW, id="never", f={"toDate": "2020-01-01T00:00:00Z"}, after=seen)
        wanted = await others_and(2)
        assert await ws.events(2) == wanted
        await ws.subscribe(FOLLOW, id="wrong", f={"carrier": "nonsense"})
        wrong = await ws.next()
        assert wrong["id"] == "wrong" and "no event can meet this filter" in orjson.dumps(wrong).decode()


async def test_a_client_that_does_not_read_slows_nobody_and_gets_all_once_it_reads(
    server: Served, ours: Door, writer: Any
) -> None:
    (seen,) = await write(writer, ours, 1)
    text = FOLLOW.replace("{ id }", "{ id details }")
    async with socket(server, ours, max_queue=1) as slow, socket(server, ours) as quick:
        await slow.subscribe(text, after=seen)
        await quick.subscribe(FOLLOW, after=seen)
        written = []
        for _ in range(16):  # 12 MB, more than lies between the two, and more events than may wait
            written += await write(writer, ours, 250, size=3000)
        assert await quick.events(4000) == written
        assert await slow.events(4000) == written


async def test_the_stream_of_a_revoked_key_ends(
    server: Served, ours: Door, platform: Door, writer: Any
) -> None:
    seen, _ = [(await write(writer, ours, 1))[0] for _ in range(2)]
    key = (await ours.graphql("{ viewer { key { id } } }"))["data"]["viewer"]["key"]["id"]
    error = {"message": "this key was revoked or has expired", "extensions": {"code": "INVALID_TOKEN"}}
    async with socket(server, ours) as ws, sent_events(server, ours, FOLLOW, after=seen) as sse:
        await ws.subscribe(FOLLOW, after=seen)
        await ws.events(1)
        await anext(sse)
        await platform.do("revokeApiKey", "apiKey", id=key)
        name, payload = await anext(sse)
        assert (name, payload) == ("next", {"errors": [error]})
        assert await anext(sse) == ("complete", None)
        assert await ws.next() == {"type": "next", "id": "1", "payload": {"data": None, "errors": [error]}}
        assert await ws.next() == {"type": "complete", "id": "1"}
        await ws.subscribe("{ __typename }")
        refused = {"message": "this key was revoked", "extensions": {"code": "INVALID_TOKEN"}}
        assert await ws.next() == {"type": "error", "id": "1", "payload": [refused]}


async def test_queries_and_mutations_run_over_either_transport(server: Served, ours: Door) -> None:
    text = 'mutation { createAccount(input: {name: "Rocket Rides"}) { account { name createdAt } } }'
    async with socket(server, ours) as ws:
        await ws.subscribe(text)
        message = await ws.next()
        assert message["payload"]["data"]["createAccount"]["account"]["name"] == "Rocket Rides"
        assert await ws.next() == {"type": "complete", "id": "1"}
        await ws.subscribe("{ nothing }")
        assert (await ws.next())["type"] == "error"
        await ws.subscribe("{ accounts(first: 0) { nodes { id } } }")
        assert (await ws.next())["payload"]["errors"][0]["path"] == ["accounts"]
    async with sent_events(server, ours, "{ accounts { nodes { name } } }") as sse:
        answer = {"data": {"accounts": {"nodes": [{"name": "Rocket Rides"}]}}}
        assert [event async for event in sse] == [("next", answer), ("complete", None)]


async def test_a_subscription_without_a_stream_is_refused(ours: Door) -> None:
    response = await ours.http.post(
        "/graphql",
        json={"query": "subscription { events { id } }"},
        headers={"authorization": f"Bearer {ours.key}"},
    )
    assert response.status_code == 406
    assert "Accept: text/event-stream" in response.json()["errors"][0]["message"]


async def test_the_older_protocol_and_a_wrong_key_are_refused(server: Served) -> None:
    async with opened(server, "graphql-ws") as ws:
        assert await ws.closed() == (4406, "speak the subprotocol graphql-transport-ws")
    for payload, reason in (
        ({}, "send your API key as Authorization: Bearer KEY"),
        ({"authorization": "Bearer wrong"}, "this key is unknown"),
        ({"authorization": 1}, "send your API key as Authorization: Bearer KEY"),
    ):
        async with opened(server) as ws:
            await ws.send({"type": "connection_init", "payload": payload})
            assert await ws.closed() == (4403, reason)


async def test_the_key_may_come_with_the_request(server: Served, ours: Door) -> None:
    headers = {"Authorization": f"Bearer {ours.key}"}
    async with opened(server, additional_headers=headers) as ws:
        await ws.send({"type": "connection_init"})
        assert await ws.next() == {"type": "connection_ack"}
        await ws.send({"type": "ping"})
        assert await ws.next() == {"type": "pong"}


@pytest.mark.parametrize(
    "message",
    [
        b"{",
        b"1",
        b"[]",
        b"{}",
        b'{"type": {}}',
        b'{"type": "start"}',
        b'{"type": "subscribe", "payload": {"query": "{ a }"}}',
        b'{"type": "subscribe", "id": "1", "payload": null}',
        b'{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
        b'{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": []}}',
        b'{"type": "complete", "id": 1}',
        b'{"type": "connection_init", "payload": 1}',
    ],
)
async def test_a_message_that_is_none_closes_the_connection(
    server: Served, ours: Door, message: bytes
) -> None:
    async with opened(server) as ws:
        await ws.connection.send(message.decode())
        assert (await ws.closed())[0] == 4400


async def test_the_order_of_messages_and_their_bounds_are_kept(server: Served, ours: Door) -> None:
    async with opened(server) as ws:
        await ws.subscribe("{ __typename }")
        assert (await ws.closed())[0] == 4401
    async with socket(server, ours) as ws:
        await ws.send({"type": "connection_init"})
        assert (await ws.closed())[0] == 4429
    async with socket(server, ours) as ws:
        await ws.connection.send(b"\x00")
        assert (await ws.closed())[0] == 4400
    async with socket(server, ours) as ws:
        await ws.connection.send('"' + "x" * (1024 * 1024) + '"')
        assert (await ws.closed())[0] == 1009
    async with socket(server, ours) as ws:
        for number in range(MAX_OPERATIONS + 1):
            await ws.subscribe(FOLLOW, id=str(number))
        error = {"message": "Subscription limit reached"}
        assert await ws.next() == {"type": "error", "id": str(MAX_OPERATIONS), "payload": [error]}
        await ws.subscribe(FOLLOW, id="1")
        assert (await ws.closed())[0] == 4409


async def test_a_server_that_is_told_to_end_ends_its_streams(
    database_url: str, broker_url: str, ours: Door, writer: Any
) -> None:
    (seen,) = await write(writer, ours, 1)
    await write(writer, ours, 1)
    with served(database_url, broker_url) as server:
        async with socket(server, ours) as ws, sent_events(server, ours, FOLLOW, after=seen) as sse:
            await ws.subscribe(FOLLOW, after=seen)
            await ws.events(1)
            await anext(sse)
            server.process.send_signal(signal.SIGTERM)
            assert (await ws.closed())[0] in (1001, 1012)
            assert [event async for event in sse] == []
        assert await asyncio.to_thread(server.process.wait, 15) == -signal.SIGTERM


async def test_more_events_than_may_wait_come_all_in_order_and_once(
    app: Starlette, ours: Door, writer: Any
) -> None:
    (seen,) = await write(writer, ours, 1)
    first = await write(writer, ours, 1)

    async def next_ids(results: Any, count: int) -> list[str]:
        return [(await anext(results)).data["events"]["id"] for _ in range(count)]

    async def follow() -> Any:
        context = await app.state.service.context_for(f"Bearer {ours.key}")
        return stream(schema, FOLLOW, {"after": seen}, context, None)

    async with aclosing(await follow()) as slow, aclosing(await follow()) as quick:
        assert await next_ids(slow, 1) == await next_ids(quick, 1) == first
        # The slow one has to be asked for another event before it hears what comes.
        second = asyncio.ensure_future(next_ids(slow, 1))
        rest = await write(writer, ours, 1)
        assert await second == rest
        for _ in range(3):
            rest += await write(writer, ours, QUEUE // 2)
        assert await next_ids(quick, len(rest)) == rest
        (listener,) = [one for one in app.state.service.events._listeners if one.waiting]
        assert (len(listener.waiting), listener.hears) == (QUEUE, False)
        assert await next_ids(slow, len(rest) - 1) == rest[1:]


async def test_new_events_are_read_only_while_somebody_listens(
    app: Starlette, ours: Door, writer: Any
) -> None:
    service = app.state.service
    (seen,) = await write(writer, ours, 1)
    new = await write(writer, ours, 2)
    context = await service.context_for(f"Bearer {ours.key}")
    async with aclosing(stream(schema, FOLLOW, {"after": seen}, context, None)) as results:
        found = [await anext(results) for _ in new]
        assert [result.data and result.data["events"]["id"] for result in found] == new
        assert service.events._tail is not None
    assert (service.events._tail, service.events._listeners) == (None, set())


async def test_a_message_recorded_as_delivered_is_two_events(
    server: Served, ours: Door, platform: Door, account: str, writer: Any
) -> None:
    (seen,) = await write(writer, ours, 1)
    message = await new_message(platform, account, status="SENT")
    await platform.do("changeMessageStatus", "message", id=message, status="DELIVERED")
    async with socket(server, ours) as ws:
        await ws.subscribe(FOLLOW.replace("{ id }", "{ type }"), after=seen)
        types = [(await ws.next())["payload"]["data"]["events"]["type"] for _ in range(2)]
        assert types == ["message.sent", "message.delivered"]
