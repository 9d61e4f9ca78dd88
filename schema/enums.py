"""The enums of the models as GraphQL shows them: names in capitals, each described."""

from enum import Enum
from typing import TypeVar

import strawberry

from models.account import AccountStatus, AccountType, BillingMode
from models.api_key import ApiKeyAccess, ApiKeyRole
from models.audit_entry import AuditActor, AuditDoor
from models.message import MessageDirection, MessageStatus
from models.phone_call import PhoneCallDirection, PhoneCallStatus
from models.phone_number import PhoneNumberType, PhoneNumberVisibility
from models.webhook_delivery import WebhookDeliveryStatus

E = TypeVar("E", bound=type[Enum])


def described(cls: E, description: str, **members: str) -> E:
    """Make `cls` a GraphQL enum; every member is given its description by its name."""
    definition = strawberry.enum(cls, description=description)
    for value in definition.__strawberry_definition__.values:  # type: ignore[attr-defined] # set by Strawberry
        value.description = members[value.name]
    return definition


described(
    AccountType,
    "Who manages an account.",
    CARRIER_MANAGED="The carrier manages it, and holds its auth token.",
    CUSTOMER_MANAGED="The customer manages it; its name and voice cannot be changed by the carrier.",
)
described(
    AccountStatus,
    "Whether an account may be used.",
    ENABLED="It may be used.",
    DISABLED="It may not be used.",
)
described(BillingMode, "How an account pays.", PREPAID="In advance.")
described(
    PhoneCallDirection,
    "Where a call comes from.",
    INBOUND="Somebody calls one of the carrier's numbers.",
    OUTBOUND_API="The account starts it through the API.",
    OUTBOUND_DIAL="Another call starts it.",
)
described(
    PhoneCallStatus,
    "The state of a call.",
    QUEUED="It waits to be started.",
    RINGING="It rings.",
    IN_PROGRESS="It was answered and goes on.",
    BUSY="It ended: the called party was busy.",
    FAILED="It ended: it could not be connected.",
    NO_ANSWER="It ended: nobody answered.",
    COMPLETED="It ended after it was answered.",
    CANCELED="It ended: it was called off.",
)
described(
    MessageDirection,
    "Where a message comes from.",
    INBOUND="Somebody sends it to one of the carrier's numbers.",
    OUTBOUND_API="The account sends it through the API.",
    OUTBOUND_CALL="A call sends it.",
    OUTBOUND_REPLY="It answers an inbound message.",
    OUTBOUND="The account sends it in another way.",
)
described(
    MessageStatus,
    "The state of a message.",
    ACCEPTED="It was taken and waits for its sender to be chosen.",
    SCHEDULED="It is to be sent later.",
    QUEUED="It waits to be sent.",
    SENDING="It is being sent.",
    SENT="The next carrier took it.",
    FAILED="It could not be sent or delivered.",
    RECEIVED="It came in.",
    CANCELED="It was called off.",
    DELIVERED="It reached its recipient.",
)
described(
    PhoneNumberType,
    "The type of a phone number.",
    SHORT_CODE="A short number of one country or carrier.",
    LOCAL="A number of a place.",
    MOBILE="A mobile number.",
    TOLL_FREE="A number that is free for the caller.",
)
described(
    PhoneNumberVisibility,
    "Who is offered a phone number.",
    PRIVATE="Nobody but the carrier.",
    PUBLIC="Every account of the carrier.",
    DISABLED="Nobody: it is out of use.",
)
described(
    WebhookDeliveryStatus,
    "How far a delivery has come.",
    PENDING="It has not been tried yet.",
    SUCCEEDED="The endpoint took it: it answered with a status of 200 to 299.",
    FAILED="The last attempt failed; another one follows.",
    EXHAUSTED="Every attempt failed, and none follows unless it is sent again.",
)
described(
    ApiKeyRole,
    "Whose key it is.",
    CARRIER="A carrier's: it reaches that carrier's objects alone.",
    PLATFORM="The telephony platform's: it reaches every carrier's objects and reports calls and messages.",
)
described(ApiKeyAccess, "What a key may do.", READ="Read.", WRITE="Read and write.")
described(
    AuditActor,
    "What kind of actor wrote something.",
    CARRIER="A key of the carrier.",
    PLATFORM="A key of the telephony platform.",
    OPERATOR="Whoever runs the service, at its command line.",
)
described(
    AuditDoor,
    "Which way a write came.",
    REST="By the REST API.",
    GRAPHQL="By GraphQL.",
    COMMAND="By the command line of the service.",
)
