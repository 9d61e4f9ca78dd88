"""`carrierql audit`: whether the audit is as it was written, and all of it as lines of JSON."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer

from cli.data_directory import DEFAULT
from cli.database import database_url, migrated
from cli.errors import CommandError
from cli.options import AsJson, DataDir

AT_ONCE = 500  # rows in memory
OF_CHAIN = "($1::uuid IS NULL OR s.chain = $1)"
UNSEALED = f"SELECT s.chain, count(*) FROM audit_seal s WHERE s.place IS NULL AND {OF_CHAIN} GROUP BY 1"  # noqa: S608 - ours
# An entry without a seal, and a seal, still empty, without an entry: neither is written so.
LOST = f"""
SELECT e.id FROM audit_entry e LEFT JOIN audit_seal s ON s.entry_id = e.id
WHERE s.entry_id IS NULL AND ($1::uuid IS NULL OR e.carrier_id = $1)
UNION ALL
SELECT s.entry_id FROM audit_seal s LEFT JOIN audit_entry e ON e.id = s.entry_id
WHERE e.id IS NULL AND s.place IS NULL AND {OF_CHAIN}
ORDER BY 1 LIMIT 1
"""  # noqa: S608 - ours

Carrier = Annotated[
    UUID | None, typer.Option(metavar="ID", help="Only this carrier's chain; all chains unless said.")
]
Heads = Annotated[
    list[str] | None,
    typer.Option("--head", metavar="CHAIN:PLACE:HASH", help="A head that verify printed before; repeatable."),
]

app = typer.Typer(help="Verify and export the audit.", no_args_is_help=True)


class Broken(Exception):
    """What does not fit, in one sentence."""


@dataclass
class Chain:
    """One chain, checked as far as `place`; `known` are heads that it had before, by their places."""

    name: str
    place: int
    hash: bytes
    known: dict[int, bytes] = field(default_factory=dict)
    unsealed: int = 0

    @property
    def head(self) -> str:
        return f"{self.name}:{self.place}:{self.hash.hex()}"

    def follow(self, row: Any) -> None:
        """Take the next row of the chain. Raises Broken."""
        from models.audit_entry import PLATFORM, sealing_hash  # noqa: PLC0415  the models take time to load

        if row["place"] != self.place + 1:
            raise Broken(f"place {self.place + 1} of chain {self.name} is missing; {row['place']} comes next")
        where = f"place {row['place']} of chain {self.name}"
        if row["id"] is None:
            raise Broken(f"entry {row['entry_id']} at {where} is missing")
        owner = row["carrier_id"] or PLATFORM
        if owner != row["chain"] or sealing_hash(self.hash, row["place"], row) != row["hash"]:
            raise Broken(f"entry {row['id']} at {where} does not fit: it, its seal or its place was changed")
        self.place, self.hash = row["place"], row["hash"]
        if self.known.pop(self.place, self.hash) != self.hash:
            raise Broken(f"{where} has another hash than the head that was given: the chain was made anew")

    def end(self) -> None:
        """Raises Broken where the chain was longer before."""
        if self.known:
            raise Broken(f"chain {self.name} ends at place {self.place}, before the given {min(self.known)}")


@app.command()
def verify(
    carrier: Carrier = None, head: Heads = None, as_json: AsJson = False, data_dir: DataDir = DEFAULT
) -> None:
    """Check that nothing in the audit was changed, moved or taken out: exit 1 at the first that was.

    Only against a head that is kept elsewhere, and given, can it be seen that a chain was cut at its end.
    """
    heads = [_head(text) for text in head or ()]
    if carrier and any(name != str(carrier) for name, *_ in heads):
        raise typer.BadParameter("--head must be of the chain that --carrier names")
    try:
        chains = asyncio.run(_verify(database_url(data_dir), carrier, heads))
    except Broken as broken:
        if as_json:
            typer.echo(json.dumps({"broken": str(broken)}))
            raise typer.Exit(1) from None
        raise CommandError(str(broken)) from None
    if as_json:
        shown = [
            {"chain": c.name, "entries": c.place, "head": c.head, "unsealed": c.unsealed} for c in chains
        ]
        typer.echo(json.dumps({"broken": None, "chains": shown}))
        return
    for chain in chains:
        waiting = f", {chain.unsealed} not sealed yet" if chain.unsealed else ""
        typer.echo(f"{chain.name}: {chain.place} entries fit{waiting}; head {chain.head}")
    typer.echo(f"{len(chains)} chains, {sum(c.place for c in chains)} entries: nothing was changed")


@app.command()
def export(carrier: Carrier = None, data_dir: DataDir = DEFAULT) -> None:
    """Print the sealed entries, chain by chain in order, one JSON object a line."""
    asyncio.run(_export(database_url(data_dir), carrier))


async def _verify(url: str, carrier: UUID | None, heads: Iterable[tuple[str, int, bytes]]) -> list[Chain]:
    from models.audit_entry import START  # noqa: PLC0415  the models take time to load

    chains: dict[str, Chain] = {}

    def chain(name: str) -> Chain:
        return chains.setdefault(name, Chain(name, 0, START))

    for name, place, known in heads:
        chain(name).known[place] = known
    async with _snapshot(url) as connection:
        async for row in _sealed(connection, carrier):
            chain(_name(row["chain"])).follow(row)
        for found in chains.values():
            found.end()
        lost = await connection.fetchval(LOST, carrier)
        if lost is not None:
            raise Broken(f"entry {lost} is not as it was written: the entry or its seal is missing")
        for owner, count in await connection.fetch(UNSEALED, carrier):
            chain(_name(owner)).unsealed = count
    return list(chains.values())


async def _export(url: str, carrier: UUID | None) -> None:
    async with _snapshot(url) as connection:
        async for row in _sealed(connection, carrier):
            shown = dict(row) | {"chain": _name(row["chain"]), "hash": row["hash"].hex()}
            del shown["entry_id"]
            for name in ("before", "after"):
                shown[name] = shown[name] and orjson.Fragment(shown[name])
            typer.echo(orjson.dumps(shown, default=str, option=orjson.OPT_UTC_Z))


@asynccontextmanager
async def _snapshot(url: str) -> AsyncIterator[Any]:
    """A connection that sees the database as it is at one moment."""
    async with migrated(url) as connection:
        await connection.execute("SET timezone = 'UTC'")
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection


async def _sealed(connection: Any, carrier: UUID | None) -> AsyncIterator[Any]:
    """The rows of the chains in order, each a seal with its entry, a few at a time."""
    from models.audit_entry import CONTENT  # noqa: PLC0415  the models take time to load

    columns = ", ".join(f"e.{name}" for name in CONTENT)
    text = f"""
        SELECT s.chain, s.place, s.hash, s.entry_id, {columns}
        FROM audit_seal s LEFT JOIN audit_entry e ON e.id = s.entry_id
        WHERE s.place IS NOT NULL AND {OF_CHAIN} ORDER BY s.chain, s.place"""  # noqa: S608  names of ours
    async for row in connection.cursor(text, carrier, prefetch=AT_ONCE):
        yield row


def _name(chain: UUID) -> str:
    return str(chain) if chain.int else "platform"


def _head(text: str) -> tuple[str, int, bytes]:
    name, _, rest = text.partition(":")
    place, _, known = rest.partition(":")
    try:
        return name, int(place), bytes.fromhex(known)
    except ValueError:
        raise typer.BadParameter(f"{text:.100} is no head, such as verify prints") from None
