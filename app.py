"""The ASGI application on one screen."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from types import FrameType
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from jsonapi_facade import reference
from jsonapi_facade.handlers import CarrierV1
from jsonapi_facade.operations import validate_operations
from models.api_key import ApiKeyRole
from models.database import UNAVAILABLE, Database
from models.migrated import is_migrated
from models.secrets import Cipher
from observability import metrics
from observability.logs import configure_logging
from observability.requests import Observe
from observability.tracing import tracing
from pages import graphiql
from pages import routes as pages
from resolvers.admission import Admission
from resolvers.budget import Budgets, Guesses
from resolvers.event_stream import EventStream
from resolvers.keys import Keys
from resolvers.service import Service
from schema.over_http import graphql
from schema.over_websocket import websocket
from settings import Settings, load
from workers import broker_health, queue

FIGURE_SECONDS = 1
METHODS = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]


def create_app(settings: Settings | None = None) -> Starlette:
    """The application for these settings, or those of the environment."""
    chosen = settings or load()
    configure_logging(chosen.log_format)
    tracing.configure("carrierql-web")
    validate_operations()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with Database.open(chosen.database_url) as database:
            private = chosen.webhook_allow_private_addresses
            cipher = Cipher(chosen.secret_key, chosen.secret_key_previous)
            events, keys = EventStream(database), Keys(database, Guesses(chosen.wrong_key_limit))
            budgets = Budgets(database.reads)
            limits = {
                ApiKeyRole.CARRIER: chosen.rate_limit,
                ApiKeyRole.PLATFORM: chosen.platform_rate_limit,
            }
            app.state.service = Service(database, cipher, private, events, keys, budgets, limits, Admission())
            async with background(keep_figures(app.state.service)), keys.listening(), budgets.shared():
                with called_at_the_end(events.finish):
                    yield

    app = Starlette(
        routes=[
            Route("/graphql", graphql, methods=METHODS),
            WebSocketRoute("/graphql", websocket),
            Route("/openapi.json", reference.openapi_document),
            Route("/docs", reference.page),
            Route("/docs/{asset}", reference.asset),
            Route("/health/live", live),
            Route("/health/ready", ready),
            Route("/metrics", figures),
            *pages,
        ],
        middleware=[Middleware(Observe), Middleware(CarrierV1)],
        lifespan=lifespan,
    )
    app.state.public_url, app.state.broker_url = chosen.public_url, chosen.broker_url
    app.state.graphiql = graphiql
    return app


@contextmanager
def called_at_the_end(finish: Callable[[], None]) -> Iterator[None]:
    """Have `finish` called when the process is told to end: the server then waits for all answers' ends."""
    loop = asyncio.get_running_loop()
    former = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def end(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(finish)
        told = former[signal.Signals(number)]
        if callable(told):
            told(number, frame)

    served = {number: told for number, told in former.items() if callable(told)}
    for number in served:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, told in served.items():
            signal.signal(number, told)


async def live(_request: Request) -> Response:
    return JSONResponse({"status": "live"})


async def ready(request: Request) -> Response:
    """200 only while database and broker answer, and the database is migrated; says which is not so."""
    state = {
        "database": "up",
        "broker": "up" if await broker_health.answers(request.app.state.broker_url) else "away",
    }
    try:
        async with asyncio.timeout(broker_health.SECONDS):
            if not await is_migrated(request.app.state.service.database.reads.fetchrow):
                state["database"] = "not migrated: run carrierql migrate"
    except UNAVAILABLE:
        state["database"] = "away"
    return JSONResponse(state, 200 if set(state.values()) == {"up"} else 503)


@asynccontextmanager
async def background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """The work goes on meanwhile and ends with the block."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def keep_figures(service: Service) -> None:
    """Each process notes its own: a scrape reaches only one of them."""
    while True:
        metrics.hand_over()
        metrics.connections(service.database.connections())
        metrics.admission(service.admission.figures())
        await asyncio.sleep(FIGURE_SECONDS)


async def figures(request: Request) -> Response:
    """For Prometheus; what stands in the database is left out while it is away."""
    database = request.app.state.service.database
    with suppress(*UNAVAILABLE):
        metrics.webhooks(await queue.figures(database.reads))
    return Response(metrics.exposition(), headers={"Content-Type": metrics.MEDIA_TYPE})
