"""Writes with Idempotency-Key, If-Match or both: each is one transaction."""

from collections.abc import Awaitable, Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from jsonapi_facade.errors import Problem, Rejected
from jsonapi_facade.negotiation import read_limited, with_body
from jsonapi_facade.resources import Resource
from models.api_key import ApiKeyAccess
from models.tables import METADATA
from resolvers.conditions import NoMatch, parse_id
from resolvers.idempotency import HEADER, Kept, Unusable, once
from resolvers.whole import whole

Act = Callable[[Request, Any], Awaitable[Response]]
Change = Callable[[Any], Awaitable[Response]]
FAULT = 500


async def done_once(request: Request, context: Any, key: str, act: Act) -> Response:
    """What `act` answers, or did to the same request before; it must answer errors too. Raises Rejected."""
    body = await read_limited(request)
    again = with_body(request, body)
    if context.viewer.access is ApiKeyAccess.READ:
        return await act(again, context)  # it is refused, which must not be kept for the carrier's other keys

    async def kept(within: Any) -> tuple[Kept, bool]:
        response = await act(again, within)
        found = Kept(response.status_code, dict(response.headers), bytes(response.body))
        return found, response.status_code < FAULT

    path, query = request.scope["path"].encode(), request.scope["query_string"]
    said = b"%s %s?%s\n%s" % (request.method.encode(), path, query, body)
    try:
        answer = await once(context, key, said, kept)
    except Unusable as error:
        problem = Problem(error.status, error.code, error.message, {"header": HEADER})
        raise Rejected([problem], error.headers) from None
    return Response(answer.body, answer.status, answer.headers)


async def if_matching(
    context: Any,
    resource: Resource,
    row_id: str,
    asked: str,
    show: Act,
    act: Callable[[Any], Awaitable[Response]],
) -> Response:
    """What `act` answers while the row is as `asked` by its ETag and cannot change. Raises Rejected: 412.

    A row that is not there is left to `act`: it answers 404, as it does without If-Match.
    """
    async with whole(context) as (within, connection):
        if await _lock(connection, context, resource, row_id) and asked.strip() != "*":
            shown = await show(Request({"type": "http", "query_string": b"", "headers": []}), within)
            # A weak comparison, though RFC 9110 has a strong one here: all our tags are weak.
            known = {part.strip().removeprefix("W/") for part in asked.split(",")}
            if shown.headers["etag"].removeprefix("W/") not in known:
                detail = f"this {resource.type} was changed since; read it again, and send its new ETag"
                raise Rejected([Problem(412, "precondition_failed", detail, {"header": "If-Match"})])
        return await act(within)


async def _lock(connection: AsyncConnection, context: Any, resource: Resource, row_id: str) -> bool:
    """Whether the row is there; it stays as it is until the transaction ends."""
    table = METADATA.tables[resource.type]
    owner = table.c.carrier_id == context.viewer.carrier_id
    try:
        query = sa.select(table.c.id).where(table.c.id == parse_id(row_id), owner).with_for_update()
    except NoMatch:
        return False
    return (await connection.execute(query)).first() is not None
