"""The command `carrierql`: every command calls what the doors call.

A command's module is loaded when it is called, or told of by `--help`, and the GraphQL schema and the
database driver only when it runs: a server that is started again must answer soon.
"""

import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from cli.errors import CommandError
from settings import SettingsError

# name -> module:function, or module:app of several commands
COMMANDS = {
    "up": "cli.up:up",
    "serve": "cli.serve:serve",
    "worker": "cli.worker:worker",
    "scheduler": "cli.scheduler:scheduler",
    "migrate": "cli.migrate:migrate",
    "simulate": "cli.simulate:simulate",
    "backup": "cli.backup:backup",
    "restore": "cli.backup:restore",
    "schema": "cli.schema:schema",
    "openapi": "cli.openapi:openapi",
    "carriers": "cli.carriers:app",
    "keys": "cli.keys:app",
    "secrets": "cli.secrets:app",
    "audit": "cli.audit:app",
    "webhooks": "cli.webhooks:app",
    "demo": "cli.demo:app",
}


class Commands(Mapping[str, Any]):
    """The commands by their names, each loaded when it is asked for."""

    def __getitem__(self, name: str) -> Any:
        module, _, attribute = COMMANDS[name].partition(":")
        found = getattr(import_module(module), attribute)
        parent = typer.Typer()
        if isinstance(found, typer.Typer):
            parent.add_typer(found, name=name)
        else:
            parent.command(name)(found)
        return get_group(parent).commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


carrierql = TyperGroup(
    name="carrierql",
    help="The Carrier API: JSON:API from a GraphQL core.",
    commands=Commands(),  # type: ignore[arg-type]  # read as a mapping only
    no_args_is_help=True,
)


def main() -> None:
    """Run one command: 0 when it did what it was asked, 1 with a line on stderr, 2 for wrong usage."""
    try:
        carrierql(prog_name="carrierql")
    except (CommandError, SettingsError) as error:
        print(f"carrierql: {error}", file=sys.stderr)  # noqa: T201  this is the terminal
        sys.exit(1)
