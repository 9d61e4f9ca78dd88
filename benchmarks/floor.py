"""The floor: what a good engineer writes by hand, and tunes, to answer the same documents for calls.

Starlette, a pool of asyncpg without the reset query, casts to text in SQL, rows unpacked as tuples, orjson.
No key check, no limits, no GraphQL: it is what everything else of this folder is measured against.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.rows import CARRIER
from models.database import READ_SETTINGS

COLUMNS = """id::text, created_at, updated_at, "to", from_, price_unit, duration::text, direction, status,
             round(price, 5)::text, account_id::text"""
ONE = f"SELECT {COLUMNS} FROM phone_call WHERE id = $1 AND carrier_id = $2"
FIRST = f"SELECT {COLUMNS} FROM phone_call WHERE carrier_id = $1 ORDER BY phone_call.id DESC LIMIT $2"
AFTER = (
    f"SELECT {COLUMNS} FROM phone_call WHERE carrier_id = $1 AND id < $3 ORDER BY phone_call.id DESC LIMIT $2"
)
OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS


def create_app(url: str) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with asyncpg.create_pool(
            url, min_size=0, max_size=10, reset=no_reset, server_settings=READ_SETTINGS
        ) as pool:
            app.state.pool = pool
            yield

    routes = [
        Route("/carrier/v1/phone_calls", many),
        Route("/carrier/v1/phone_calls/{id}", one),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def from_environment() -> Starlette:
    return create_app(os.environ["FLOOR_DATABASE_URL"])


async def no_reset(_connection: Any) -> None:
    """Nothing is left behind by a SELECT."""


async def one(request: Request) -> Response:
    async with request.app.state.pool.acquire() as connection:
        row = await connection.fetchrow(ONE, UUID(request.path_params["id"]), CARRIER)
    if row is None:
        return Response(status_code=404)
    return respond({"data": shown([row])[0]})


async def many(request: Request) -> Response:
    query = request.query_params
    size = min(max(int(query.get("page[size]", "10")), 1), 100)
    after = query.get("page[after]")
    async with request.app.state.pool.acquire() as connection:
        if after is None:
            rows = await connection.fetch(FIRST, CARRIER, size + 1)
        else:
            rows = await connection.fetch(AFTER, CARRIER, size + 1, UUID(after))
    more = len(rows) > size
    data = shown(rows[:size])
    address = f"{request.scope['scheme']}://{request.headers['host']}{request.scope['path']}?page%5B"
    asked = f"&page%5Bsize%5D={size}" if "page[size]" in query else ""
    links = {
        "prev": f"{address}before%5D={data[0]['id']}{asked}" if data else None,
        "next": f"{address}after%5D={data[-1]['id']}{asked}" if more else None,
    }
    return respond({"data": data, "links": links})


def shown(rows: list[Any]) -> list[dict[str, Any]]:
    return [
        {
            "id": id_,
            "type": "phone_call",
            "attributes": {
                "created_at": created_at,
                "updated_at": updated_at,
                "to": to,
                "from": from_,
                "price_unit": price_unit,
                "duration": duration,
                "direction": direction,
                "status": status,
                "price": price,
            },
            "relationships": {"account": {"data": {"id": account, "type": "account"}}},
        }
        for (
            id_,
            created_at,
            updated_at,
            to,
            from_,
            price_unit,
            duration,
            direction,
            status,
            price,
            account,
        ) in rows
    ]


def respond(document: dict[str, Any]) -> Response:
    return Response(orjson.dumps(document, option=OPTIONS), media_type="application/vnd.api+json")
