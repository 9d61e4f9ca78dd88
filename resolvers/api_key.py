"""API keys."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from models import ids, key_token, networks, secrets
from models.api_key import REVOKED, USUAL_OVERLAP_SECONDS, ApiKey, ApiKeyAccess
from models.carrier import Carrier
from models.columns import born
from resolvers.context import Context
from resolvers.writing import change, existing, insert_each, locked, transaction
from schema.api_key import CreateApiKeyInput, RevokeApiKeyInput, RotateApiKeyInput
from schema.errors import Refused, UserErrorCode, wrong


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made, with the token that nobody can read again."""

    id: UUID
    token: str


async def create(context: Context, given: CreateApiKeyInput) -> NewKey:
    token = key_token.new()
    async with transaction(context) as session:
        carrier_id = None
        if given.carrier_id is not None:
            carrier_id = (await existing(session, context, Carrier, given.carrier_id, "carrierId")).id
        row = ApiKey(
            **born(),
            carrier_id=carrier_id,
            name=given.name,
            role=given.role,
            access=given.access or ApiKeyAccess.WRITE,
            token_hash=secrets.fingerprint(token),
            allowed_addresses=_networks(given.allowed_addresses),
            expires_at=given.expires_at,
        )
        await insert_each(session, context, ApiKey, [row])
    return NewKey(row.id, token)


async def rotate(context: Context, given: RotateApiKeyInput) -> NewKey:
    """Another key as this one is, for as long a life; this one ends after the overlap, if not before."""
    token, overlap = key_token.new(), given.overlap_seconds
    async with transaction(context) as session:
        old = await locked(session, context, ApiKey, given.id)
        now = ids.now()
        _check_works(old, now)
        row = ApiKey(
            **born(),
            carrier_id=old.carrier_id,
            name=old.name,
            role=old.role,
            access=old.access,
            token_hash=secrets.fingerprint(token),
            allowed_addresses=old.allowed_addresses,
            expires_at=old.expires_at and now + (old.expires_at - old.created_at),
        )
        await insert_each(session, context, ApiKey, [row])
        end = now + timedelta(seconds=USUAL_OVERLAP_SECONDS if overlap is None else overlap)
        await change(session, context, old, {"expires_at": min(end, old.expires_at or end)})
        await _tell(session, old.id)
    _forget(context, old.id)
    return NewKey(row.id, token)


async def revoke(context: Context, given: RevokeApiKeyInput) -> UUID:
    """Revoking a revoked key changes nothing. All processes are told with the commit, our own at once."""
    async with transaction(context) as session:
        row = await locked(session, context, ApiKey, given.id)
        if row.revoked_at is None:
            await change(session, context, row, {"revoked_at": ids.now()})
            await _tell(session, row.id)
    _forget(context, row.id)
    return row.id


def _networks(allowed: list[str] | None) -> list[str] | None:
    return None if allowed is None else [str(network) for network in networks.parsed(allowed)]


def _check_works(row: ApiKey, now: datetime) -> None:
    if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        message = "this key works no more: create a new one"
        raise Refused([wrong("id", message, UserErrorCode.CONFLICT)])


async def _tell(session: AsyncSession, key_id: UUID) -> None:
    """All processes, with the commit."""
    await session.execute(sa.select(sa.func.pg_notify(REVOKED, str(key_id))))


def _forget(context: Context, key_id: UUID) -> None:
    if context.forget_key is not None:
        context.forget_key(key_id)
