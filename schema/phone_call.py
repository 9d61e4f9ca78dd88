"""Phone calls."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import strawberry
from strawberry import Maybe

from models.phone_call import PhoneCallDirection, PhoneCallStatus
from schema import batches
from schema.account import Account
from schema.errors import UserError, wrong
from schema.interaction import charge_problems, number_problems
from schema.node import Node
from schema.phone_number import PhoneNumber

MAX_SECONDS = 7 * 86_400


@strawberry.type(description="A phone call.")
class PhoneCall(Node):
    to: str = strawberry.field(description="The called number: E.164 with +, else bare digits.")
    from_: str = strawberry.field(
        name="from", description="The calling number: E.164 with +, else bare digits."
    )
    direction: PhoneCallDirection = strawberry.field(description="Where the call comes from.")
    status: PhoneCallStatus = strawberry.field(description="The state of the call.")
    duration: int | None = strawberry.field(
        description="Seconds from answer to end; null until the call has ended."
    )
    price: Decimal | None = strawberry.field(description="The charge, not above 0; null until it is known.")
    price_unit: str | None = strawberry.field(description="The currency of the price; null without one.")
    account: Account = strawberry.field(description="The account that the call belongs to.")
    phone_number: PhoneNumber | None = strawberry.field(
        description="The carrier's number that the call used."
    )
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When it was changed last.")


@strawberry.input(description="Which calls: those that meet every condition given.")
class PhoneCallFilter:
    carrier: strawberry.ID | None = strawberry.field(default=None, description="Of this carrier.")
    account: strawberry.ID | None = strawberry.field(default=None, description="Of this account.")
    from_date: datetime | None = strawberry.field(default=None, description="Created at this time or later.")
    to_date: datetime | None = strawberry.field(default=None, description="Created at this time or earlier.")
    direction: PhoneCallDirection | None = strawberry.field(default=None, description="In this direction.")
    status: PhoneCallStatus | None = strawberry.field(default=None, description="In this state.")


@strawberry.input(description="The charge of a call.")
class UpdatePhoneCallInput:
    id: strawberry.ID = strawberry.field(description="The call's id.")
    price: Maybe[Decimal | None] = strawberry.field(
        description="The charge in the account's billing currency: not above 0, at most 6 decimals."
    )

    def problems(self) -> Iterator[UserError]:
        yield from charge_problems(self.price)


@batches.flat
@strawberry.input(description="A call that the platform reports.")
class RecordPhoneCallInput:
    account_id: strawberry.ID = strawberry.field(description="The account that the call belongs to.")
    to: str = strawberry.field(description="The called number.")
    from_: str = strawberry.field(name="from", description="The calling number.")
    direction: PhoneCallDirection = strawberry.field(description="Where the call comes from.")
    status: PhoneCallStatus | None = strawberry.field(
        default=None, description="Its state; QUEUED unless said."
    )
    duration: int | None = strawberry.field(default=None, description="Seconds, for a call that has ended.")
    phone_number_id: strawberry.ID | None = strawberry.field(
        default=None, description="The carrier's number that the call used."
    )
    created_at: datetime | None = strawberry.field(
        default=None, description="To record history; now unless said."
    )

    def problems(self) -> Iterator[UserError]:
        yield from number_problems(self.to, self.from_, self.created_at)
        yield from duration_problems(self.status or PhoneCallStatus.QUEUED, self.duration)


@batches.flat
@strawberry.input(description="Calls that the platform reports together.")
class RecordPhoneCallsInput:
    calls: list[RecordPhoneCallInput] = strawberry.field(description="Up to 1,000 calls.")

    def problems(self) -> Iterator[UserError]:
        yield from batches.at_most(batches.RECORDED_AT_ONCE, "calls", self.calls)


@strawberry.input(description="A step of a call from one state to the next.")
class ChangePhoneCallStatusInput:
    id: strawberry.ID = strawberry.field(description="The call's id.")
    status: PhoneCallStatus = strawberry.field(description="The new state.")
    duration: int | None = strawberry.field(
        default=None, description="Seconds, for a call that ends; 0 unless said."
    )

    def problems(self) -> Iterator[UserError]:
        yield from duration_problems(self.status, self.duration)


def duration_problems(status: PhoneCallStatus, duration: int | None) -> Iterator[UserError]:
    if duration is None:
        return
    if not status.ended:
        yield wrong("duration", f"a call that is {status.value} has no duration yet; leave it out")
    elif not 0 <= duration <= MAX_SECONDS:
        yield wrong("duration", f"duration must be 0 to {MAX_SECONDS} seconds")


@strawberry.type(description="What came of a change to a call.")
class PhoneCallPayload:
    phone_call: PhoneCall | None = strawberry.field(description="The call; null where nothing was done.")
    user_errors: list[UserError] = strawberry.field(description="All that is wrong with the input.")


@strawberry.type(description="What came of calls that were reported together.")
class RecordPhoneCallsPayload:
    results: list[PhoneCallPayload] = strawberry.field(
        description="What came of each call, in the order of the input; none where all were refused."
    )
    user_errors: list[UserError] = strawberry.field(
        description="All that is wrong with the input as a whole."
    )
