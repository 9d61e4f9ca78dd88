"""Accounts."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from models import secrets, voices
from models.account import Account, AccountStatus, AccountType, BillingMode
from models.api_key import ApiKeyRole
from models.columns import born
from resolvers.context import Context
from resolvers.deletion import delete as delete_row
from resolvers.writing import change, home, insert_each, locked, refuse, refuse_all, statement, transaction
from schema.account import CreateAccountInput, UpdateAccountInput
from schema.checks import given as value_of
from schema.checks import kept_json
from schema.errors import Refused, UserError, UserErrorCode, wrong
from schema.node import DeleteInput

HELD = "the account cannot be deleted: it has calls, messages, TTS events or assigned phone numbers"


async def create(context: Context, given: CreateAccountInput) -> UUID:
    type_ = given.type or AccountType.CARRIER_MANAGED
    if type_ is AccountType.CUSTOMER_MANAGED and context.viewer.role is not ApiKeyRole.PLATFORM:
        raise Refused([wrong("type", "only the platform creates customer-managed accounts")])
    carrier = await home(context, given.carrier_id)
    token = secrets.new_token() if type_ is AccountType.CARRIER_MANAGED else None
    row = Account(
        **born(),
        carrier_id=carrier.id,
        name=given.name,
        type=type_,
        status=AccountStatus.ENABLED,
        billing_enabled=bool(value_of(given.billing_enabled)),
        billing_mode=value_of(given.billing_mode) or BillingMode.PREPAID,
        billing_currency=carrier.billing_currency,
        default_tts_voice=value_of(given.default_tts_voice) or voices.DEFAULT,
        auth_token=context.cipher.encrypt(token) if token else None,
        auth_token_hash=secrets.fingerprint(token) if token else None,
        metadata_=value_of(given.metadata) or {},
    )
    async with statement(context) as session:
        await insert_each(session, context, Account, [row])
    return row.id


async def update(context: Context, given: UpdateAccountInput) -> UUID:
    async with transaction(context) as session:
        row = await locked(session, context, Account, given.id)
        refuse_all(given.problems(), _unchangeable(row, given))
        changes = {
            name: maybe.value
            for name in ("name", "status", "billing_enabled", "billing_mode", "default_tts_voice")
            if (maybe := getattr(given, name))
        }
        if given.metadata:
            changes["metadata_"] = whole = merged(row.metadata_, given.metadata.value)
            refuse(kept_json("metadata", whole))
        if changes:
            await change(session, context, row, changes)
    return row.id


async def delete(context: Context, given: DeleteInput) -> UUID:
    return await delete_row(context, Account, given.id, held=HELD)


def merged(old: Any, new: Any) -> Any:
    """Rule 20 of the REST contract: objects merge, everything else replaces."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    return old | {key: merged(old.get(key), value) for key, value in new.items()}


def _unchangeable(row: Account, given: UpdateAccountInput) -> Iterator[UserError]:
    if row.type is not AccountType.CUSTOMER_MANAGED:
        return
    for field, maybe in (("name", given.name), ("defaultTtsVoice", given.default_tts_voice)):
        if maybe:
            yield wrong(
                field, f"{field} of a customer-managed account cannot be changed", UserErrorCode.READ_ONLY
            )
