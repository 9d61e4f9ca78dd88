"""`carrierql schema`: the GraphQL schema as text."""

import typer


def schema() -> None:
    """Print the GraphQL schema (SDL)."""
    from schema.root import schema as served  # noqa: PLC0415  the schema takes time to load

    typer.echo(served.as_str())
