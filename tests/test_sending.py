"""Sending a webhook to good and hostile endpoints, over real connections."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import Authority
from tests.commands import free_port
from tests.endpoints import Endpoint, hanging_up_after, repeating, resetting, saying, silent_after
from workers.sending import Sender

BODY = b'{"data": {"type": "event"}}'
HEADERS = {"Content-Type": "application/json", "webhook-id": "1"}
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere"


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    async with Sender(allow_private=True, attempt_seconds=15) as sender:
        yield sender


@pytest.fixture
async def impatient() -> AsyncIterator[Sender]:
    """For endpoints that never come to an end."""
    async with Sender(allow_private=True, attempt_seconds=0.3) as sender:
        yield sender


async def ending(sender: Sender, answer: Any, **how: Any) -> tuple[int | None, str | None, bytes]:
    """Status, error and kept body of one attempt."""
    async with Endpoint.listening(answer, **how) as endpoint:
        outcome = await sender.send(endpoint.url, BODY, HEADERS)
    return outcome.status_code, outcome.error, outcome.response_body


async def test_an_answer_is_told_whole(sender: Sender) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    async with Endpoint.listening(OK) as endpoint:
        outcome = await sender.send(endpoint.url, BODY, HEADERS)
    assert before < outcome.attempted_at < datetime.now(UTC)
    assert 0 <= outcome.duration_ms < 15_000
    assert (outcome.status_code, outcome.error, outcome.succeeded) == (200, None, True)
    assert outcome.response_headers == (("Content-Length", "5"),)
    assert (outcome.response_body, outcome.retry_after) == (b"there", None)


async def test_body_and_headers_arrive_byte_for_byte(sender: Sender) -> None:
    async with Endpoint.listening(OK) as endpoint:
        await sender.send(f"{endpoint.url}?a=b%20c", BODY, HEADERS)
    [request] = endpoint.requests
    assert request.head.split("\r\n")[0] == "POST /webhooks?a=b%20c HTTP/1.1"
    assert request.body == BODY
    assert request.headers | HEADERS == request.headers
    assert request.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_is_a_success(sender: Sender, status: int) -> None:
    async with Endpoint.listening(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status) as endpoint:
        outcome = await sender.send(endpoint.url, BODY, HEADERS)
    assert (outcome.status_code, outcome.error, outcome.succeeded) == (status, None, True)


@pytest.mark.parametrize("status", [400, 410, 429, 500, 503, 999])
async def test_another_status_is_a_failure_that_needs_no_words(sender: Sender, status: int) -> None:
    async with Endpoint.listening(b"HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\nno" % status) as endpoint:
        outcome = await sender.send(endpoint.url, BODY, HEADERS)
    assert (outcome.status_code, outcome.error, outcome.succeeded) == (status, None, False)
    assert outcome.response_body == b"no"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(sender: Sender, status: int) -> None:
    async with Endpoint.listening(OK) as inner:
        answer = b"HTTP/1.1 %d X\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, inner.url.encode())
        found = await ending(sender, answer)
    assert found == (status, "redirects are not followed: give the URL that this one leads to", b"")
    assert inner.connections == 0


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_retry_after_is_read_in_both_forms(sender: Sender, form: str) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    value = {"seconds": "7200", "date": date}[form].encode()
    answer = b"HTTP/1.1 503 X\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n" % value
    async with Endpoint.listening(answer) as endpoint:
        outcome = await sender.send(endpoint.url, BODY, HEADERS)
    assert outcome.retry_after is not None
    assert 7100 < outcome.retry_after <= 7200


async def test_a_connection_is_used_again(sender: Sender) -> None:
    async with Endpoint.listening(OK) as endpoint:
        for _ in range(3):
            assert (await sender.send(endpoint.url, BODY, HEADERS)).succeeded
    assert (len(endpoint.requests), endpoint.connections) == (3, 1)


async def test_cookies_are_not_taken_home(sender: Sender) -> None:
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    async with Endpoint.listening(answer) as endpoint:
        for _ in range(2):
            await sender.send(endpoint.url, BODY, HEADERS)
    assert ["Cookie" in request.headers for request in endpoint.requests] == [False, False]


async def test_proxies_of_the_environment_are_not_used(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Endpoint.listening(OK) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert await ending(sender, OK) == (200, None, b"there")
    assert proxy.connections == 0


async def test_an_endpoint_on_ipv6_is_reached(sender: Sender) -> None:
    assert await ending(sender, OK, host="::1") == (200, None, b"there")


async def test_16_kib_of_a_body_are_kept(sender: Sender) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000
    assert await ending(sender, answer) == (200, None, b"x" * 16_384)


@pytest.mark.parametrize(
    "chunk", [b"10000\r\n" + b"x" * 65_536 + b"\r\n", b"1\r\nx\r\n" * 10_000], ids=["large", "tiny"]
)
async def test_a_body_without_end_is_cut(sender: Sender, chunk: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert await ending(sender, repeating(head, chunk)) == (200, None, b"x" * 16_384)


async def test_a_connection_that_was_cut_is_not_used_again(sender: Sender) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000
    async with Endpoint.listening(answer) as endpoint:
        outcomes = [await sender.send(endpoint.url, BODY, HEADERS) for _ in range(2)]
    assert [(outcome.status_code, outcome.error) for outcome in outcomes] == [(200, None)] * 2
    assert endpoint.connections == 2


async def test_each_answer_on_a_connection_may_be_as_long(sender: Sender) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000
    async with Endpoint.listening(answer) as endpoint:
        for _ in range(3):
            assert (await sender.send(endpoint.url, BODY, HEADERS)).error is None
    assert endpoint.connections == 1


async def test_a_gzip_bomb_is_not_unpacked(sender: Sender) -> None:
    bomb = gzip.compress(bytes(20_000_000))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    assert await ending(sender, head + bomb) == (200, None, bomb[:16_384])


async def test_a_body_that_stops_coming_is_given_up() -> None:
    answer = silent_after(b"HTTP/1.1 500 X\r\nContent-Length: 9\r\n\r\npart")
    async with Sender(allow_private=True, attempt_seconds=3) as sender:
        found = await ending(sender, answer)
    assert found == (500, "no complete answer came within 3 seconds", b"part")


async def test_a_2xx_whose_body_breaks_off_is_a_success_with_words(sender: Sender) -> None:
    answer = hanging_up_after(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")
    async with Endpoint.listening(answer) as endpoint:
        outcome = await sender.send(endpoint.url, BODY, HEADERS)
    assert (outcome.succeeded, outcome.response_body) == (True, b"part")
    assert outcome.error == "the answer broke off before its end"


@pytest.mark.parametrize(
    "answer",
    [
        silent_after(b""),
        silent_after(b"HTTP/1.1 200 OK\r\nX-Slow: "),
        silent_after(b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silence", "half a header", "only continue"],
)
async def test_an_answer_that_does_not_come_is_given_up(impatient: Sender, answer: Any) -> None:
    assert await ending(impatient, answer) == (None, "no complete answer came within 0.3 seconds", b"")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (resetting, "the connection broke off: connection reset by peer"),
        (hanging_up_after(b""), "the connection was closed without an answer"),
        (saying(b"220 mail.example.com ESMTP\r\n"), "the answer is not valid HTTP: "),
        (repeating(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 10_000), "the answer is not valid HTTP: "),
        (repeating(b"HTTP/1.1 200 OK\r\n", b"X: x\r\n" * 1000), "the answer is not valid HTTP: "),
        (
            repeating(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
            "the answer has more than 128 KiB before its body",
        ),
        (repeating(b"HTTP/1.1 ", b"1" * 10_000), "the answer is not valid HTTP: "),
        (saying(b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n"), "the answer is not valid HTTP: "),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), "the answer is not valid HTTP: "),
    ],
    ids=[
        "reset",
        "hung up",
        "no HTTP",
        "huge header",
        "many headers",
        "continue",
        "huge status",
        "NUL",
        "length",
    ],
)
async def test_a_broken_answer_is_told_in_words(sender: Sender, answer: Any, error: str) -> None:
    status, words, body = await ending(sender, answer)
    assert (status, body) == (None, b"")
    assert words is not None
    assert words.startswith(error)
    assert len(words) < 250
    assert words.isprintable()


async def test_64_headers_of_16_kib_in_all_are_kept_as_text(sender: Sender) -> None:
    many = b"".join(b"X-%d: \xe9\xff\r\n" % number for number in range(100))
    async with Endpoint.listening(b"HTTP/1.1 204 X\r\n" + many + b"\r\n") as endpoint:
        outcome = await sender.send(endpoint.url, BODY, HEADERS)
    assert outcome.response_headers == tuple((f"X-{number}", "\ufffd\ufffd") for number in range(64))
    large = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 5000) for number in range(5))
    async with Endpoint.listening(b"HTTP/1.1 204 X\r\n" + large + b"\r\n") as endpoint:
        outcome = await sender.send(endpoint.url, BODY, HEADERS)
    assert [name for name, _ in outcome.response_headers] == ["X-0", "X-1", "X-2"]


async def test_a_closed_port_is_told_in_words(sender: Sender) -> None:
    outcome = await sender.send(f"http://127.0.0.1:{free_port()}/", BODY, HEADERS)
    assert outcome.error == "the connection could not be made: connection refused"
    assert (outcome.status_code, outcome.succeeded, outcome.response_headers) == (None, False, ())


@pytest.mark.parametrize(
    "url", ["http://a..b/", "http://127.1/", "nonsense", "ftp://example.com/", "http://"]
)
async def test_a_url_that_cannot_be_used_is_told_in_words(sender: Sender, url: str) -> None:
    outcome = await sender.send(url, BODY, HEADERS)
    assert outcome.status_code is None
    assert outcome.error is not None


async def test_a_certificate_is_believed_only_from_a_known_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, unknown = Authority(tmp_path / "known"), Authority(tmp_path / "unknown")
    monkeypatch.setenv("SSL_CERT_FILE", str(known.certificate))
    async with Sender(allow_private=True, attempt_seconds=15) as sender:
        assert await ending(sender, OK, tls=known.server("127.0.0.1")) == (200, None, b"there")
        refused = await ending(sender, OK, tls=unknown.server("127.0.0.1"))
        misnamed = await ending(sender, OK, tls=known.server("127.0.0.2"))
        expired = await ending(sender, OK, tls=known.server("127.0.0.1", days=-1))
    assert [found[1] for found in (refused, misnamed, expired)] == [
        "the TLS certificate is refused: unable to get local issuer certificate",
        "the TLS certificate is refused: IP address mismatch, certificate is not valid for '127.0.0.1'.",
        "the TLS certificate is refused: certificate has expired",
    ]


async def test_plain_http_behind_https_is_told_in_words(sender: Sender) -> None:
    async with Endpoint.listening(OK) as endpoint:
        plain = endpoint.url.replace("http:", "https:")
        server = await asyncio.start_server(_greet, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            outcome = await sender.send(plain.replace(str(endpoint.port), str(port)), BODY, HEADERS)
    assert outcome.error is not None
    assert outcome.error.startswith("TLS failed: ")


async def _greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OK)
    await writer.drain()
    writer.close()


async def test_a_hostile_endpoint_does_not_hold_up_a_good_one(sender: Sender) -> None:
    async with (
        Endpoint.listening(silent_after(b"HTTP/1.1 200 OK\r\n")) as hostile,
        Endpoint.listening(OK) as good,
        asyncio.TaskGroup() as waiting,
    ):
        attempts = [waiting.create_task(sender.send(hostile.url, BODY, HEADERS)) for _ in range(64)]
        outcomes = [await sender.send(good.url, BODY, HEADERS) for _ in range(10)]
        for attempt in attempts:
            attempt.cancel()
    assert [outcome.succeeded for outcome in outcomes] == [True] * 10


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}/", "http://[::ffff:127.0.0.1]:{}/"])
async def test_loopback_is_refused_without_a_connection(url: str) -> None:
    async with (
        Sender(allow_private=False, attempt_seconds=15) as sender,
        Endpoint.listening(OK) as endpoint,
    ):
        outcome = await sender.send(url.format(endpoint.port), BODY, HEADERS)
    assert outcome.error is not None
    assert outcome.error.endswith("a loopback address, which webhooks may not reach")
    assert endpoint.connections == 0


async def test_a_name_is_refused_for_the_address_that_it_gives() -> None:
    async with (
        Sender(allow_private=False, attempt_seconds=15) as sender,
        Endpoint.listening(OK) as endpoint,
    ):
        outcome = await sender.send(f"http://localhost:{endpoint.port}/", BODY, HEADERS)
    assert outcome.error in {
        f"the host name is refused: {address} is a loopback address, which webhooks may not reach"
        for address in ("127.0.0.1", "::1")
    }
    assert endpoint.connections == 0
