"""`carrierql webhooks listen`: events as they come, shown, and forwarded signed as the service signs.

It subscribes to `events` with an API key, like any client. No endpoint is made, and nothing here need be
reachable from the service.
"""

import asyncio
import json
import signal
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.data_directory import DEFAULT, DataDirectory
from cli.options import DataDir
from settings import load_environment

if TYPE_CHECKING:
    from workers.sending import Outcome


def listen(
    *,
    key: Annotated[str, typer.Option(envvar="CARRIERQL_API_KEY", help="An API key of the service.")],
    forward: Annotated[str | None, typer.Option(metavar="URL", help="Where to POST each event.")] = None,
    carrier: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this carrier's events, for a platform key.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="The service; the `up` under --data-dir, or PORT here, unless said.")
    ] = None,
    secret: Annotated[
        str | None,
        typer.Option(envvar="CARRIERQL_SIGNING_SECRET", help="What signs; made and shown unless said."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each event.")] = False,
    data_dir: DataDir = DEFAULT,
) -> None:
    """Show events as they come, and forward them signed, until Ctrl-C."""
    from cli.following import Follower  # noqa: PLC0415  aiohttp takes time to load
    from cli.forwarding import Forwarder  # noqa: PLC0415  aiohttp takes time to load
    from models import secrets  # noqa: PLC0415  cryptography takes time to load

    if forward is not None and not forward.startswith(("http://", "https://")):
        raise typer.BadParameter("give an http or https URL", param_hint="--forward")
    if secret is not None and (problem := secrets.signing_secret_problem(secret)):
        raise typer.BadParameter(problem, param_hint="--secret")
    signing_secret = secret or secrets.new_signing_secret()
    origin = url or origin_of(data_dir)
    if forward is not None:
        shown = f"; they are signed with {signing_secret}" if secret is None else ""
        typer.echo(f"events are forwarded to {forward}{shown}", err=True)
    forwarder = Forwarder(forward, signing_secret, json_line if as_json else line)
    asyncio.run(_until_stopped(forwarder.forward_all(Follower(origin, key, carrier))))


def origin_of(data_dir: Path) -> str:
    """Where the `up` that runs under `data_dir` answers, or else what would listen to PORT here."""
    known = DataDirectory(data_dir).addresses().get("ORIGIN")
    return known or f"http://127.0.0.1:{load_environment().port}"


async def _until_stopped(work: Any) -> None:
    """Do the work until SIGINT or SIGTERM, which is no failure."""
    task = asyncio.ensure_future(work)
    stopped = asyncio.Event()

    def stop() -> None:
        stopped.set()
        task.cancel()

    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not stopped.is_set():
            raise


def line(event: dict[str, Any], outcome: "Outcome | None") -> str:
    """09:44:32  message.sent          01a2…  204 in 12 ms"""
    moment = datetime.fromisoformat(event["createdAt"]).astimezone()
    shown = f"{moment:%H:%M:%S}  {event['type']:<20}  {event['id']}"
    if outcome is None:
        return shown
    answer = f"{outcome.status_code}" if outcome.error is None else outcome.error
    return f"{shown}  {answer} in {outcome.duration_ms} ms"


def json_line(event: dict[str, Any], outcome: "Outcome | None") -> str:
    answer = outcome and {
        "status_code": outcome.status_code,
        "error": outcome.error,
        "duration_ms": outcome.duration_ms,
    }
    shown = {"id": event["id"], "type": event["type"], "created_at": event["createdAt"]}
    return json.dumps(shown | {"details": event["details"], "answer": answer}, ensure_ascii=False)
