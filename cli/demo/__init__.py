"""The demo carrier of `up --demo`: made, and kept busy, through the public mutations alone."""

import json
from typing import Annotated

import typer

from cli.data_directory import DEFAULT
from cli.options import AsJson, DataDir

app = typer.Typer(help="The demo carrier.", no_args_is_help=True, hidden=True)


@app.command()
def seed(*, as_json: AsJson = False, data_dir: DataDir = DEFAULT) -> None:
    """Make the demo carrier with 30 days of traffic, and show its API key, once."""
    from cli.demo.history import make_carrier  # noqa: PLC0415  the schema takes time to load
    from cli.operator import operate  # noqa: PLC0415  the schema takes time to load

    carrier = operate(data_dir, make_carrier, connections=8)
    typer.echo(
        json.dumps(carrier) if as_json else "\n".join(f"{field}: {carrier[field]}" for field in carrier)
    )


@app.command()
def stream(
    carrier: Annotated[str, typer.Argument(metavar="ID", help="The carrier's id.")],
    data_dir: DataDir = DEFAULT,
) -> None:
    """Report a call or a message every few seconds, until stopped."""
    from cli.demo.live import stream as report  # noqa: PLC0415  the schema takes time to load
    from cli.operator import operate  # noqa: PLC0415  the schema takes time to load

    operate(data_dir, lambda operator: report(operator, carrier), connections=4)
