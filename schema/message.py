"""Messages."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import strawberry
from strawberry import Maybe

from models.message import MessageDirection, MessageStatus
from schema import batches
from schema.account import Account
from schema.errors import UserError, wrong
from schema.interaction import charge_problems, number_problems
from schema.node import Node

MAX_BODY = 16_000


@strawberry.type(description="A text message.")
class Message(Node):
    to: str = strawberry.field(description="The recipient: E.164 with +, else bare digits.")
    from_: str = strawberry.field(name="from", description="The sender: E.164 with +, else bare digits.")
    body: str = strawberry.field(description="The text.")
    direction: MessageDirection = strawberry.field(description="Where the message comes from.")
    status: MessageStatus = strawberry.field(description="The state of the message.")
    price: Decimal | None = strawberry.field(description="The charge, not above 0; null until it is known.")
    price_unit: str | None = strawberry.field(description="The currency of the price; null without one.")
    account: Account = strawberry.field(description="The account that the message belongs to.")
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When it was changed last.")


@strawberry.input(description="Which messages: those that meet every condition given.")
class MessageFilter:
    carrier: strawberry.ID | None = strawberry.field(default=None, description="Of this carrier.")
    account: strawberry.ID | None = strawberry.field(default=None, description="Of this account.")
    from_date: datetime | None = strawberry.field(default=None, description="Created at this time or later.")
    to_date: datetime | None = strawberry.field(default=None, description="Created at this time or earlier.")
    direction: MessageDirection | None = strawberry.field(default=None, description="In this direction.")
    status: MessageStatus | None = strawberry.field(default=None, description="In this state.")


@strawberry.input(description="The charge of a message.")
class UpdateMessageInput:
    id: strawberry.ID = strawberry.field(description="The message's id.")
    price: Maybe[Decimal | None] = strawberry.field(
        description="The charge in the account's billing currency: not above 0, at most 6 decimals."
    )

    def problems(self) -> Iterator[UserError]:
        yield from charge_problems(self.price)


@batches.flat
@strawberry.input(description="A message that the platform reports.")
class RecordMessageInput:
    account_id: strawberry.ID = strawberry.field(description="The account that the message belongs to.")
    to: str = strawberry.field(description="The recipient.")
    from_: str = strawberry.field(name="from", description="The sender.")
    body: str = strawberry.field(description="The text, up to 16,000 characters.")
    direction: MessageDirection = strawberry.field(description="Where the message comes from.")
    status: MessageStatus | None = strawberry.field(
        default=None, description="Its state; RECEIVED for an inbound message, else ACCEPTED, unless said."
    )
    created_at: datetime | None = strawberry.field(
        default=None, description="To record history; now unless said."
    )

    def problems(self) -> Iterator[UserError]:
        yield from number_problems(self.to, self.from_, self.created_at)
        if len(self.body) > MAX_BODY:
            yield wrong("body", f"body has {len(self.body)} characters; at most {MAX_BODY} are kept")
        if "\x00" in self.body:
            yield wrong("body", "body has a NUL character, which cannot be kept")


@batches.flat
@strawberry.input(description="Messages that the platform reports together.")
class RecordMessagesInput:
    messages: list[RecordMessageInput] = strawberry.field(description="Up to 1,000 messages.")

    def problems(self) -> Iterator[UserError]:
        yield from batches.at_most(batches.RECORDED_AT_ONCE, "messages", self.messages)


@strawberry.input(description="A step of a message from one state to the next.")
class ChangeMessageStatusInput:
    id: strawberry.ID = strawberry.field(description="The message's id.")
    status: MessageStatus = strawberry.field(description="The new state.")

    def problems(self) -> Iterator[UserError]:
        yield from ()


@strawberry.type(description="What came of a change to a message.")
class MessagePayload:
    message: Message | None = strawberry.field(description="The message; null where nothing was done.")
    user_errors: list[UserError] = strawberry.field(description="All that is wrong with the input.")


@strawberry.type(description="What came of messages that were reported together.")
class RecordMessagesPayload:
    results: list[MessagePayload] = strawberry.field(
        description="What came of each message, in the order of the input; none where all were refused."
    )
    user_errors: list[UserError] = strawberry.field(
        description="All that is wrong with the input as a whole."
    )
