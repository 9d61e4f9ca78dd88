"""`carrierql openapi`: the reference of the REST API as a document for machines."""

import typer


def openapi() -> None:
    """Print the OpenAPI 3.1 document of /carrier/v1."""
    from jsonapi_facade import openapi as reference  # noqa: PLC0415  the schema takes time to load

    typer.echo(reference.body())
