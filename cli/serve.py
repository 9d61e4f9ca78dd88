"""`carrierql serve`: the API server alone."""

import gc
import os
import socket
from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import CommandError
from settings import Settings, load

if TYPE_CHECKING:
    from starlette.applications import Starlette

DRAIN_SECONDS = 20
# Longer than proxies and clients keep an idle connection: whoever closes first must not be us, for a
# request that is under way just then is lost.
KEEP_ALIVE_SECONDS = 75
MAX_MESSAGE = 1024 * 1024


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on; the port is PORT.")] = "127.0.0.1",
    descriptor: Annotated[int | None, typer.Option("--fd", hidden=True)] = None,
) -> None:
    """Serve the API: needs DATABASE_URL, BROKER_URL and SECRET_KEY."""
    settings = load()
    inherited = descriptor is not None  # `up` listens itself: a restarted server refuses nobody meanwhile
    with socket.socket(fileno=descriptor) if inherited else listen(host, settings.port) as listener:
        run(settings, listener)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that children inherit; IPv6 where `host` has a colon."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else error
        raise CommandError(f"cannot listen on port {port} of {host}: {reason}") from None
    listener.set_inheritable(True)
    return listener


def application() -> "Starlette":
    """Make the application in this process, and have Python's collector pass over what stays."""
    gc.disable()  # nearly nothing of a start is garbage, and looking for it takes a seventh of the time
    from app import create_app  # noqa: PLC0415  the schema takes time to load

    made = create_app()
    gc.freeze()  # no later collection need look at it
    gc.enable()
    return made


def run(settings: Settings, listener: socket.socket) -> None:
    """Answer until SIGTERM or Ctrl-C, then finish what was begun."""
    from uvicorn import Config, Server  # noqa: PLC0415  only a server needs it
    from uvicorn.supervisors import Multiprocess  # noqa: PLC0415  only a server needs it

    config = Config(
        "cli.serve:application",
        factory=True,
        workers=settings.web_concurrency,
        loop="uvloop",
        http="cli.bounded_http:BoundedHttp",
        ws="websockets-sansio",
        ws_max_size=MAX_MESSAGE,
        ws_per_message_deflate=False,  # a small event grows by it, and each connection would keep its windows
        access_log=False,
        log_level="warning",
        server_header=False,
        forwarded_allow_ips=settings.forwarded_allow_ips,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    if settings.web_concurrency > 1:
        with TemporaryDirectory(prefix="carrierql-metrics-") as directory:
            os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", directory)  # the processes' common figures
            Multiprocess(config, sockets=[listener]).run()
        return
    with suppress(KeyboardInterrupt):  # raised again by uvicorn once it has stopped in order
        Server(config).run(sockets=[listener])
