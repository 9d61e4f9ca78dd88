"""The subscription `events` of a running service, over server-sent events, resumed when it breaks off."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import typer

from cli.errors import CommandError
from workers.endings import in_words

NEWEST = "query($filter: EventFilter) { events(filter: $filter, first: 1) { nodes { id } } }"
FOLLOW = """
subscription($filter: EventFilter, $after: ID) {
  events(filter: $filter, after: $after) { id type details createdAt updatedAt }
}
"""
ANSWER_SECONDS, SILENCE_SECONDS = 30, 40  # a comment comes every 12 seconds
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
LONGEST_EVENT = 1024 * 1024
TRIED_AGAIN = 500  # and above: it is the service's trouble, not ours
BROKEN = (aiohttp.ClientError, OSError, TimeoutError)


class Broken(Exception):
    """The service answers that it cannot just now."""


class Follower:
    """A key's events from the moment it begins, in order, each once, whatever breaks meanwhile."""

    def __init__(self, origin: str, key: str, carrier: str | None) -> None:
        self._url = f"{origin.rstrip('/')}/graphql"
        self._key = key
        self._filter = {"carrier": carrier} if carrier else None
        self._last: str | None = None

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """`{"id", "type", "details", "createdAt", "updatedAt"}` for each. Raises CommandError."""
        headers = {"Authorization": f"Bearer {self._key}"}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=ANSWER_SECONDS, sock_read=SILENCE_SECONDS)
        async with aiohttp.ClientSession(
            headers=headers, timeout=timeout, read_bufsize=LONGEST_EVENT
        ) as session:
            try:
                self._last = await self._newest(session)
            except (*BROKEN, Broken) as error:
                raise CommandError(f"{self._url} does not answer: {_reason(error)}") from None
            typer.echo(f"listening to {self._url}; Ctrl-C ends it", err=True)
            pause = SHORTEST_PAUSE
            while True:
                try:
                    async for event in self._stream(session):
                        pause = SHORTEST_PAUSE
                        self._last = event["id"]
                        yield event
                    reason = "the service has ended it"
                except (*BROKEN, Broken) as error:
                    reason = _reason(error)
                typer.echo(f"the connection is lost ({reason}); trying again in {pause:g} s", err=True)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    async def _newest(self, session: aiohttp.ClientSession) -> str | None:
        """The event after which ours begin: what comes while a connection is broken is not missed."""
        async with session.post(
            self._url, json={"query": NEWEST, "variables": self._variables()}
        ) as response:
            await _check(response)
            nodes = _data(await response.json())["events"]["nodes"]
        return nodes[0]["id"] if nodes else None

    async def _stream(self, session: aiohttp.ClientSession) -> AsyncIterator[dict[str, Any]]:
        asked = {"query": FOLLOW, "variables": self._variables() | {"after": self._last}}
        accept = {"Accept": "text/event-stream"}
        async with session.post(self._url, json=asked, headers=accept) as response:
            await _check(response)
            async for text in response.content:
                name, _, value = text.strip().partition(b":")
                if name == b"data" and value.strip():
                    yield _data(orjson.loads(value))["events"]

    def _variables(self) -> dict[str, Any]:
        return {"filter": self._filter}


async def _check(response: aiohttp.ClientResponse) -> None:
    if response.status >= TRIED_AGAIN:
        raise Broken(f"it answers {response.status}")
    if response.status != 200:  # noqa: PLR2004  OK
        try:
            _data(await response.json(content_type=None))
        except ValueError:
            raise CommandError(
                f"{response.url} answers {response.status}, as no GraphQL service does"
            ) from None


def _data(answer: Any) -> Any:
    """The data of an answer. Raises CommandError with what the service says is wrong."""
    if answer.get("errors"):
        raise CommandError(f"the service refuses: {answer['errors'][0]['message']}")
    return answer["data"]


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, Broken) else in_words(error, SILENCE_SECONDS)
