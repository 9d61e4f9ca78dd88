"""Messages."""

from uuid import UUID

from models import event, ids, numbering
from models.account import Account
from models.columns import born
from models.message import NEXT, Message, MessageDirection, MessageStatus
from models.numbering import country_outside
from resolvers.context import Context
from resolvers.outbox import record_events
from resolvers.writing import charge, existing, locked, transaction
from schema.checks import given as value_of
from schema.errors import Refused, UserErrorCode, wrong
from schema.message import ChangeMessageStatusInput, RecordMessageInput, UpdateMessageInput

EVENTS = {MessageStatus.SENT: event.MESSAGE_SENT, MessageStatus.DELIVERED: event.MESSAGE_DELIVERED}


async def update(context: Context, given: UpdateMessageInput) -> UUID:
    return await charge(context, Message, given.id, value_of(given.price))


async def record(context: Context, given: RecordMessageInput) -> UUID:
    first = MessageStatus.RECEIVED if given.direction is MessageDirection.INBOUND else MessageStatus.ACCEPTED
    async with transaction(context) as session:
        account = await existing(session, context, Account, given.account_id, "accountId")
        row = Message(
            **born(given.created_at),
            carrier_id=account.carrier_id,
            account_id=account.id,
            to=numbering.canonical(given.to),
            from_=numbering.canonical(given.from_),
            body=given.body,
            direction=given.direction,
            status=given.status or first,
        )
        row.country = country_outside(row.direction is MessageDirection.INBOUND, row.to, row.from_) or ""
        session.add(row)
        if row.status in EVENTS:
            await record_events(session, event.message_event(EVENTS[row.status], row))
    return row.id


async def change_status(context: Context, given: ChangeMessageStatusInput) -> UUID:
    async with transaction(context) as session:
        row = await locked(session, context, Message, given.id)
        if given.status not in NEXT[row.status]:
            message = f"a message that is {row.status.value} cannot become {given.status.value}"
            raise Refused([wrong("status", message, UserErrorCode.CONFLICT)])
        row.status, row.updated_at = given.status, ids.now()
        if row.status in EVENTS:
            await record_events(session, event.message_event(EVENTS[row.status], row))
    return row.id
