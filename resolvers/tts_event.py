"""TTS events."""

from uuid import UUID

from models.account import Account
from models.columns import born
from models.phone_call import PhoneCall
from models.tts_event import TtsEvent
from resolvers.context import Context
from resolvers.writing import existing, transaction
from schema.tts_event import RecordTtsEventInput


async def record(context: Context, given: RecordTtsEventInput) -> UUID:
    async with transaction(context) as session:
        call = await existing(session, context, PhoneCall, given.phone_call_id, "phoneCallId")
        account = await session.get_one(Account, call.account_id)
        row = TtsEvent(
            **born(),
            carrier_id=call.carrier_id,
            account_id=account.id,
            phone_call_id=call.id,
            voice=given.voice or account.default_tts_voice,
            characters=given.characters,
        )
        session.add(row)
    return row.id
