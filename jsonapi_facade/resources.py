"""The table of the REST API's resources. Their attributes and operations stand in the .graphql files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from models import money


@dataclass(frozen=True, eq=False)
class Resource:
    """`filters` gives each REST filter its kind; `formats` writes attributes that are more than a value."""

    path: str
    type: str
    graphql_type: str
    filters: Mapping[str, str] = field(default_factory=dict)
    actions: frozenset[str] = frozenset()
    formats: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    needs: Mapping[str, str] = field(
        default_factory=dict
    )  # an attribute's format is given this other one too
    absent_if_null: frozenset[str] = frozenset()
    read_only: frozenset[str] = frozenset()  # inputs of GraphQL that REST does not offer
    spellings: Mapping[str, str] = field(default_factory=dict)  # other names of an attribute in a body

    @property
    def root(self) -> str:
        return self.graphql_type[0].lower() + self.graphql_type[1:]


# Rows repeat the same prices and durations; a page of them costs a fifth less where they are remembered.
@lru_cache(maxsize=4096)
def _charge(price: str | None) -> str | None:
    return None if price is None else money.charge_text(Decimal(price))


def _price(price: str, currency: str) -> str:
    return money.price_text(Decimal(price), currency)


@lru_cache(maxsize=4096)
def _duration(duration: int | None) -> str | None:
    return None if duration is None else str(duration)


DATES = {"from_date": "from", "to_date": "to"}
INTERACTION = {"account": "text", **DATES, "direction": "enum", "status": "enum"}
EVERYTHING = frozenset({"Create", "Update", "Delete"})

RESOURCES = {
    resource.path: resource
    for resource in (
        Resource(
            "accounts",
            "account",
            "Account",
            actions=EVERYTHING,
            absent_if_null=frozenset({"auth_token"}),
            read_only=frozenset({"type"}),
            spellings={"tts_voice": "default_tts_voice"},
        ),
        Resource("events", "event", "Event"),
        Resource(
            "messages", "message", "Message", INTERACTION, frozenset({"Update"}), formats={"price": _charge}
        ),
        Resource(
            "phone_calls",
            "phone_call",
            "PhoneCall",
            INTERACTION,
            frozenset({"Update"}),
            formats={"price": _charge, "duration": _duration},
        ),
        Resource(
            "phone_numbers",
            "phone_number",
            "PhoneNumber",
            actions=EVERYTHING,
            formats={"price": _price},
            needs={"price": "currency"},
        ),
        Resource("tts_events", "tts_event", "TtsEvent", {"account": "text", "phone_call": "text", **DATES}),
    )
}
BY_TYPE = {resource.type: resource for resource in RESOURCES.values()}
