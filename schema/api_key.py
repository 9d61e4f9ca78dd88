"""API keys, and who a request comes from."""

from collections.abc import Iterator
from datetime import UTC, datetime

import strawberry

from models.api_key import (
    MAX_ALLOWED_ADDRESSES,
    MAX_OVERLAP_SECONDS,
    USUAL_OVERLAP_SECONDS,
    ApiKeyAccess,
    ApiKeyRole,
)
from models.networks import network_problem
from schema import checks
from schema.carrier import Carrier
from schema.errors import UserError, UserErrorCode, wrong
from schema.node import Node

ALLOWED = "The addresses and networks (CIDR, IPv4 or IPv6) that requests with it may come from."


@strawberry.type(description="A key of the API. The token itself is shown once, when it is created.")
class ApiKey(Node):
    name: str = strawberry.field(description="What the key is for.")
    role: ApiKeyRole = strawberry.field(description="Whose key it is.")
    access: ApiKeyAccess = strawberry.field(description="What it may do.")
    carrier: Carrier | None = strawberry.field(
        description="The carrier it belongs to; null for a platform key."
    )
    last_used_at: datetime | None = strawberry.field(description="When it was used last, to the minute.")
    allowed_addresses: list[str] | None = strawberry.field(description=f"{ALLOWED} Null: from anywhere.")
    expires_at: datetime | None = strawberry.field(description="When it stops working; null: never.")
    created_at: datetime = strawberry.field(description="When it was created.")
    revoked_at: datetime | None = strawberry.field(description="When it was revoked; null: it works.")


@strawberry.type(description="Who the request comes from.")
class Viewer:
    key: ApiKey = strawberry.field(description="The key of the request.")
    carrier: Carrier | None = strawberry.field(description="The key's carrier; null for a platform key.")


@strawberry.input(description="A new API key.")
class CreateApiKeyInput:
    name: str = strawberry.field(description="What the key is for.")
    role: ApiKeyRole = strawberry.field(description="Whose key it is.")
    access: ApiKeyAccess | None = strawberry.field(
        default=None, description="What it may do; WRITE unless said."
    )
    carrier_id: strawberry.ID | None = strawberry.field(
        default=None, description="The carrier it belongs to: required for CARRIER, absent for PLATFORM."
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="When it stops working; never unless said."
    )
    allowed_addresses: list[str] | None = strawberry.field(
        default=None, description=f"{ALLOWED} From anywhere unless said; at most {MAX_ALLOWED_ADDRESSES}."
    )

    def problems(self) -> Iterator[UserError]:
        yield from checks.text("name", self.name)
        if self.role is ApiKeyRole.CARRIER and self.carrier_id is None:
            yield wrong(
                "carrierId", "carrierId is required for a key with role CARRIER", UserErrorCode.REQUIRED
            )
        if self.role is ApiKeyRole.PLATFORM and self.carrier_id is not None:
            yield wrong("carrierId", "carrierId must be left out for a key with role PLATFORM")
        if self.expires_at is not None and self.expires_at <= datetime.now(UTC):
            yield wrong("expiresAt", "expiresAt must be in the future")
        yield from _address_problems(self.allowed_addresses)


@strawberry.input(description="Which key is to be followed by a new one.")
class RotateApiKeyInput:
    id: strawberry.ID = strawberry.field(description="The key's id.")
    overlap_seconds: int | None = strawberry.field(
        default=None,
        description=f"How long the old key works beside the new one: 0 to {MAX_OVERLAP_SECONDS} (7 days); "
        f"{USUAL_OVERLAP_SECONDS} (a day) unless said, and no longer than it would have.",
    )

    def problems(self) -> Iterator[UserError]:
        if self.overlap_seconds is not None and not 0 <= self.overlap_seconds <= MAX_OVERLAP_SECONDS:
            yield wrong("overlapSeconds", f"overlapSeconds must be 0 to {MAX_OVERLAP_SECONDS}")


@strawberry.input(description="Which keys: those that meet every condition given.")
class ApiKeyFilter:
    carrier: strawberry.ID | None = strawberry.field(default=None, description="Of this carrier.")
    role: ApiKeyRole | None = strawberry.field(default=None, description="With this role.")
    access: ApiKeyAccess | None = strawberry.field(default=None, description="With this access.")


@strawberry.input(description="Which key is to stop working.")
class RevokeApiKeyInput:
    id: strawberry.ID = strawberry.field(description="The key's id.")

    def problems(self) -> Iterator[UserError]:
        yield from ()


def _address_problems(allowed: list[str] | None) -> Iterator[UserError]:
    if allowed is None:
        return
    if not 0 < len(allowed) <= MAX_ALLOWED_ADDRESSES:
        message = (
            f"allowedAddresses must have 1 to {MAX_ALLOWED_ADDRESSES} entries; leave it out for anywhere"
        )
        yield wrong("allowedAddresses", message)
        return
    for text in allowed:
        yield from checks.problem("allowedAddresses", network_problem(text))


@strawberry.type(description="What came of a change to an API key.")
class ApiKeyPayload:
    api_key: ApiKey | None = strawberry.field(description="The key; null where nothing was done.")
    user_errors: list[UserError] = strawberry.field(description="All that is wrong with the input.")


@strawberry.type(description="A new API key with its token.")
class CreateApiKeyPayload:
    api_key: ApiKey | None = strawberry.field(description="The key; null where nothing was done.")
    token: str | None = strawberry.field(description="The token to send. It is shown here and never again.")
    user_errors: list[UserError] = strawberry.field(description="All that is wrong with the input.")
