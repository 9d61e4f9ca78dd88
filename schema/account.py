"""Accounts."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import Maybe
from strawberry.scalars import JSON

from models import voices
from models.account import AccountStatus, AccountType, BillingMode
from schema import checks, paging
from schema.columns import decoded
from schema.errors import UserError
from schema.node import Connection, Node

if TYPE_CHECKING:
    from schema.message import Message, MessageFilter
    from schema.phone_call import PhoneCall, PhoneCallFilter
    from schema.phone_number import PhoneNumber, PhoneNumberFilter


def _decrypted(context: Any, encrypted: str) -> str:
    token: str = context.cipher.decrypt(encrypted)
    return token


@strawberry.type(description="A carrier's customer.")
class Account(Node):
    name: str = strawberry.field(description="A friendly name which identifies the account.")
    type: AccountType = strawberry.field(description="Who manages the account.")
    status: AccountStatus = strawberry.field(description="Whether the account may be used.")
    billing_enabled: bool = strawberry.field(description="Whether billing is enabled for the account.")
    billing_mode: BillingMode = strawberry.field(description="How the account pays.")
    billing_currency: str = strawberry.field(description="The currency of the account's charges, ISO 4217.")
    default_tts_voice: str = strawberry.field(description="The identifier of its default TTS voice.")
    auth_token: str | None = decoded("Its auth token; only for carrier-managed accounts.", _decrypted)
    metadata_: JSON = strawberry.field(
        name="metadata", description="Key-value pairs that the carrier attached."
    )
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When it was changed last.")
    phone_calls = paging.list_within(
        Connection[Annotated["PhoneCall", strawberry.lazy("schema.phone_call")]],
        Annotated["PhoneCallFilter", strawberry.lazy("schema.phone_call")],
        "account",
        "The account's calls, newest first.",
    )
    messages = paging.list_within(
        Connection[Annotated["Message", strawberry.lazy("schema.message")]],
        Annotated["MessageFilter", strawberry.lazy("schema.message")],
        "account",
        "The account's messages, newest first.",
    )
    phone_numbers = paging.list_within(
        Connection[Annotated["PhoneNumber", strawberry.lazy("schema.phone_number")]],
        Annotated["PhoneNumberFilter", strawberry.lazy("schema.phone_number")],
        "account",
        "The phone numbers that are assigned to the account, newest first.",
    )


@strawberry.input(description="Which accounts: those that meet every condition given.")
class AccountFilter:
    carrier: strawberry.ID | None = strawberry.field(default=None, description="Of this carrier.")
    status: AccountStatus | None = strawberry.field(default=None, description="In this state.")
    type: AccountType | None = strawberry.field(default=None, description="Of this type.")


@strawberry.input(description="A new account.")
class CreateAccountInput:
    carrier_id: strawberry.ID | None = strawberry.field(
        default=None, description="The carrier it belongs to; a carrier key leaves it out."
    )
    name: str = strawberry.field(description="A friendly name which identifies the account.")
    type: AccountType | None = strawberry.field(
        default=None, description="CARRIER_MANAGED unless said; CUSTOMER_MANAGED only with a platform key."
    )
    billing_enabled: Maybe[bool | None] = strawberry.field(description="Enable billing; false unless said.")
    billing_mode: Maybe[BillingMode | None] = strawberry.field(
        description="How the account pays; PREPAID unless said."
    )
    default_tts_voice: Maybe[str | None] = strawberry.field(
        description="A voice identifier; Basic.Kal unless said."
    )
    metadata: Maybe[JSON | None] = strawberry.field(description="Key-value pairs to attach, a JSON object.")

    def problems(self) -> Iterator[UserError]:
        yield from checks.text("name", self.name)
        yield from _shared_problems(self)


@strawberry.input(description="Changes to an account; what is left out stays.")
class UpdateAccountInput:
    id: strawberry.ID = strawberry.field(description="The account's id.")
    name: Maybe[str | None] = strawberry.field(description="A friendly name which identifies the account.")
    status: Maybe[AccountStatus | None] = strawberry.field(description="Whether the account may be used.")
    billing_enabled: Maybe[bool | None] = strawberry.field(description="Whether billing is enabled.")
    billing_mode: Maybe[BillingMode | None] = strawberry.field(description="How the account pays.")
    default_tts_voice: Maybe[str | None] = strawberry.field(description="A voice identifier.")
    metadata: Maybe[JSON | None] = strawberry.field(
        description="A JSON object merged into what is there, up to 64 KiB in all: objects merge, "
        "everything else replaces."
    )

    def problems(self) -> Iterator[UserError]:
        yield from checks.not_null(name=self.name, status=self.status)
        yield from checks.text("name", checks.given(self.name))
        yield from _shared_problems(self)


def _shared_problems(given: CreateAccountInput | UpdateAccountInput) -> Iterator[UserError]:
    yield from checks.not_null(
        billingEnabled=given.billing_enabled,
        billingMode=given.billing_mode,
        defaultTtsVoice=given.default_tts_voice,
    )
    yield from checks.json_object("metadata", given.metadata)
    voice = checks.given(given.default_tts_voice)
    if voice is not None and not voices.is_voice(voice):
        yield from checks.problem(
            "defaultTtsVoice",
            f"{voice!r:.80} is not a voice; give Basic.Kal, Basic.Slt or a Polly voice such as Polly.Joanna",
        )


@strawberry.type(description="What came of a change to an account.")
class AccountPayload:
    account: Account | None = strawberry.field(description="The account; null where nothing was done.")
    user_errors: list[UserError] = strawberry.field(description="All that is wrong with the input.")
