"""The ASGI application on one screen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import NoneType
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jsonapi_facade.errors import Rejected
from jsonapi_facade.handlers import CarrierV1
from jsonapi_facade.negotiation import read_limited
from jsonapi_facade.operations import validate_operations
from models.database import UNAVAILABLE, Database
from models.secrets import Cipher
from observability import configure_logging
from resolvers.keys import Keys, Unauthorized
from resolvers.service import Service
from schema.root import schema
from settings import Settings, load
from workers import broker


def create_app(settings: Settings | None = None) -> Starlette:
    """The application for these settings, or those of the environment."""
    chosen = settings or load()
    configure_logging(chosen.log_format)
    validate_operations()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with Database.open(chosen.database_url) as database:
            private, keys = chosen.webhook_allow_private_addresses, Keys(database)
            app.state.service = Service(database, Cipher(chosen.secret_key), private, keys)
            async with keys.listening():
                yield

    app = Starlette(
        routes=[
            Route("/graphql", graphql, methods=["POST"]),
            Route("/health/live", live),
            Route("/health/ready", ready),
        ],
        middleware=[Middleware(CarrierV1)],
        lifespan=lifespan,
    )
    app.state.public_url, app.state.broker_url = chosen.public_url, chosen.broker_url
    return app


async def graphql(request: Request) -> Response:
    """GraphQL over HTTP: a JSON object with query, variables and operationName."""
    try:
        given = orjson.loads(await read_limited(request))
        text, variables, name = _operation(given)
        context = await request.app.state.service.context_for(request.headers.get("authorization"))
    except (orjson.JSONDecodeError, ValueError) as error:
        return _graphql(
            {"errors": [{"message": f"the body is not what GraphQL over HTTP asks for: {error}"}]}, 400
        )
    except Rejected as rejected:
        return _graphql({"errors": [{"message": rejected.problems[0].detail}]}, rejected.problems[0].status)
    except Unauthorized as error:
        challenge = (
            f'Bearer realm="carrierql", error="{error.error}", error_description="{error.description}"'
        )
        shown = {"errors": [{"message": error.description, "extensions": {"code": error.error.upper()}}]}
        return _graphql(shown, error.status, {"WWW-Authenticate": challenge})
    except UNAVAILABLE:
        shown = {
            "errors": [{"message": "the database is away; try again", "extensions": {"code": "UNAVAILABLE"}}]
        }
        return _graphql(shown, 503, {"Retry-After": "1"})
    result = await schema.run(text, variables, context, name)
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [error.formatted for error in result.errors]
    return _graphql(answer, 200)


def _operation(given: Any) -> tuple[str, dict[str, Any] | None, str | None]:
    """(query, variables, operationName) of a request; raises ValueError."""
    if not isinstance(given, dict) or not isinstance(given.get("query"), str):
        raise ValueError('send a JSON object such as {"query": "{ viewer { key { name } } }"}')
    variables, name = given.get("variables"), given.get("operationName")
    if not isinstance(variables, dict | NoneType) or not isinstance(name, str | NoneType):
        raise ValueError("variables must be an object, operationName a string")
    return given["query"], variables, name


def _graphql(answer: dict[str, Any], status: int, headers: dict[str, str] | None = None) -> Response:
    body = orjson.dumps(answer, option=orjson.OPT_UTC_Z)
    return Response(body, status, headers, media_type="application/json")


async def live(_request: Request) -> Response:
    return JSONResponse({"status": "live"})


async def ready(request: Request) -> Response:
    """200 only while database and broker answer; says which does not."""
    state = {
        "database": "up",
        "broker": "up" if await broker.answers(request.app.state.broker_url) else "away",
    }
    try:
        await request.app.state.service.database.reads.fetchval("SELECT 1", timeout=broker.SECONDS)
    except UNAVAILABLE:
        state["database"] = "away"
    return JSONResponse(state, 200 if set(state.values()) == {"up"} else 503)
