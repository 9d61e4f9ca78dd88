"""Phone calls."""

from uuid import UUID

from models import ids, numbering
from models.account import Account
from models.columns import born
from models.event import phone_call_event
from models.numbering import country_outside
from models.phone_call import NEXT, PhoneCall, PhoneCallDirection, PhoneCallStatus
from models.phone_number import PhoneNumber
from resolvers.context import Context
from resolvers.outbox import record_events
from resolvers.writing import charge, existing, locked, not_found, transaction
from schema.checks import given as value_of
from schema.errors import Refused, UserErrorCode, wrong
from schema.phone_call import ChangePhoneCallStatusInput, RecordPhoneCallInput, UpdatePhoneCallInput

ANSWERED = frozenset({PhoneCallStatus.IN_PROGRESS, PhoneCallStatus.COMPLETED})


async def update(context: Context, given: UpdatePhoneCallInput) -> UUID:
    return await charge(context, PhoneCall, given.id, value_of(given.price))


async def record(context: Context, given: RecordPhoneCallInput) -> UUID:
    status = given.status or PhoneCallStatus.QUEUED
    async with transaction(context) as session:
        account = await existing(session, context, Account, given.account_id, "accountId")
        number = given.phone_number_id and await existing(
            session, context, PhoneNumber, given.phone_number_id, "phoneNumberId"
        )
        if number and number.carrier_id != account.carrier_id:
            raise Refused([not_found("phoneNumberId", PhoneNumber)])
        times = born(given.created_at)
        row = PhoneCall(
            **times,
            carrier_id=account.carrier_id,
            account_id=account.id,
            phone_number_id=number.id if number else None,
            to=numbering.canonical(given.to),
            from_=numbering.canonical(given.from_),
            direction=given.direction,
            status=status,
            answered_at=times["created_at"] if status in ANSWERED else None,
            duration=(given.duration or 0) if status.ended else None,
        )
        row.country = country_outside(row.direction is PhoneCallDirection.INBOUND, row.to, row.from_) or ""
        session.add(row)
        if status.ended:
            await record_events(session, phone_call_event(row))
    return row.id


async def change_status(context: Context, given: ChangePhoneCallStatusInput) -> UUID:
    async with transaction(context) as session:
        row = await locked(session, context, PhoneCall, given.id)
        if given.status not in NEXT[row.status]:
            message = f"a call that is {row.status.value} cannot become {given.status.value}"
            raise Refused([wrong("status", message, UserErrorCode.CONFLICT)])
        row.status, row.updated_at = given.status, ids.now()
        if given.status is PhoneCallStatus.IN_PROGRESS:
            row.answered_at = row.updated_at
        if given.status.ended:
            row.duration = given.duration or 0
            await record_events(session, phone_call_event(row))
    return row.id
