"""Statistics of calls, messages and TTS events: what one chart shows."""

from datetime import datetime
from decimal import Decimal
from enum import Enum

import strawberry

from models.message import MessageDirection, MessageStatus
from models.phone_call import PhoneCallDirection, PhoneCallStatus
from schema import paging
from schema.account import Account
from schema.limits import WHOLE_CHART

ID = "SHA-256, in hex, of what is counted (filter, groups, interval, time zone) and of this group's parts."
START = "When the bucket starts, which may be before fromDate; null without an interval."
COUNTRY = """\
The country of the number outside, ISO 3166-1 alpha-2: who calls in, or who is called. Null for short codes, \
for numbers of no country, and where not grouped by it."""
CHARGES = "The sum of the prices that are known, exactly, for each currency in the order of their codes."
PAGE = paging.PAGE | {
    "first": (int, f"How many groups from the start: 1 to {WHOLE_CHART}; 10 where neither is given."),
    "last": (int, f"How many groups from the end: 1 to {WHOLE_CHART}."),
}


@strawberry.enum(description="How long a bucket of a chart is, by the clock of the time zone.")
class StatisticInterval(Enum):
    HOUR = strawberry.enum_value("hour", description="An hour; an hour that the clock shows twice is two.")
    DAY = strawberry.enum_value("day", description="A day: 23 or 25 hours where the clock is changed.")
    WEEK = strawberry.enum_value("week", description="A week, from Monday.")
    MONTH = strawberry.enum_value("month", description="A month of the calendar.")


@strawberry.enum(description="What calls and messages can be grouped by.")
class InteractionGroup(Enum):
    ACCOUNT = strawberry.enum_value("account", description="By account.")
    DIRECTION = strawberry.enum_value("direction", description="By direction.")
    STATUS = strawberry.enum_value("status", description="By state.")
    COUNTRY = strawberry.enum_value("country", description="By the country of the number outside.")


@strawberry.enum(description="What TTS events can be grouped by.")
class TtsGroup(Enum):
    ACCOUNT = strawberry.enum_value("account", description="By account.")
    VOICE = strawberry.enum_value("voice", description="By voice.")


@strawberry.type(description="An amount of money.")
class Amount:
    currency: str = strawberry.field(description="The currency, ISO 4217.")
    amount: Decimal = strawberry.field(description="The amount; charges are not above 0.")


@strawberry.type(description="What the calls of a group come to.")
class PhoneCallStatistic:
    id: strawberry.ID = strawberry.field(description=ID)
    start: datetime | None = strawberry.field(description=START)
    account: Account | None = strawberry.field(
        description="The group's account; null where not grouped by it."
    )
    direction: PhoneCallDirection | None = strawberry.field(
        description="The group's direction; null where not grouped by it."
    )
    status: PhoneCallStatus | None = strawberry.field(
        description="The group's state; null where not grouped by it."
    )
    country: str | None = strawberry.field(description=COUNTRY)
    count: int = strawberry.field(description="How many calls there are.")
    answered: int = strawberry.field(description="How many of them were answered.")
    seconds: int = strawberry.field(description="The sum of their durations, in seconds.")
    answer_seizure_ratio: float | None = strawberry.field(
        description="Answered calls / calls that have ended; null when none has ended."
    )
    average_seconds: float | None = strawberry.field(
        description="Seconds / answered calls; null when none was answered."
    )
    charges: list[Amount] = strawberry.field(description=CHARGES)


@strawberry.type(description="What the messages of a group come to.")
class MessageStatistic:
    id: strawberry.ID = strawberry.field(description=ID)
    start: datetime | None = strawberry.field(description=START)
    account: Account | None = strawberry.field(
        description="The group's account; null where not grouped by it."
    )
    direction: MessageDirection | None = strawberry.field(
        description="The group's direction; null where not grouped by it."
    )
    status: MessageStatus | None = strawberry.field(
        description="The group's state; null where not grouped by it."
    )
    country: str | None = strawberry.field(description=COUNTRY)
    count: int = strawberry.field(description="How many messages there are.")
    delivered: int = strawberry.field(description="How many of them were delivered.")
    failed: int = strawberry.field(description="How many of them failed.")
    delivery_ratio: float | None = strawberry.field(
        description="Delivered messages / delivered and failed ones; null when there is neither."
    )
    charges: list[Amount] = strawberry.field(description=CHARGES)


@strawberry.type(description="What the TTS events of a group come to.")
class TtsStatistic:
    id: strawberry.ID = strawberry.field(description=ID)
    start: datetime | None = strawberry.field(description=START)
    account: Account | None = strawberry.field(
        description="The group's account; null where not grouped by it."
    )
    voice: str | None = strawberry.field(
        description='The group\'s voice, such as "Basic.Kal (Male, en-US)"; null where not grouped by it.'
    )
    count: int = strawberry.field(description="How many TTS events there are.")
    characters: int = strawberry.field(description="How many characters were spoken in them.")
