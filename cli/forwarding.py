"""Forwards followed events to a receiver, each POST made as the service's workers make it."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import typer

from cli.following import Follower
from models import event, ids
from models.webhook_endpoint import USUAL_CONCURRENCY
from settings import load_environment
from workers.sending import Outcome, Sender
from workers.signing import Signer

Line = Callable[[dict[str, Any], Outcome | None], str]


class Forwarder:
    """Says a line for each event: at once, or when `target` has answered."""

    def __init__(self, target: str | None, secret: str, line: Line) -> None:
        environment = load_environment()
        self._target, self._line = target, line
        self._signer = Signer(environment.webhook_issuer, secret)
        self._attempt_seconds = environment.webhook_attempt_seconds
        self._places = asyncio.Semaphore(USUAL_CONCURRENCY)

    async def forward_all(self, follower: Follower) -> None:
        """For ever; as many POSTs at once as an endpoint usually allows. Raises CommandError."""
        async with Sender(allow_private=True, attempt_seconds=self._attempt_seconds) as sender:
            try:
                async with asyncio.TaskGroup() as group:
                    async for found in follower.events():
                        await self._places.acquire()
                        group.create_task(self._show(sender, found))
            except ExceptionGroup as several:
                raise several.exceptions[0] from None  # the follower's: the others raise none

    async def _show(self, sender: Sender, found: dict[str, Any]) -> None:
        outcome = None if self._target is None else await self._forward(sender, self._target, found)
        self._places.release()
        typer.echo(self._line(found, outcome))

    async def _forward(self, sender: Sender, target: str, found: dict[str, Any]) -> Outcome:
        body = body_of(found)
        # There is no delivery: the event's id lets the receiver drop what it has seen.
        return await sender.send(target, body, self._signer.headers(found["id"], body, ids.now()))


def body_of(found: dict[str, Any]) -> bytes:
    """The body of the webhook, byte for byte what the service would send."""
    created, updated = (datetime.fromisoformat(found[name]) for name in ("createdAt", "updatedAt"))
    details = orjson.dumps(found["details"]).decode()
    return event.document(UUID(found["id"]), created, updated, found["type"], details)
