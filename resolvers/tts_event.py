"""TTS events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from models import ids
from models.account import Account
from models.columns import born
from models.phone_call import PhoneCall
from models.tts_event import TtsEvent
from resolvers.context import Context
from resolvers.writing import (
    Draft,
    Outcome,
    existing_each,
    insert_each,
    not_found,
    only,
    transaction,
)
from schema.errors import UserError
from schema.tts_event import RecordTtsEventInput


async def record(context: Context, given: RecordTtsEventInput) -> UUID:
    return only(await record_each(context, [given]))


async def record_each(context: Context, given: Sequence[RecordTtsEventInput]) -> list[Outcome]:
    """Record the good ones of these events, in one transaction."""
    async with transaction(context) as session:
        asked = [event.phone_call_id for event in given]
        columns = (PhoneCall.carrier_id, PhoneCall.account_id)
        calls = await existing_each(session, context, PhoneCall, asked, *columns)
        owners = {str(call.account_id) for call in calls.values()}
        accounts = await existing_each(session, context, Account, owners, Account.default_tts_voice)
        recorded = ids.now()
        found = [_new(event, calls.get(event.phone_call_id), accounts, recorded) for event in given]
        await insert_each(session, context, TtsEvent, [row for row in found if isinstance(row, Draft)])
    return [row.id if isinstance(row, Draft) else row for row in found]


def _new(
    given: RecordTtsEventInput, call: Any, accounts: dict[str, Any], recorded: datetime
) -> Draft | list[UserError]:
    if call is None:
        return [not_found("phoneCallId", PhoneCall)]
    return Draft(
        **born(recorded=recorded),
        carrier_id=call.carrier_id,
        account_id=call.account_id,
        phone_call_id=call.id,
        voice=given.voice or accounts[str(call.account_id)].default_tts_voice,
        characters=given.characters,
    )
