"""`carrierql keys`: API keys made and revoked by whoever runs the service."""

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.data_directory import DEFAULT
from cli.options import AsJson, DataDir

if TYPE_CHECKING:
    from cli.operator import Operator

CREATE = """
mutation CreateApiKey($input: CreateApiKeyInput!) {
  createApiKey(input: $input) { apiKey { id role access } token userErrors { message } }
}
"""
REVOKE = """
mutation RevokeApiKey($input: RevokeApiKeyInput!) {
  revokeApiKey(input: $input) { apiKey { id } userErrors { message } }
}
"""

app = typer.Typer(help="Make and revoke API keys.", no_args_is_help=True)


class Access(StrEnum):
    READ = "read"
    WRITE = "write"


@app.command()
def create(
    *,
    carrier: Annotated[str | None, typer.Option(help="The id of the carrier whose key it is.")] = None,
    platform: Annotated[bool, typer.Option("--platform", help="A key for the telephony platform.")] = False,
    access: Annotated[Access, typer.Option(help="What the key may do.")] = Access.WRITE,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "command line",
    as_json: AsJson = False,
    data_dir: DataDir = DEFAULT,
) -> None:
    """Make an API key and show it, once."""
    from cli.operator import operate  # noqa: PLC0415  the schema takes time to load

    if (carrier is not None) == platform:
        raise typer.BadParameter("give either --carrier ID or --platform")
    key = operate(data_dir, lambda operator: create_key(operator, name, access, carrier))
    typer.echo(json.dumps(key) if as_json else "\n".join(f"{field}: {key[field]}" for field in key))


@app.command()
def revoke(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="The id of the key, not the key.")],
    data_dir: DataDir = DEFAULT,
) -> None:
    """Stop a key from working, at once."""
    from cli.operator import operate  # noqa: PLC0415  the schema takes time to load

    operate(data_dir, lambda operator: operator.change(REVOKE, {"id": identifier}))
    typer.echo(f"{identifier} is revoked")


async def create_key(
    operator: "Operator", name: str, access: Access = Access.WRITE, carrier: str | None = None
) -> dict[str, Any]:
    """A carrier's key, or without one the platform's: `{"id", "role", "access", "api_key"}`."""
    role = "PLATFORM" if carrier is None else "CARRIER"
    given = {"name": name, "role": role, "access": access.name, "carrierId": carrier}
    payload = await operator.change(CREATE, given)
    key = payload["apiKey"]
    return {
        "id": key["id"],
        "role": key["role"].lower(),
        "access": key["access"].lower(),
        "api_key": payload["token"],
    }
