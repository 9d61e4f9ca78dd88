"""TTS events."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import strawberry

from models import voices
from schema import batches, checks
from schema.account import Account
from schema.columns import decoded
from schema.errors import UserError, wrong
from schema.node import Node
from schema.phone_call import PhoneCall

MAX_CHARACTERS = 1_000_000


def _described(_context: Any, voice: str) -> str:
    return voices.describe(voice)


@strawberry.type(description="One use of a text-to-speech voice in a call.")
class TtsEvent(Node):
    voice: str = decoded(
        'The voice with its gender and language, such as "Basic.Kal (Male, en-US)".', _described
    )
    characters: int = strawberry.field(description="How many characters were spoken.")
    account: Account = strawberry.field(description="The account that the call belongs to.")
    phone_call: PhoneCall = strawberry.field(description="The call in which it was spoken.")
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When it was changed last.")


@strawberry.input(description="Which TTS events: those that meet every condition given.")
class TtsEventFilter:
    carrier: strawberry.ID | None = strawberry.field(default=None, description="Of this carrier.")
    account: strawberry.ID | None = strawberry.field(default=None, description="Of this account.")
    phone_call: strawberry.ID | None = strawberry.field(default=None, description="Of this call.")
    from_date: datetime | None = strawberry.field(default=None, description="Created at this time or later.")
    to_date: datetime | None = strawberry.field(default=None, description="Created at this time or earlier.")


@batches.flat
@strawberry.input(description="A use of a voice that the platform reports.")
class RecordTtsEventInput:
    phone_call_id: strawberry.ID = strawberry.field(description="The call in which it was spoken.")
    voice: str | None = strawberry.field(
        default=None, description="A voice identifier; the account's default unless said."
    )
    characters: int = strawberry.field(description="How many characters were spoken.")

    def problems(self) -> Iterator[UserError]:
        if self.voice is not None and not voices.is_voice(self.voice):
            yield from checks.problem(
                "voice", f"{self.voice!r:.80} is not a voice; give one such as Basic.Kal"
            )
        if not 0 <= self.characters <= MAX_CHARACTERS:
            yield wrong("characters", f"characters must be 0 to {MAX_CHARACTERS}")


@batches.flat
@strawberry.input(description="Uses of voices that the platform reports together.")
class RecordTtsEventsInput:
    tts_events: list[RecordTtsEventInput] = strawberry.field(description="Up to 1,000 TTS events.")

    def problems(self) -> Iterator[UserError]:
        yield from batches.at_most(batches.RECORDED_AT_ONCE, "ttsEvents", self.tts_events)


@strawberry.type(description="What came of a change to a TTS event.")
class TtsEventPayload:
    tts_event: TtsEvent | None = strawberry.field(description="The TTS event; null where nothing was done.")
    user_errors: list[UserError] = strawberry.field(description="All that is wrong with the input.")


@strawberry.type(description="What came of TTS events that were reported together.")
class RecordTtsEventsPayload:
    results: list[TtsEventPayload] = strawberry.field(
        description="What came of each TTS event, in the order of the input; none where all were refused."
    )
    user_errors: list[UserError] = strawberry.field(
        description="All that is wrong with the input as a whole."
    )
