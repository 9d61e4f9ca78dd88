"""`carrierql carriers`: carriers made by whoever runs the service."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.data_directory import DEFAULT
from cli.keys import create_key
from cli.options import AsJson, DataDir

if TYPE_CHECKING:
    from cli.operator import Operator

CREATE = """
mutation CreateCarrier($input: CreateCarrierInput!) {
  createCarrier(input: $input) { carrier { id name countryCode billingCurrency } userErrors { message } }
}
"""

app = typer.Typer(help="Make carriers.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Make carriers."""  # with a callback Typer keeps `create` a command of its own


@app.command()
def create(
    *,
    name: Annotated[str, typer.Option(help="The carrier's name.")],
    country: Annotated[str, typer.Option(help="Its country, ISO 3166-1, such as KH.")],
    currency: Annotated[str, typer.Option(help="The currency of its prices, ISO 4217, such as KHR.")],
    as_json: AsJson = False,
    data_dir: DataDir = DEFAULT,
) -> None:
    """Make a carrier and its first API key, and show the key, once."""
    from cli.operator import operate  # noqa: PLC0415  the schema takes time to load

    carrier = operate(data_dir, lambda operator: create_carrier(operator, name, country, currency))
    typer.echo(
        json.dumps(carrier) if as_json else "\n".join(f"{field}: {carrier[field]}" for field in carrier)
    )


async def create_carrier(operator: "Operator", name: str, country: str, currency: str) -> dict[str, Any]:
    """`{"id", "name", "country_code", "billing_currency", "api_key"}`; the key may write."""
    given = {"name": name, "countryCode": country, "billingCurrency": currency}
    payload = await operator.change(CREATE, given)
    carrier = payload["carrier"]
    key = await create_key(operator, "first key", carrier=carrier["id"])
    return {
        "id": carrier["id"],
        "name": carrier["name"],
        "country_code": carrier["countryCode"],
        "billing_currency": carrier["billingCurrency"],
        "api_key": key["api_key"],
    }
