"""What the service tells of itself: request ids, figures, traces, and logs that keep secrets."""

import asyncio
import logging
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
from httpx import AsyncClient, TransportError
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

from models.api_key import ApiKeyAccess, ApiKeyRole
from models.columns import born
from models.secrets import fingerprint, new_token
from observability import metrics
from observability.logs import OURS, Line, console
from observability.tracing import tracing
from tests.commands import free_port
from tests.conftest import Door, new_call, new_carrier, new_message
from tests.processes import process
from tests.receivers import Receiver
from tests.servers import TEMPLATE, fresh_database

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACE_PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.mark.parametrize("path", ["/carrier/v1/accounts", "/graphql", "/health/live", "/nowhere"])
async def test_a_request_id_is_echoed(ours: Door, path: str) -> None:
    response = await ours.http.get(path, headers={"X-Request-Id": "order-66.a_B"})
    assert response.headers.get_list("X-Request-Id") == ["order-66.a_B"]


@pytest.mark.parametrize("given", [None, "", "a b", "+85512334667", "é", "a" * 129])
async def test_another_request_id_is_made(ours: Door, given: str | None) -> None:
    headers = [] if given is None else [(b"X-Request-Id", given.encode())]
    first, second = [await ours.http.get("/health/live", headers=headers) for _ in range(2)]
    made = {first.headers["X-Request-Id"], second.headers["X-Request-Id"]}
    assert len(made) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in made)


async def stored(database_url: str, event_id: str) -> tuple[Any, ...]:
    connection = await asyncpg.connect(database_url)
    try:
        row = await connection.fetchrow("SELECT request_id, trace_parent FROM event WHERE id = $1", event_id)
        assert row is not None
        return tuple(row)
    finally:
        await connection.close()


async def end_call(platform: Door, account: str, **headers: str) -> None:
    """A call that ends, reported with these headers."""
    text = "mutation($i: RecordPhoneCallInput!) { recordPhoneCall(input: $i) { userErrors { message } } }"
    given = {"accountId": account, "to": "2442", "from": "2442", "direction": "INBOUND", "status": "BUSY"}
    body = {"query": text, "variables": {"i": given}}
    known = {"Authorization": f"Bearer {platform.key}"}
    answer = await platform.http.post("/graphql", json=body, headers=known | headers)
    assert answer.json() == {"data": {"recordPhoneCall": {"userErrors": []}}}


async def test_an_event_and_its_webhook_know_the_request_that_they_come_from(
    ours: Door, platform: Door, account: str, database_url: str, broker_url: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    async with Receiver.listening() as receiver:
        await ours.do("createWebhookEndpoint", "webhookEndpoint", url=f"{receiver.origin}/told")
        await end_call(platform, account, **{"X-Request-Id": "order-66", "traceparent": TRACE_PARENT})
        with (
            process("worker", database_url, broker_url, log),
            process("scheduler", database_url, broker_url, log),
        ):
            (got,) = await receiver.wait_for("/told", seconds=90)
        assert await stored(database_url, got.event["id"]) == ("order-66", TRACE_PARENT)
        assert (got.headers["x-request-id"], got.headers["traceparent"]) == ("order-66", TRACE_PARENT)


async def scraped(http: AsyncClient) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by its name and labels."""
    response = await http.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def requests_of(samples: dict[Any, float], **labels: str) -> float:
    return samples.get(("carrierql_request_seconds_count", tuple(sorted(labels.items()))), 0)


async def test_requests_are_counted_by_door_operation_and_status(ours: Door, account: str) -> None:
    before = await scraped(ours.http)
    await ours.rest("GET", f"accounts/{account}")
    await ours.rest("GET", "accounts/unknown")
    await ours.rest("GET", "nowhere")
    await ours.graphql("query Mine { accounts { nodes { id } } }")
    await ours.graphql("{ accounts { nodes { id } } }")
    after = await scraped(ours.http)
    for labels in (
        {"door": "rest", "operation": "RetrieveAccount", "status": "200"},
        {"door": "rest", "operation": "RetrieveAccount", "status": "404"},
        {"door": "rest", "operation": "", "status": "404"},
        {"door": "graphql", "operation": "Mine", "status": "200"},
        {"door": "graphql", "operation": "anonymous", "status": "200"},
    ):
        assert requests_of(after, **labels) == requests_of(before, **labels) + 1, labels
    for pool in ("reads", "writes"):
        counted = ("carrierql_sql_seconds_count", (("pool", pool),))
        assert after[counted] > 0
        state = {
            kind: after["carrierql_pool_connections", (("pool", pool), ("state", kind))] for kind in STATES
        }
        assert 0 <= state["used"] <= state["open"] <= state["most"] == 10


STATES = ("used", "open", "most")


async def test_clients_cannot_make_labels_without_end(ours: Door) -> None:
    for number in range(metrics.MAX_NAMES + 10):
        await ours.graphql(f"query Name{number} {{ __typename }}")
    labels = [
        dict(labels)
        for (name, labels) in await scraped(ours.http)
        if name == "carrierql_request_seconds_count"
    ]
    names = {label["operation"] for label in labels if label["door"] == "graphql"}
    assert metrics.OTHERS in names
    assert len(names) <= metrics.MAX_NAMES + 1


async def test_webhooks_are_counted(ours: Door, platform: Door, account: str, database_url: str) -> None:
    due = ("carrierql_webhook_due", ())
    oldest = ("carrierql_webhook_oldest_due_seconds", ())
    before = await scraped(ours.http)
    await ours.do("createWebhookEndpoint", "webhookEndpoint", url="http://127.0.0.1:9/nobody")
    await end_call(platform, account)
    after = await scraped(ours.http)
    assert after[due] == before[due] + 1
    assert after[oldest] > 0
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE webhook_endpoint SET enabled = false")
    await connection.close()
    disabled = await scraped(ours.http)
    assert (disabled[due], disabled[oldest]) == (0, 0)


@asynccontextmanager
async def answering(port: int) -> AsyncIterator[AsyncClient]:
    """A client of the server at this port, once it answers."""
    origin = f"http://127.0.0.1:{port}"
    async with AsyncClient(base_url=origin, headers={"Connection": "close"}, timeout=30) as client:
        async with asyncio.timeout(60):
            while True:
                try:
                    await client.get("/health/live")
                    break
                except TransportError:
                    await asyncio.sleep(0.05)
        yield client


async def test_processes_on_one_port_answer_for_each_other(
    database_url: str, broker_url: str, tmp_path: Path
) -> None:
    port = free_port()
    more = {"PORT": str(port), "WEB_CONCURRENCY": "2"}
    with process("serve", database_url, broker_url, tmp_path / "log", **more):
        async with answering(port) as http:
            for _ in range(20):
                assert (await http.get("/carrier/v1/accounts")).status_code == 401
            for _ in range(4):
                async with asyncio.timeout(10):  # what other processes have counted comes within a second
                    while requests_of(await scraped(http), door="rest", operation="", status="401") != 20:  # noqa: ASYNC110  another process's doing
                        await asyncio.sleep(0.1)


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.configure("tests", SimpleSpanProcessor(exporter))
    yield exporter
    tracing.tracer = tracing.propagator = None


async def test_a_trace_leads_from_the_request_over_sql_to_the_event(
    ours: Door, platform: Door, account: str, database_url: str, spans: InMemorySpanExporter
) -> None:
    await end_call(platform, account, traceparent=TRACE_PARENT)
    by_name: dict[str, list[ReadableSpan]] = {}
    for span in spans.get_finished_spans():
        assert span.context is not None
        assert f"{span.context.trace_id:032x}" == TRACE
        by_name.setdefault(span.name, []).append(span)
    (request,) = by_name.pop("anonymous")
    assert request.context is not None
    assert request.parent is not None
    assert f"{request.parent.span_id:016x}" == "b7ad6b7169203331"
    assert list(by_name) == ["sql"]
    assert {span.parent.span_id for span in by_name["sql"] if span.parent} == {request.context.span_id}
    (event,) = (await ours.rest("GET", "events")).json()["data"]
    _, kept = await stored(database_url, event["id"])
    assert kept == f"00-{TRACE}-{request.context.span_id:016x}-01"


SECRET_BODY = "the secret words of a message"
SECRET_NUMBER = "+85512334668"


@pytest.fixture
async def unlucky_database() -> AsyncIterator[str]:
    """A database that takes no message with the secret words, and says so with the whole row."""
    async with fresh_database(os.environ[TEMPLATE]) as url:
        connection = await asyncpg.connect(url)
        await connection.execute(
            f"ALTER TABLE message ADD CONSTRAINT bad_luck CHECK (body <> '{SECRET_BODY}')"
        )
        await connection.close()
        yield url


async def test_no_secret_is_in_any_log(unlucky_database: str, broker_url: str, tmp_path: Path) -> None:
    log, port = tmp_path / "log", free_port()
    with (
        process("serve", unlucky_database, broker_url, log, PORT=str(port)),
        process("worker", unlucky_database, broker_url, log),
        process("scheduler", unlucky_database, broker_url, log),
    ):
        async with answering(port) as http, Receiver.listening() as receiver:
            secrets = await drive(http, unlucky_database, receiver)
    said = log.read_text()
    faults = [orjson.loads(line) for line in said.splitlines()]
    assert "operation failed" in {fault["event"] for fault in faults}
    assert "CheckViolation" in said
    assert "unlucky-request" in {fault.get("request_id") for fault in faults}
    for secret in secrets:
        assert secret not in said


def test_a_fault_is_told_to_people_with_its_traceback_below() -> None:
    try:
        raise ValueError(f"no room for {SECRET_NUMBER}")
    except ValueError as error:
        fault = type(error), error, error.__traceback__
    more = {"id": "af", "path": ["a", 0], "token": "t"}
    record = logging.getLogger(OURS).makeRecord(OURS, logging.ERROR, "", 0, "failed", (), fault, extra=more)
    said, *trace = Line(console).format(record).splitlines()
    assert re.fullmatch(r"\S+ error    failed id=af path=\['a', 0\] token=\[redacted\]", said)
    assert trace[0].endswith("in test_a_fault_is_told_to_people_with_its_traceback_below")
    assert trace[-1] == "ValueError: no room for +[redacted]"


async def drive(http: AsyncClient, database_url: str, receiver: Receiver) -> list[str]:
    """Uses the service in many ways, with a fault of its own among them; what must not be told."""
    platform = Door(http, await platform_key(database_url))
    door = await new_carrier(platform, "Discreet")
    account = await door.do("createAccount", "account", name="Rocket Rides")
    shown = (await door.rest("GET", f"accounts/{account['id']}")).json()
    url = f"{receiver.origin}/told"
    made = await door.payload("createWebhookEndpoint", "webhookEndpoint", "{ signingSecret }", url=url)
    await new_call(platform, account["id"], to=SECRET_NUMBER, status="COMPLETED")
    await new_message(platform, account["id"], to=SECRET_NUMBER, body="Hello", status="SENT")
    await receiver.wait_for("/told", 2, seconds=90)
    given = {"accountId": account["id"], "to": SECRET_NUMBER, "from": "2442", "body": SECRET_BODY}
    text = "mutation($i: RecordMessageInput!) { recordMessage(input: $i) { userErrors { message } } }"
    failed = await http.post(
        "/graphql",
        json={"query": text, "variables": {"i": given | {"direction": "OUTBOUND_API"}}},
        headers={"Authorization": f"Bearer {platform.key}", "X-Request-Id": "unlucky-request"},
    )
    assert failed.json()["errors"][0]["extensions"]["code"] == "INTERNAL"
    return [
        *(door.key, platform.key, SECRET_BODY, SECRET_NUMBER, SECRET_NUMBER[1:]),
        shown["data"]["attributes"]["auth_token"],
        made["webhookEndpoint"]["signingSecret"],
    ]


async def platform_key(database_url: str) -> str:
    token, times = new_token(), born()
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "INSERT INTO api_key (id, created_at, updated_at, name, role, access, token_hash) "
        "VALUES ($1, $2, $2, 'platform', $3, $4, $5)",
        *(times["id"], times["created_at"], ApiKeyRole.PLATFORM.value, ApiKeyAccess.WRITE.value),
        fingerprint(token),
    )
    await connection.close()
    return token
