"""Writes that are done once: `Idempotency-Key` (docs/decisions/0006-idempotency-keys.md)."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from models import ids
from models.idempotency_key import KEPT_HOURS, IdempotencyKey
from models.secrets import WrongSecretKey
from resolvers.context import Context
from resolvers.whole import whole

HEADER = "Idempotency-Key"
MAX_LENGTH = 255
TABLE: sa.Table = IdempotencyKey.__table__  # type: ignore[attr-defined] # SQLModel sets it for table=True


@dataclass
class Unusable(Exception):
    """A key that this request cannot be done with: status 400, 409 or 422, and why."""

    status: int
    code: str
    message: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Kept:
    """An answer as it goes over HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes


async def once(
    context: Context, key: str, request: bytes, act: Callable[[Context], Awaitable[tuple[Kept, bool]]]
) -> Kept:
    """What `act` answers, or what it answered to the same request before. Raises Unusable.

    `act` returns (answer, whether it is one): a fault of ours is not, and what was written with it is undone.
    """
    _check(key)
    viewer = context.viewer
    owner = viewer.carrier_id or viewer.key_id
    digest = hashlib.sha256(request).digest()
    async with whole(context) as (within, connection):
        await _lock(connection, f"{owner} {key}")
        if (known := await _known(connection, owner, key)) is not None:
            return _replay(context, known, digest)
        answer, is_one = await act(within)
        if not is_one:
            await connection.rollback()
            return answer
        shown = orjson.dumps([answer.status, answer.headers, answer.body.decode()]).decode()
        row = {"created_at": ids.now(), "request": digest, "answer": context.cipher.encrypt(shown)}
        added = insert(TABLE).values(owner=owner, key=key, **row)
        # One that is over its hours and not yet deleted gives way.
        await connection.execute(added.on_conflict_do_update(index_elements=["owner", "key"], set_=row))
    return answer


def _check(key: str) -> None:
    if not (0 < len(key) <= MAX_LENGTH and all(" " <= character <= "~" for character in key)):
        message = f"{HEADER} must have 1 to {MAX_LENGTH} printable ASCII characters"
        raise Unusable(400, "invalid", message)


async def _lock(connection: AsyncConnection, name: str) -> None:
    """Hold the key until the transaction ends, in whatever way: a holder that crashed holds nothing."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    if not (await connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(number)))).scalar_one():
        message = f"a request with this {HEADER} is in progress; try again in a moment for its answer"
        raise Unusable(409, "conflict", message, {"retry-after": "1"})


async def _known(connection: AsyncConnection, owner: Any, key: str) -> Any:
    oldest = ids.now() - timedelta(hours=KEPT_HOURS)
    found = sa.select(TABLE.c.request, TABLE.c.answer).where(
        TABLE.c.owner == owner, TABLE.c.key == key, TABLE.c.created_at > oldest
    )
    return (await connection.execute(found)).one_or_none()


def _replay(context: Context, known: Any, digest: bytes) -> Kept:
    if known.request != digest:
        message = f"this {HEADER} was sent with another request; send a new one with each new request"
        raise Unusable(422, "conflict", message)
    try:
        status, headers, body = orjson.loads(context.cipher.decrypt(known.answer))
    except WrongSecretKey:
        message = "the write was done, but its answer cannot be read: SECRET_KEY was changed since"
        raise Unusable(409, "conflict", message) from None
    return Kept(status, headers, body.encode())
