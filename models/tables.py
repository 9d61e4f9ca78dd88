"""The tables behind the types of the same names, and the metadata of all tables."""

from sqlmodel import SQLModel

from models.account import Account
from models.api_key import ApiKey
from models.audit_entry import AuditEntry, AuditSeal  # noqa: F401 - a seal is part of METADATA, behind no type
from models.carrier import Carrier
from models.event import Event
from models.idempotency_key import IdempotencyKey  # noqa: F401 - part of METADATA, behind no type
from models.message import Message
from models.number_stock import PhoneNumberStock  # noqa: F401 - part of METADATA, behind no type
from models.phone_call import PhoneCall
from models.phone_number import PhoneNumber
from models.tombstone import Tombstone  # noqa: F401 - part of METADATA, behind no type
from models.tts_event import TtsEvent
from models.webhook_delivery import WebhookAttempt, WebhookDelivery
from models.webhook_endpoint import WebhookEndpoint

TABLES = (
    Account,
    ApiKey,
    AuditEntry,
    Carrier,
    Event,
    Message,
    PhoneCall,
    PhoneNumber,
    TtsEvent,
    WebhookDelivery,
    WebhookEndpoint,
)
WITHIN = (WebhookAttempt,)  # rows without an id of their own in the API: read within what they belong to
METADATA = SQLModel.metadata
