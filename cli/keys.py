"""`carrierql keys`: API keys made, listed, rotated and revoked by whoever runs the service."""

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import orjson
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
ROTATE = """
mutation RotateApiKey($input: RotateApiKeyInput!) {
  rotateApiKey(input: $input) { apiKey { id role access } token userErrors { message } }
}
"""
LIST = """
query ApiKeys($filter: ApiKeyFilter, $after: String) {
  apiKeys(filter: $filter, first: 100, after: $after) {
    nodes { id name role access carrier { id } allowedAddresses createdAt expiresAt revokedAt lastUsedAt }
    pageInfo { hasNextPage endCursor }
  }
}
"""

TIME = "%Y-%m-%dT%H:%M:%SZ"

app = typer.Typer(help="Make, list, rotate and revoke API keys.", no_args_is_help=True)


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
    expires: Annotated[datetime | None, typer.Option(help="When it stops working, in UTC.")] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(help="An address or network (CIDR) it may be used from; may be given several times."),
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = DEFAULT,
) -> None:
    """Make an API key and show it, once."""
    from cli.operator import operate  # noqa: PLC0415  the schema takes time to load

    if (carrier is not None) == platform:
        raise typer.BadParameter("give either --carrier ID or --platform")
    limits = {
        "expiresAt": expires and expires.replace(tzinfo=UTC).isoformat(),
        "allowedAddresses": allow or None,
    }
    key = operate(data_dir, lambda operator: create_key(operator, name, access, carrier, **limits))
    _show(key, as_json=as_json)


@app.command("list")
def list_(
    *,
    carrier: Annotated[str | None, typer.Option(help="Only the keys of the carrier with this id.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = DEFAULT,
) -> None:
    """Show the API keys, newest first: what each may do, until when, from where, and its last use."""
    from cli.operator import operate  # noqa: PLC0415  the schema takes time to load

    keys = operate(data_dir, lambda operator: list_keys(operator, carrier))
    if as_json:
        typer.echo(orjson.dumps({"api_keys": keys}, option=orjson.OPT_UTC_Z))
        return
    for key in keys:
        typer.echo("  ".join(_words(key)))


@app.command()
def rotate(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="The id of the key, not the key.")],
    *,
    overlap: Annotated[
        int | None, typer.Option(help="Seconds that the old key goes on working; a day unless said.")
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = DEFAULT,
) -> None:
    """Make another key with the same properties and show it, once; the old one works on for a while."""
    from cli.operator import operate  # noqa: PLC0415  the schema takes time to load

    given = {"id": identifier, "overlapSeconds": overlap}
    _show(_made(operate(data_dir, lambda operator: operator.change(ROTATE, given))), as_json=as_json)


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
    operator: "Operator",
    name: str,
    access: Access = Access.WRITE,
    carrier: str | None = None,
    **limits: Any,
) -> dict[str, Any]:
    """A carrier's key, or without one the platform's: `{"id", "role", "access", "api_key"}`."""
    role = "PLATFORM" if carrier is None else "CARRIER"
    given = {"name": name, "role": role, "access": access.name, "carrierId": carrier}
    return _made(await operator.change(CREATE, given | limits))


async def list_keys(operator: "Operator", carrier: str | None) -> list[dict[str, Any]]:
    """The keys as the schema shows them, all pages."""
    found: list[dict[str, Any]] = []
    page: dict[str, Any] = {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        answer = await operator.run(LIST, filter={"carrier": carrier}, after=page["endCursor"])
        found += answer["nodes"]
        page = answer["pageInfo"]
    return found


def _made(payload: dict[str, Any]) -> dict[str, Any]:
    key = payload["apiKey"]
    return {
        "id": key["id"],
        "role": key["role"].lower(),
        "access": key["access"].lower(),
        "api_key": payload["token"],
    }


def _show(key: dict[str, Any], *, as_json: bool) -> None:
    typer.echo(json.dumps(key) if as_json else "\n".join(f"{field}: {key[field]}" for field in key))


def _words(key: dict[str, Any]) -> list[str]:
    state = f"until {key['expiresAt']:{TIME}}" if key["expiresAt"] else "for ever"
    return [
        key["id"],
        key["role"].lower(),
        key["access"].lower(),
        f"carrier {key['carrier']['id']}" if key["carrier"] else "no carrier",
        f"revoked {key['revokedAt']:{TIME}}" if key["revokedAt"] else state,
        f"used {key['lastUsedAt']:{TIME}}" if key["lastUsedAt"] else "never used",
        f"from {', '.join(key['allowedAddresses'])}" if key["allowedAddresses"] else "from anywhere",
        json.dumps(key["name"], ensure_ascii=False),
    ]
