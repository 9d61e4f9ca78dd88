"""Phone calls."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from models import ids, numbering
from models.account import Account
from models.columns import born
from models.event import phone_call_event
from models.phone_call import NEXT, PhoneCall, PhoneCallDirection, PhoneCallStatus
from models.phone_number import PhoneNumber
from resolvers.charging import charge
from resolvers.context import Context
from resolvers.outbox import record_events
from resolvers.writing import (
    Draft,
    Outcome,
    change,
    existing_each,
    insert_each,
    locked,
    not_found,
    only,
    transaction,
)
from schema.checks import given as value_of
from schema.errors import Refused, UserError, UserErrorCode, wrong
from schema.phone_call import ChangePhoneCallStatusInput, RecordPhoneCallInput, UpdatePhoneCallInput

ANSWERED = frozenset({PhoneCallStatus.IN_PROGRESS, PhoneCallStatus.COMPLETED})


async def update(context: Context, given: UpdatePhoneCallInput) -> UUID:
    return await charge(context, PhoneCall, given.id, value_of(given.price))


async def record(context: Context, given: RecordPhoneCallInput) -> UUID:
    return only(await record_each(context, [given]))


async def record_each(context: Context, given: Sequence[RecordPhoneCallInput]) -> list[Outcome]:
    """Record the good ones of these calls, with their events, in one transaction."""
    async with transaction(context) as session:
        asked = [call.account_id for call in given]
        accounts = await existing_each(session, context, Account, asked, Account.carrier_id)
        used = [call.phone_number_id for call in given]
        numbers = await existing_each(session, context, PhoneNumber, used, PhoneNumber.carrier_id)
        recorded = ids.now()
        found = [_new(call, accounts, numbers, recorded) for call in given]
        rows = [row for row in found if isinstance(row, Draft)]
        await insert_each(session, context, PhoneCall, rows)
        await record_events(session, *[phone_call_event(row) for row in rows if row.status.ended])
    return [row.id if isinstance(row, Draft) else row for row in found]


def _new(
    given: RecordPhoneCallInput, accounts: dict[str, Any], numbers: dict[str, Any], recorded: datetime
) -> Draft | list[UserError]:
    account = accounts.get(given.account_id)
    if account is None:
        return [not_found("accountId", Account)]
    number = numbers.get(given.phone_number_id or "")
    if given.phone_number_id is not None and (number is None or number.carrier_id != account.carrier_id):
        return [not_found("phoneNumberId", PhoneNumber)]
    status, times = given.status or PhoneCallStatus.QUEUED, born(given.created_at, recorded)
    to, from_ = numbering.canonical(given.to), numbering.canonical(given.from_)
    return Draft(
        **times,
        carrier_id=account.carrier_id,
        account_id=account.id,
        phone_number_id=number and number.id,
        to=to,
        from_=from_,
        country=numbering.country_outside(given.direction is PhoneCallDirection.INBOUND, to, from_) or "",
        direction=given.direction,
        status=status,
        answered_at=times["created_at"] if status in ANSWERED else None,
        duration=(given.duration or 0) if status.ended else None,
        price=None,
        price_unit=None,
    )


async def change_status(context: Context, given: ChangePhoneCallStatusInput) -> UUID:
    async with transaction(context) as session:
        row = await locked(session, context, PhoneCall, given.id)
        if given.status not in NEXT[row.status]:
            message = f"a call that is {row.status.value} cannot become {given.status.value}"
            raise Refused([wrong("status", message, UserErrorCode.CONFLICT)])
        changes: dict[str, Any] = {"status": given.status}
        if given.status is PhoneCallStatus.IN_PROGRESS:
            changes["answered_at"] = ids.now()
        if given.status.ended:
            changes["duration"] = given.duration or 0
        await change(session, context, row, changes)
        if given.status.ended:
            await record_events(session, phone_call_event(row))
    return row.id
