"""`carrierql up`: the whole service on one machine, from one command."""

import asyncio
import http.client
import json
import os
import signal
import socket
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

import typer

from cli import greeting
from cli.console import say
from cli.data_directory import DEFAULT, DataDirectory
from cli.embedded import Postgres, Server, Valkey
from cli.options import DataDir
from cli.serve import listen
from cli.supervisor import Command, Supervisor, ask
from settings import Environment, load_environment


def up(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="The port; PORT unless said.")] = None,
    data_dir: DataDir = DEFAULT,
    demo: Annotated[
        bool, typer.Option("--demo", help="Add a carrier with data and a stream of calls.")
    ] = False,
) -> None:
    """Run everything here: database, broker, migrations, API and webhooks, until Ctrl-C."""
    environment = load_environment()
    directory = DataDirectory(data_dir)
    with directory.held(), listen(host, port or environment.port) as listener:
        asyncio.run(run(Site(environment, directory, listener, demo)))


@dataclass(frozen=True)
class Site:
    """What one `up` works with."""

    environment: Environment
    directory: DataDirectory
    listener: socket.socket
    demo: bool

    @property
    def origin(self) -> str:
        return self.environment.public_url or greeting.origin_of(self.listener)


async def run(site: Site) -> None:
    """Bring everything up and keep it up; the first signal stops in order, the second at once."""
    supervisor = Supervisor()
    work = asyncio.create_task(bring_up(site, supervisor))
    asked = asyncio.Event()

    def interrupt() -> None:
        if asked.is_set():
            supervisor.kill()
        asked.set()
        work.cancel()

    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(signum, interrupt)
    try:
        await work
    except asyncio.CancelledError:
        say("up", "stopping; Ctrl-C once more ends it at once")
    finally:
        asked.set()
        await supervisor.stop()
    say("up", "stopped")


async def bring_up(site: Site, supervisor: Supervisor) -> None:
    """Start what is needed, in order, say where it is, and wait for ever."""
    addresses = {
        "DATABASE_URL": site.environment.database_url or await embedded(site, supervisor, Postgres),
        "BROKER_URL": site.environment.broker_url or await embedded(site, supervisor, Valkey),
    }
    surroundings = surroundings_of(site, addresses)
    with site.directory.published(addresses | {"ORIGIN": greeting.origin_of(site.listener)}):
        await ask(("migrate",), surroundings)
        key = asyncio.create_task(once(site, "platform_key", ("keys", "create", "--platform"), surroundings))
        # The kernel ends the worker with us: alone, without its database, it could record nothing.
        await supervisor.start(Command("worker", ("worker",), surroundings, death_signal=signal.SIGKILL))
        await supervisor.start(Command("scheduler", ("scheduler",), surroundings))
        await supervisor.start(web(site, surroundings))
        made = await key
        greeting.service(site.origin, made["api_key"] if made else None)
        if site.demo:
            await bring_demo(site, supervisor, surroundings)
        await supervisor.watch()


async def bring_demo(site: Site, supervisor: Supervisor, surroundings: dict[str, str]) -> None:
    if "demo_carrier" not in site.directory.told():
        say("up", "adding the demo carrier and 30 days of its traffic; this takes some seconds")
    carrier = await once(site, "demo_carrier", ("demo", "seed"), surroundings)
    identifier = site.directory.told()["demo_carrier"]
    greeting.demo(site.origin, identifier, carrier["api_key"] if carrier else None)
    await supervisor.start(Command("demo", ("demo", "stream", identifier), surroundings))


async def once(
    site: Site, fact: str, arguments: tuple[str, ...], surroundings: dict[str, str]
) -> dict[str, str] | None:
    """What the command makes, its key included; None where an earlier start has made it."""
    if fact in site.directory.told():
        return None
    made: dict[str, str] = json.loads(await ask((*arguments, "--json"), surroundings))
    site.directory.tell(**{fact: made["id"]})
    return made


async def embedded(site: Site, supervisor: Supervisor, kind: type[Server]) -> str:
    server = kind(site.directory.path / kind.name)
    await supervisor.start(server)
    say("up", f"{kind.name} is ready: {server.url}")
    return server.url


def surroundings_of(site: Site, addresses: dict[str, str]) -> dict[str, str]:
    """The children's environment: ours, with the gaps filled."""
    # libpq's own variables would lead them away from the embedded database.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return (
        inherited
        | addresses
        | {
            "SECRET_KEY": site.environment.secret_key or site.directory.secret_key(),
            "LOG_FORMAT": site.environment.log_format,
            "PYTHONUNBUFFERED": "1",
        }
    )


def web(site: Site, surroundings: dict[str, str]) -> Command:
    """The API server on our own socket: only it can answer there, and its restart refuses nobody."""
    descriptor = site.listener.fileno()
    return Command(
        "web",
        ("serve", "--fd", str(descriptor)),
        surroundings,
        inherited=(descriptor,),
        answers=lambda: is_ready(site.listener),
    )


def is_ready(listener: socket.socket) -> bool:
    connection = http.client.HTTPConnection(*greeting.near_address(listener), timeout=2)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):  # it has not begun to answer
        return False
    finally:
        connection.close()
