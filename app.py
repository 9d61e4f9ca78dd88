"""The ASGI application on one screen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jsonapi_facade.handlers import PREFIX, carrier_v1
from jsonapi_facade.operations import validate_operations
from models.database import UNAVAILABLE, Database
from models.secrets import Cipher
from observability import configure_logging
from pages import graphiql
from pages import routes as pages
from resolvers.service import Service
from schema.over_http import graphql
from settings import Settings, load
from workers import broker

METHODS = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]


def create_app(settings: Settings | None = None) -> Starlette:
    """The application for these settings, or those of the environment."""
    chosen = settings or load()
    configure_logging(chosen.log_format)
    validate_operations()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with Database.open(chosen.database_url) as database:
            private = chosen.webhook_allow_private_addresses
            app.state.service = Service(database, Cipher(chosen.secret_key), private)
            yield

    app = Starlette(
        routes=[
            Route(PREFIX + "/{path:path}", carrier_v1, methods=METHODS),
            Route("/graphql", graphql, methods=METHODS),
            Route("/health/live", live),
            Route("/health/ready", ready),
            *pages,
        ],
        lifespan=lifespan,
    )
    app.state.public_url, app.state.broker_url = chosen.public_url, chosen.broker_url
    app.state.graphiql = graphiql
    return app


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
