"""The schema: every root field in two tables, each with who may use it. It alone knows the resolvers."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Annotated, Any

import strawberry
from strawberry.schema.config import StrawberryConfig

from models.api_key import ApiKeyAccess, ApiKeyRole
from resolvers import (
    account,
    api_key,
    carrier,
    message,
    node,
    phone_call,
    phone_number,
    phone_number_stats,
    statistics,
    tts_event,
    viewer,
    webhook_delivery,
    webhook_endpoint,
)
from resolvers.answers import answer, answer_checked, answer_each
from resolvers.readers import ONES, PAGES, ROWS
from schema import paging
from schema.account import Account, AccountFilter, AccountPayload, CreateAccountInput, UpdateAccountInput
from schema.api_key import (
    ApiKey,
    ApiKeyFilter,
    ApiKeyPayload,
    CreateApiKeyInput,
    CreateApiKeyPayload,
    RevokeApiKeyInput,
    RotateApiKeyInput,
    Viewer,
)
from schema.audit_entry import AuditEntry, AuditEntryFilter
from schema.carrier import Carrier, CarrierPayload, CreateCarrierInput
from schema.deletion import DeletePayload
from schema.event import Event, EventFilter
from schema.execution import CarrierSchema
from schema.message import (
    ChangeMessageStatusInput,
    Message,
    MessageFilter,
    MessagePayload,
    RecordMessageInput,
    RecordMessagesInput,
    RecordMessagesPayload,
    UpdateMessageInput,
)
from schema.node import Connection, DeleteInput, Node
from schema.phone_call import (
    ChangePhoneCallStatusInput,
    PhoneCall,
    PhoneCallFilter,
    PhoneCallPayload,
    RecordPhoneCallInput,
    RecordPhoneCallsInput,
    RecordPhoneCallsPayload,
    UpdatePhoneCallInput,
)
from schema.phone_number import (
    AssignPhoneNumberInput,
    CountComparison,
    CreatePhoneNumberInput,
    ImportPhoneNumbersInput,
    ImportPhoneNumbersPayload,
    PhoneNumber,
    PhoneNumberFilter,
    PhoneNumberGroup,
    PhoneNumberPayload,
    PhoneNumberStatistic,
    ReleasePhoneNumberInput,
    UpdatePhoneNumberInput,
)
from schema.scalars import SCALARS
from schema.statistics import PAGE as CHART_PAGE
from schema.statistics import (
    InteractionGroup,
    MessageStatistic,
    PhoneCallStatistic,
    StatisticInterval,
    TtsGroup,
    TtsStatistic,
)
from schema.tts_event import (
    RecordTtsEventInput,
    RecordTtsEventsInput,
    RecordTtsEventsPayload,
    TtsEvent,
    TtsEventFilter,
    TtsEventPayload,
)
from schema.webhook_delivery import (
    RedeliverWebhookInput,
    ReplayWebhooksInput,
    ReplayWebhooksPayload,
    WebhookDelivery,
    WebhookDeliveryFilter,
    WebhookDeliveryPayload,
)
from schema.webhook_endpoint import (
    CreateWebhookEndpointInput,
    RotateWebhookSigningSecretInput,
    SendTestEventInput,
    UpdateWebhookEndpointInput,
    WebhookEndpoint,
    WebhookEndpointPayload,
)

CARRIER = frozenset({ApiKeyRole.CARRIER, ApiKeyRole.PLATFORM})
PLATFORM = frozenset({ApiKeyRole.PLATFORM})
ID = paging.required("id", strawberry.ID, "The object's id.")
INPUT = "What to do."


def query(reader: Any, returns: Any, description: str, parameters: list[Any]) -> Any:
    """A root field that a reader reads; every key may ask, and sees what is its carrier's."""

    async def resolve(_root: Any, info: strawberry.Info, **given: Any) -> Any:
        return await info.context.planned(info, reader, **given)

    access = {"roles": CARRIER, "access": ApiKeyAccess.READ, "reader": reader}
    return paging.field(resolve, returns, description, parameters, access)


def one(type_: type, description: str) -> Any:
    return query(ONES[type_.__name__], type_ | None, description, [ID])


def page(type_: type, filter_type: type | None, description: str) -> Any:
    own = {"filter": (filter_type, "Which rows; all where it is left out.")} if filter_type else {}
    parameters = paging.arguments(**own, **paging.PAGE)
    listed: Any = type_  # a type at run time
    return query(PAGES[type_.__name__], Connection[listed], description, parameters)


def chart(type_: type, filter_type: type, group_type: type, rows: str) -> Any:
    group: Any = group_type
    parameters = paging.arguments(
        filter=(filter_type, "Which rows to count; all where it is left out."),
        group_by=(list[group], "What to group by; nothing where it is left out."),
        interval=(StatisticInterval, "How long a bucket is; without it, all time is one."),
        time_zone=(
            str,
            'Whose clock cuts the buckets: an IANA name such as "Asia/Phnom_Penh"; UTC unless said.',
        ),
        **CHART_PAGE,
    )
    listed: Any = type_  # a type at run time
    description = f"What {rows} come to, by bucket, then by group; where there are none, there is no bucket."
    return query(statistics.READERS[type_.__name__], Connection[listed], description, parameters)


@strawberry.type(description="What can be asked.")
class Query:
    viewer: Viewer = query(viewer.READER, Viewer, "Who the request comes from.", [])
    node: Node | None = query(node.READER, Node | None, "Any object by its id.", [ID])
    carriers = page(Carrier, None, "The carriers: all for the platform, its own for a carrier.")
    api_keys = page(ApiKey, ApiKeyFilter, "The API keys, newest first; the tokens are not among them.")
    account = one(Account, "An account by its id.")
    accounts = page(Account, AccountFilter, "The accounts, newest first.")
    phone_call = one(PhoneCall, "A call by its id.")
    phone_calls = page(PhoneCall, PhoneCallFilter, "The calls, newest first.")
    message = one(Message, "A message by its id.")
    messages = page(Message, MessageFilter, "The messages, newest first.")
    phone_number = one(PhoneNumber, "A phone number by its id.")
    phone_numbers = page(PhoneNumber, PhoneNumberFilter, "The phone numbers, newest first.")
    phone_number_stats = query(
        phone_number_stats.READER,
        Connection[PhoneNumberStatistic],
        "How many numbers each group has; pages go by the groups' ids, a page by country, region, locality.",
        [
            paging.required("group_by", list[PhoneNumberGroup], "What to count by: at least one."),
            *paging.arguments(
                filter=(PhoneNumberFilter, "Which numbers to count; all where it is left out."),
                having=(CountComparison, "Only groups whose count compares so."),
                **paging.PAGE,
            ),
        ],
    )
    tts_event = one(TtsEvent, "A TTS event by its id.")
    tts_events = page(TtsEvent, TtsEventFilter, "The TTS events, newest first.")
    phone_call_stats = chart(PhoneCallStatistic, PhoneCallFilter, InteractionGroup, "calls")
    message_stats = chart(MessageStatistic, MessageFilter, InteractionGroup, "messages")
    tts_stats = chart(TtsStatistic, TtsEventFilter, TtsGroup, "TTS events")
    event = one(Event, "An event by its id.")
    events = page(Event, EventFilter, "The events, newest first.")
    webhook_endpoint = one(WebhookEndpoint, "A webhook endpoint by its id.")
    webhook_endpoints = query(
        ROWS["WebhookEndpoint"],
        list[WebhookEndpoint],
        "The webhook endpoints, newest first.",
        paging.arguments(carrier=(strawberry.ID, "Only those of this carrier.")),
    )
    webhook_delivery = one(WebhookDelivery, "A webhook delivery by its id.")
    webhook_deliveries = page(
        WebhookDelivery, WebhookDeliveryFilter, "The webhook deliveries of the last 30 days, newest first."
    )
    audit_entries = page(AuditEntry, AuditEntryFilter, "Who wrote what, newest first: kept for ever.")


def mutation(
    act: Callable[[Any, Any], Awaitable[Any]],
    input_type: type,
    payload: type,
    description: str,
    *,
    roles: frozenset[ApiKeyRole],
    answered: Callable[..., Awaitable[Any]] = answer,
) -> Any:
    """A root field that changes something and answers with what it changed, or all that is wrong."""

    async def resolve(_root: Any, info: strawberry.Info, **given: Any) -> Any:
        info.context.allow(roles, ApiKeyAccess.WRITE)
        info.context.action = info.field_name
        return await answered(info, payload, act, given["input"])

    parameters = [paging.required("input", input_type, INPUT)]
    return paging.field(
        resolve, payload, description, parameters, {"roles": roles, "access": ApiKeyAccess.WRITE}
    )


@strawberry.type(description="What can be changed.")
class Mutation:
    create_account = mutation(
        account.create, CreateAccountInput, AccountPayload, "Create an account.", roles=CARRIER
    )
    update_account = mutation(
        account.update,
        UpdateAccountInput,
        AccountPayload,
        "Change an account.",
        roles=CARRIER,
        answered=answer_checked,
    )
    delete_account = mutation(
        account.delete,
        DeleteInput,
        DeletePayload,
        "Delete an account that nothing belongs to.",
        roles=CARRIER,
    )
    create_phone_number = mutation(
        phone_number.create,
        CreatePhoneNumberInput,
        PhoneNumberPayload,
        "Create a phone number.",
        roles=CARRIER,
    )
    import_phone_numbers = mutation(
        phone_number.import_,
        ImportPhoneNumbersInput,
        ImportPhoneNumbersPayload,
        "Create up to 10,000 phone numbers, all of them or the good ones, or try what would come of it.",
        roles=CARRIER,
    )
    update_phone_number = mutation(
        phone_number.update,
        UpdatePhoneNumberInput,
        PhoneNumberPayload,
        "Change a phone number.",
        roles=CARRIER,
        answered=answer_checked,
    )
    delete_phone_number = mutation(
        phone_number.delete,
        DeleteInput,
        DeletePayload,
        "Delete a number that is not assigned.",
        roles=CARRIER,
    )
    update_phone_call = mutation(
        phone_call.update, UpdatePhoneCallInput, PhoneCallPayload, "Set the price of a call.", roles=CARRIER
    )
    update_message = mutation(
        message.update, UpdateMessageInput, MessagePayload, "Set the price of a message.", roles=CARRIER
    )
    create_webhook_endpoint = mutation(
        webhook_endpoint.create,
        CreateWebhookEndpointInput,
        WebhookEndpointPayload,
        "Create a webhook endpoint.",
        roles=CARRIER,
    )
    update_webhook_endpoint = mutation(
        webhook_endpoint.update,
        UpdateWebhookEndpointInput,
        WebhookEndpointPayload,
        "Change a webhook endpoint.",
        roles=CARRIER,
    )
    delete_webhook_endpoint = mutation(
        webhook_endpoint.delete,
        DeleteInput,
        DeletePayload,
        "Delete a webhook endpoint with its deliveries.",
        roles=CARRIER,
    )
    rotate_webhook_signing_secret = mutation(
        webhook_endpoint.rotate_secret,
        RotateWebhookSigningSecretInput,
        WebhookEndpointPayload,
        "Give a webhook endpoint a new signing secret; the old one goes on signing for a while.",
        roles=CARRIER,
    )
    send_test_event = mutation(
        webhook_endpoint.send_test_event,
        SendTestEventInput,
        WebhookDeliveryPayload,
        "Send an event to a webhook endpoint to try it; the event tells of nothing that happened.",
        roles=CARRIER,
    )
    redeliver_webhook = mutation(
        webhook_delivery.redeliver,
        RedeliverWebhookInput,
        WebhookDeliveryPayload,
        "Send a webhook again, whatever came of it before; its webhook-id stays the same.",
        roles=CARRIER,
    )
    replay_webhooks = mutation(
        webhook_delivery.replay,
        ReplayWebhooksInput,
        ReplayWebhooksPayload,
        "Send an endpoint's webhooks again, by their states and a range of time.",
        roles=CARRIER,
    )
    create_carrier = mutation(
        carrier.create, CreateCarrierInput, CarrierPayload, "Create a carrier.", roles=PLATFORM
    )
    create_api_key = mutation(
        api_key.create, CreateApiKeyInput, CreateApiKeyPayload, "Create an API key.", roles=PLATFORM
    )
    rotate_api_key = mutation(
        api_key.rotate,
        RotateApiKeyInput,
        CreateApiKeyPayload,
        "Make another API key with the same properties; the old one goes on working for a while.",
        roles=PLATFORM,
    )
    revoke_api_key = mutation(
        api_key.revoke,
        RevokeApiKeyInput,
        ApiKeyPayload,
        "Revoke an API key: it stops working at once.",
        roles=PLATFORM,
    )
    record_phone_call = mutation(
        phone_call.record, RecordPhoneCallInput, PhoneCallPayload, "Report a call.", roles=PLATFORM
    )
    record_phone_calls = mutation(
        phone_call.record_each,
        RecordPhoneCallsInput,
        RecordPhoneCallsPayload,
        "Report up to 1,000 calls: the good ones are recorded, and each is answered for.",
        roles=PLATFORM,
        answered=answer_each,
    )
    change_phone_call_status = mutation(
        phone_call.change_status,
        ChangePhoneCallStatusInput,
        PhoneCallPayload,
        "Report a call's step to its next state; CONFLICT where its present state does not allow it.",
        roles=PLATFORM,
    )
    record_message = mutation(
        message.record, RecordMessageInput, MessagePayload, "Report a message.", roles=PLATFORM
    )
    record_messages = mutation(
        message.record_each,
        RecordMessagesInput,
        RecordMessagesPayload,
        "Report up to 1,000 messages: the good ones are recorded, and each is answered for.",
        roles=PLATFORM,
        answered=answer_each,
    )
    change_message_status = mutation(
        message.change_status,
        ChangeMessageStatusInput,
        MessagePayload,
        "Report a message's step to its next state; CONFLICT where its present state does not allow it.",
        roles=PLATFORM,
    )
    record_tts_event = mutation(
        tts_event.record, RecordTtsEventInput, TtsEventPayload, "Report a use of a voice.", roles=PLATFORM
    )
    record_tts_events = mutation(
        tts_event.record_each,
        RecordTtsEventsInput,
        RecordTtsEventsPayload,
        "Report up to 1,000 uses of voices: the good ones are recorded, and each is answered for.",
        roles=PLATFORM,
        answered=answer_each,
    )
    assign_phone_number = mutation(
        phone_number.assign,
        AssignPhoneNumberInput,
        PhoneNumberPayload,
        "Assign a number to an account.",
        roles=PLATFORM,
    )
    release_phone_number = mutation(
        phone_number.release,
        ReleasePhoneNumberInput,
        PhoneNumberPayload,
        "Take a number back.",
        roles=PLATFORM,
    )


@strawberry.type(description="What can be followed.")
class Subscription:
    @strawberry.subscription(  # type: ignore[untyped-decorator] # Strawberry's own
        description="The events as they are committed, in order: over WebSocket (graphql-transport-ws) or "
        "server-sent events. Its stream ends within seconds when the key is revoked or expires."
    )
    async def events(
        self,
        info: strawberry.Info,
        filter: Annotated[  # noqa: A002 - the argument's name in the schema
            EventFilter | None, strawberry.argument(description="Which events; all where it is left out.")
        ] = strawberry.UNSET,
        after: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description="The id of the last event that was seen: those that followed it come first."
            ),
        ] = strawberry.UNSET,
    ) -> AsyncGenerator[Event, None]:
        context = info.context
        context.allow(CARRIER, ApiKeyAccess.READ)
        async with aclosing(context.events.follow(context.viewer, filter or None, after or None)) as found:
            async for event in found:
                yield event


schema = CarrierSchema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[
        Account,
        AuditEntry,
        Carrier,
        Event,
        Message,
        PhoneCall,
        PhoneNumber,
        TtsEvent,
        WebhookDelivery,
        WebhookEndpoint,
    ],
    config=StrawberryConfig(scalar_map=SCALARS),
)
