"""`carrierql simulate`: calls and messages that go through their lives at a given rate."""

import json
from random import Random
from typing import TYPE_CHECKING, Annotated

import typer

from cli.data_directory import DEFAULT, DataDirectory
from cli.errors import CommandError
from cli.options import AsJson, DataDir

if TYPE_CHECKING:
    from cli.demo.simulation import Simulation
    from cli.operator import Operator

USUAL_SECONDS = 60.0
CONNECTIONS = 8
KINDS = ("call", "message")


def simulate(
    *,
    rate: Annotated[float, typer.Option(min=0.01, max=1000, help="How many begin in a second.")] = 5,
    carrier: Annotated[
        str | None, typer.Option(metavar="ID", help="The carrier; the demo's, or the only one, unless said.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="For how long calls and messages begin; 60 unless said.")
    ] = None,
    calls: Annotated[
        int | None, typer.Option(min=0, help="How many calls to begin, instead of --seconds.")
    ] = None,
    messages: Annotated[
        int | None, typer.Option(min=0, help="How many messages to begin, instead of --seconds.")
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0.1, max=1000, help="How many times as fast as life each one goes by.")
    ] = 1,
    as_json: AsJson = False,
    data_dir: DataDir = DEFAULT,
) -> None:
    """Drive calls and messages through their lives; Ctrl-C brings those that have begun to their end."""
    from cli.demo.simulation import Simulation, choose_carrier  # noqa: PLC0415  the schema takes time to load
    from cli.operator import operate  # noqa: PLC0415  the schema takes time to load

    random = Random()  # noqa: S311  for show
    plan = _plan(random, rate, seconds, calls, messages)

    async def work(operator: "Operator") -> "Simulation":
        wanted = carrier or DataDirectory(data_dir).told().get("demo_carrier")
        simulation = Simulation(operator, random, speed)
        await simulation.run(await choose_carrier(operator, wanted), plan, rate)
        return simulation

    done = operate(data_dir, work, connections=CONNECTIONS)
    typer.echo(json.dumps(done.counts()) if as_json else done.sentence())
    if done.failures:
        raise CommandError(f"{len(done.failures)} did not come to their end: {done.failures[0]}")


def _plan(
    random: Random, rate: float, seconds: float | None, calls: int | None, messages: int | None
) -> list[str]:
    """What begins, in order: `call` or `message`."""
    if calls is None and messages is None:
        return random.choices(KINDS, k=max(1, round(rate * (seconds or USUAL_SECONDS))))
    if seconds is not None:
        raise typer.BadParameter("give either --seconds, or --calls and --messages")
    counts = (calls or 0, messages or 0)
    return random.sample(KINDS, counts=counts, k=sum(counts))
