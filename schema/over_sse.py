"""GraphQL over server-sent events: graphql-sse's "distinct connections", one operation for one response."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

import orjson
from graphql import ExecutionResult
from starlette.responses import Response, StreamingResponse

from schema.root import schema
from schema.streaming import stream

ALIVE_SECONDS = 12  # shorter than what proxies wait for a word
ALIVE = b":\n\n"
COMPLETE = b"event: complete\ndata:\n\n"
# Proxies that collect answers would hold events back.
HEADERS = {"cache-control": "no-store", "vary": "Accept", "x-accel-buffering": "no"}


def events(asked: Any, context: Any, payload: Any) -> Response:
    """The answers of an operation as they come: `next` for each, then `complete`."""
    answers = stream(schema, asked.text, asked.variables, context, asked.name)
    return StreamingResponse(
        _written(answers, context.events, payload), headers=HEADERS, media_type="text/event-stream"
    )


async def _written(
    answers: AsyncGenerator[ExecutionResult, None], source: Any, payload: Any
) -> AsyncGenerator[bytes, None]:
    async with aclosing(answers):
        pending = asyncio.ensure_future(anext(answers))
        try:
            while True:
                done, _ = await asyncio.wait({pending}, timeout=ALIVE_SECONDS)
                if not done:
                    yield ALIVE
                    continue
                try:
                    answer = pending.result()
                except StopAsyncIteration:
                    break
                shown = orjson.dumps(payload(answer), option=orjson.OPT_UTC_Z)
                yield b"event: next\ndata: " + shown + b"\n\n"
                pending = asyncio.ensure_future(anext(answers))
        finally:
            pending.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration, Exception):
                await pending
    if not source.over:  # a client whose stream ends without this word asks again, of another process
        yield COMPLETE
