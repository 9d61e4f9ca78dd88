"""One attempt to deliver a webhook: a POST that ends as an `Outcome`, however hostile the endpoint."""

import asyncio
import ssl
import time
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
)

from models.ids import now
from workers.answers import BoundedConnector
from workers.endings import in_words
from workers.retry import parse_retry_after
from workers.wall import CheckedResolver, checked_sockets

CONNECT_SECONDS = 5
KEPT_BODY = 16 * 1024
KEPT_HEADERS = 64
KEPT_HEADER_CHARACTERS = 16 * 1024

# Shorter than any server's own patience: one that hangs up just as a POST begins costs an attempt.
KEEP_ALIVE_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended."""

    attempted_at: datetime
    duration_ms: int
    status_code: int | None
    """None where no HTTP answer came."""
    error: str | None
    """What went wrong, in words for the endpoint's developer; it may stand beside a status."""
    response_headers: tuple[tuple[str, str], ...]
    """In their order, at most 64 and 16,384 characters."""
    response_body: bytes
    """At most the first 16 KiB, as they came."""
    retry_after: int | None
    """Seconds that the endpoint asks to be left alone, up to a day."""

    @property
    def succeeded(self) -> bool:
        """Any 2xx: the endpoint has taken it, even where the body of its answer broke off."""
        return self.status_code is not None and 200 <= self.status_code < 300  # noqa: PLR2004


class Sender:
    """Sends webhooks over one pool of connections; one for each process and event loop.

    `attempt_seconds` bounds an attempt from the look-up of the name to the end of the answer. With
    `allow_private` the wall lets private networks through.
    """

    def __init__(self, *, allow_private: bool, attempt_seconds: float) -> None:
        self._allow_private = allow_private
        self._attempt_seconds = attempt_seconds

    async def __aenter__(self) -> Self:
        connector = BoundedConnector(
            resolver=CheckedResolver(allow_private=self._allow_private, seconds=CONNECT_SECONDS),
            socket_factory=checked_sockets(allow_private=self._allow_private),
            ssl=ssl.create_default_context(),
            limit=0,  # a place in a queue of connections would be lost to slow endpoints
            keepalive_timeout=KEEP_ALIVE_SECONDS,
        )
        self._session = ClientSession(
            connector=connector,
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            headers={"Accept-Encoding": "identity"},
            timeout=ClientTimeout(sock_connect=CONNECT_SECONDS),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def send(self, url: str, body: bytes, headers: dict[str, str]) -> Outcome:
        """POST `body`; nothing that the other side does makes this raise."""
        answer = _Answer()
        began = time.monotonic()
        try:
            # Around all of it, for the timeouts of aiohttp do not watch the end of a connection.
            async with asyncio.timeout(self._attempt_seconds):
                await self._post(url, body, headers, answer)
        except (ClientError, OSError, ValueError) as failure:  # ValueError: a host name that is none
            answer.error = in_words(failure, self._attempt_seconds)
        return answer.outcome(time.monotonic() - began)

    async def _post(self, url: str, body: bytes, headers: dict[str, str], answer: "_Answer") -> None:
        post = self._session.post(url, data=body, headers=headers, allow_redirects=False)
        async with post as response:
            answer.begin(response)
            await answer.read(response)


class _Answer:
    """What has come so far, so that an answer that breaks off is not lost."""

    def __init__(self) -> None:
        self.attempted_at = now()
        self.status: int | None = None
        self.error: str | None = None
        self.headers: tuple[tuple[str, str], ...] = ()
        self.body = bytearray()
        self.retry_after: int | None = None

    def begin(self, response: ClientResponse) -> None:
        self.status = response.status
        self.headers = _kept_headers(response)
        if (text := response.headers.get("Retry-After")) is not None:
            self.retry_after = parse_retry_after(text, now())
        if 300 <= response.status < 400:  # noqa: PLR2004  redirections
            self.error = "redirects are not followed: give the URL that this one leads to"

    async def read(self, response: ClientResponse) -> None:
        """Read on behind what is kept, so that the connection can be used again."""
        while part := await response.content.readany():
            self.body += part[: KEPT_BODY - len(self.body)]

    def outcome(self, seconds: float) -> Outcome:
        return Outcome(
            attempted_at=self.attempted_at,
            duration_ms=round(seconds * 1000),
            status_code=self.status,
            error=self.error,
            response_headers=self.headers,
            response_body=bytes(self.body),
            retry_after=self.retry_after,
        )


def _kept_headers(response: ClientResponse) -> tuple[tuple[str, str], ...]:
    """The first ones, as text that a database takes: bytes that are no UTF-8 are replaced."""
    kept: list[tuple[str, str]] = []
    room = KEPT_HEADER_CHARACTERS
    for name, raw in list(response.headers.items())[:KEPT_HEADERS]:
        value = raw.encode(errors="surrogateescape").decode(errors="replace")
        room -= len(name) + len(value)
        if room < 0:
            break
        kept.append((name, value))
    return tuple(kept)
