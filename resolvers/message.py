"""Messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from models import event, ids, numbering
from models.account import Account
from models.columns import born
from models.message import NEXT, Message, MessageDirection, MessageStatus
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
from schema.message import ChangeMessageStatusInput, RecordMessageInput, UpdateMessageInput

EVENTS = {MessageStatus.SENT: event.MESSAGE_SENT, MessageStatus.DELIVERED: event.MESSAGE_DELIVERED}


async def update(context: Context, given: UpdateMessageInput) -> UUID:
    return await charge(context, Message, given.id, value_of(given.price))


async def record(context: Context, given: RecordMessageInput) -> UUID:
    return only(await record_each(context, [given]))


async def record_each(context: Context, given: Sequence[RecordMessageInput]) -> list[Outcome]:
    """Record the good ones of these messages, with their events, in one transaction."""
    async with transaction(context) as session:
        asked = [message.account_id for message in given]
        accounts = await existing_each(session, context, Account, asked, Account.carrier_id)
        recorded = ids.now()
        found = [_new(message, accounts.get(message.account_id), recorded) for message in given]
        rows = [row for row in found if isinstance(row, Draft)]
        await insert_each(session, context, Message, rows)
        told = [event.message_event(EVENTS[row.status], row) for row in rows if row.status in EVENTS]
        await record_events(session, *told)
    return [row.id if isinstance(row, Draft) else row for row in found]


def _new(given: RecordMessageInput, account: Any, recorded: datetime) -> Draft | list[UserError]:
    if account is None:
        return [not_found("accountId", Account)]
    first = MessageStatus.RECEIVED if given.direction is MessageDirection.INBOUND else MessageStatus.ACCEPTED
    to, from_ = numbering.canonical(given.to), numbering.canonical(given.from_)
    return Draft(
        **born(given.created_at, recorded),
        carrier_id=account.carrier_id,
        account_id=account.id,
        to=to,
        from_=from_,
        country=numbering.country_outside(given.direction is MessageDirection.INBOUND, to, from_) or "",
        body=given.body,
        direction=given.direction,
        status=given.status or first,
        price=None,
        price_unit=None,
    )


async def change_status(context: Context, given: ChangeMessageStatusInput) -> UUID:
    async with transaction(context) as session:
        row = await locked(session, context, Message, given.id)
        if given.status not in NEXT[row.status]:
            message = f"a message that is {row.status.value} cannot become {given.status.value}"
            raise Refused([wrong("status", message, UserErrorCode.CONFLICT)])
        await change(session, context, row, {"status": given.status})
        if row.status in EVENTS:
            await record_events(session, event.message_event(EVENTS[row.status], row))
    return row.id
