"""The audit: who wrote what, when and from where."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry.scalars import JSON

from models.audit_entry import AuditActor, AuditDoor
from schema.carrier import Carrier
from schema.columns import decoded
from schema.node import Node


def _texts(_context: Any, ids: Any) -> list[str]:
    return [str(one) for one in ids]


@strawberry.type(description="What one write left in the audit. It never changes and is never deleted.")
class AuditEntry(Node):
    created_at: datetime = strawberry.field(description="When it was done.")
    carrier: Carrier | None = strawberry.field(
        description="The carrier that it concerns; null for what is the platform's alone."
    )
    actor: AuditActor = strawberry.field(description="What kind of actor did it.")
    key_id: strawberry.ID | None = strawberry.field(
        description="The API key that was used; null for a command."
    )
    key_name: str | None = strawberry.field(description="What the key was called then.")
    door: AuditDoor = strawberry.field(description="Which way it came.")
    action: str = strawberry.field(description="The mutation, such as createAccount, by whichever door.")
    operation: str | None = strawberry.field(
        description="The name that the caller gave to the GraphQL operation, or REST for it."
    )
    request_id: str | None = strawberry.field(description="X-Request-Id of the request; null for a command.")
    address: str | None = strawberry.field(description="The client's IP address; null for a command.")
    object_type: str = strawberry.field(description="What was written, such as phone_number.")
    object_id: strawberry.ID | None = strawberry.field(
        description="The id of the object; null where it was many at once."
    )
    object_ids: list[strawberry.ID] | None = decoded(
        "The ids of many objects written at once; null where it was one.", _texts
    )
    before: JSON | None = strawberry.field(
        description="The object before it was deleted, or of a change what was set; null for a new one."
    )
    after: JSON | None = strawberry.field(
        description="The new object, or of a change what was set; null for a deleted one. Of many at once, "
        "how many and the SHA-256 of their rows. Secrets, texts of messages and the numbers of calls and "
        'messages are "[redacted]".'
    )


@strawberry.input(description="Which entries: those that meet every condition given.")
class AuditEntryFilter:
    carrier: strawberry.ID | None = strawberry.field(default=None, description="Of this carrier.")
    key: strawberry.ID | None = strawberry.field(default=None, description="Done with this API key.")
    actor: AuditActor | None = strawberry.field(default=None, description="Done by this kind of actor.")
    action: str | None = strawberry.field(default=None, description="Done by this mutation.")
    object: strawberry.ID | None = strawberry.field(
        default=None, description="About this object, alone or among many."
    )
    from_date: datetime | None = strawberry.field(default=None, description="Done at this time or later.")
    to_date: datetime | None = strawberry.field(default=None, description="Done at this time or earlier.")
