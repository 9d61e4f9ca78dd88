"""The command `carrierql`: every command calls what the doors call.

The commands' own imports are made when they run: a worker that is started again should not wait
for the GraphQL schema, nor `--help` for the database driver.
"""

import sys

import typer

from cli import (
    audit,
    backup,
    carriers,
    demo,
    keys,
    migrate,
    openapi,
    scheduler,
    schema,
    secrets,
    serve,
    simulate,
    up,
    webhooks,
    worker,
)
from cli.errors import CommandError
from settings import SettingsError

app = typer.Typer(
    name="carrierql",
    help="The Carrier API: JSON:API from a GraphQL core.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("up")(up.up)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("scheduler")(scheduler.scheduler)
app.command("migrate")(migrate.migrate)
app.add_typer(carriers.app, name="carriers")
app.add_typer(keys.app, name="keys")
app.add_typer(secrets.app, name="secrets")
app.add_typer(audit.app, name="audit")
app.add_typer(webhooks.app, name="webhooks")
app.command("simulate")(simulate.simulate)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.add_typer(demo.app, name="demo", hidden=True)
app.command("schema")(schema.schema)
app.command("openapi")(openapi.openapi)


def main() -> None:
    """Run one command: 0 when it did what it was asked, 1 with a line on stderr, 2 for wrong usage."""
    try:
        app(prog_name="carrierql")
    except (CommandError, SettingsError) as error:
        print(f"carrierql: {error}", file=sys.stderr)  # noqa: T201  this is the terminal
        sys.exit(1)
