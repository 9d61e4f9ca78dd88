"""Receivers of webhooks: real HTTP servers on loopback that remember what they were sent."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def webhook_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        data: dict[str, Any] = orjson.loads(self.body)["data"]
        return data


@dataclass
class Receiver:
    """Answers by `answers[path]`, a status or a function of the request; 204 where nothing is said."""

    origin: str
    received: list[Received] = field(default_factory=list)
    answers: dict[str, int | Callable[[web.Request], Any]] = field(default_factory=dict)
    _more: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        got = Received(request.path, headers, await request.read())
        async with self._more:
            self.received.append(got)
            self._more.notify_all()
        answer = self.answers.get(request.path, 204)
        if isinstance(answer, int):
            return web.Response(status=answer)
        response: web.StreamResponse = await answer(request)
        return response

    def at(self, path: str) -> list[Received]:
        return [one for one in self.received if one.path == path]

    async def wait_for(self, path: str, count: int = 1, seconds: float = 30) -> list[Received]:
        """What has come to `path`, as soon as there are `count` of it."""
        async with asyncio.timeout(seconds), self._more:
            await self._more.wait_for(lambda: len(self.at(path)) >= count)
        return self.at(path)

    @classmethod
    @asynccontextmanager
    async def listening(cls) -> AsyncIterator["Receiver"]:
        receiver = cls("")
        application = web.Application(client_max_size=2**24)
        application.router.add_route("*", "/{path:.*}", receiver.handle)
        runner = web.AppRunner(application, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined] # a server of sockets
        receiver.origin = f"http://127.0.0.1:{port}"
        try:
            yield receiver
        finally:
            await runner.cleanup()
