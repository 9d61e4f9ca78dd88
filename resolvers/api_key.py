"""API keys."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from models import ids, secrets
from models.api_key import REVOKED, ApiKey, ApiKeyAccess
from models.carrier import Carrier
from models.columns import born
from resolvers.context import Context
from resolvers.writing import change, existing, insert_each, locked, transaction
from schema.api_key import CreateApiKeyInput, RevokeApiKeyInput


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made, with the token that nobody can read again."""

    id: UUID
    token: str


async def create(context: Context, given: CreateApiKeyInput) -> NewKey:
    token = secrets.new_token()
    async with transaction(context) as session:
        carrier = given.carrier_id and await existing(
            session, context, Carrier, given.carrier_id, "carrierId"
        )
        row = ApiKey(
            **born(),
            carrier_id=carrier.id if carrier else None,
            name=given.name,
            role=given.role,
            access=given.access or ApiKeyAccess.WRITE,
            token_hash=secrets.fingerprint(token),
            expires_at=given.expires_at,
        )
        await insert_each(session, context, ApiKey, [row])
    return NewKey(row.id, token)


async def revoke(context: Context, given: RevokeApiKeyInput) -> UUID:
    """Revoking a revoked key changes nothing. All processes are told with the commit, our own at once."""
    async with transaction(context) as session:
        row = await locked(session, context, ApiKey, given.id)
        if row.revoked_at is None:
            await change(session, context, row, {"revoked_at": ids.now()})
            await session.execute(sa.select(sa.func.pg_notify(REVOKED, str(row.id))))
    if context.forget_key is not None:
        context.forget_key(row.id)
    return row.id
