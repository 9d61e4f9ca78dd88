"""Phone numbers."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import strawberry
from strawberry import Maybe
from strawberry.scalars import JSON

from models import geography, money, numbering
from models.phone_number import PhoneNumberType, PhoneNumberVisibility
from schema import batches, checks
from schema.account import Account
from schema.errors import UserError, UserErrorCode, wrong
from schema.node import Node

MAX_SHORT_CODE = 15


@strawberry.type(description="A phone number of a carrier's stock.")
class PhoneNumber(Node):
    number: str = strawberry.field(description="The number: E.164 with +, a short code bare.")
    type: PhoneNumberType = strawberry.field(description="The type of the number.")
    visibility: PhoneNumberVisibility = strawberry.field(description="Who is offered the number.")
    country: str = strawberry.field(description="Its country, ISO 3166-1 alpha-2.")
    region: str | None = strawberry.field(
        description="Its state or province, ISO 3166-2 without the country."
    )
    locality: str | None = strawberry.field(description="Its city.")
    lata: str | None = strawberry.field(description="Its local access and transport area (US and Canada).")
    rate_center: str | None = strawberry.field(description="Its rate center (US and Canada).")
    latitude: Decimal | None = strawberry.field(description="Latitude of its location, in degrees.")
    longitude: Decimal | None = strawberry.field(description="Longitude of its location, in degrees.")
    price: Decimal = strawberry.field(description="Its price.")
    currency: str = strawberry.field(description="The currency of its price, ISO 4217.")
    metadata_: JSON = strawberry.field(
        name="metadata", description="Key-value pairs that the carrier attached."
    )
    account: Account | None = strawberry.field(description="The account it is assigned to, if any.")
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When it was changed last.")


@strawberry.enum(description="What phone numbers can be counted by.")
class PhoneNumberGroup(Enum):
    COUNTRY = strawberry.enum_value("country", description="By country.")
    REGION = strawberry.enum_value("region", description="By region, without regard to case.")
    LOCALITY = strawberry.enum_value("locality", description="By locality, without regard to case.")
    TYPE = strawberry.enum_value("type", description="By type.")


@strawberry.type(description="How many phone numbers a group has.")
class PhoneNumberStatistic:
    id: strawberry.ID = strawberry.field(
        description="SHA-256, in hex, of the group's non-empty parts in lower case, joined by colons."
    )
    country: str | None = strawberry.field(description="The group's country; null where it has none.")
    region: str | None = strawberry.field(description="The group's region; null where it has none.")
    locality: str | None = strawberry.field(description="The group's locality; null where it has none.")
    type: PhoneNumberType | None = strawberry.field(
        description="The group's type; null where not grouped by it."
    )
    value: int = strawberry.field(description="How many phone numbers there are.")


@strawberry.input(description="Which phone numbers: those that meet every condition given.")
class PhoneNumberFilter:
    carrier: strawberry.ID | None = strawberry.field(default=None, description="Of this carrier.")
    account: strawberry.ID | None = strawberry.field(default=None, description="Assigned to this account.")
    available: bool | None = strawberry.field(
        default=None, description="Available ones (neither disabled nor assigned), or the others."
    )
    type: PhoneNumberType | None = strawberry.field(default=None, description="Of this type.")
    country: str | None = strawberry.field(
        default=None, description="Of this country, without regard to case."
    )
    region: str | None = strawberry.field(default=None, description="Of this region, without regard to case.")
    locality: str | None = strawberry.field(
        default=None, description="Of this locality, without regard to case."
    )


@strawberry.input(one_of=True, description="A comparison of a count with a number: exactly one of these.")
class CountComparison:
    eq: Maybe[int] = strawberry.field(description="Equal.")
    neq: Maybe[int] = strawberry.field(description="Not equal.")
    gt: Maybe[int] = strawberry.field(description="Greater.")
    gteq: Maybe[int] = strawberry.field(description="Greater or equal.")
    lt: Maybe[int] = strawberry.field(description="Less.")
    lteq: Maybe[int] = strawberry.field(description="Less or equal.")


@batches.flat
@strawberry.input(description="A new phone number.")
class CreatePhoneNumberInput:
    carrier_id: strawberry.ID | None = strawberry.field(
        default=None, description="The carrier it belongs to; a carrier key leaves it out."
    )
    number: str = strawberry.field(
        description="The number in E.164 format, or a short code; punctuation is ignored."
    )
    type: PhoneNumberType = strawberry.field(
        description="SHORT_CODE for a short code, one of the others for E.164."
    )
    visibility: Maybe[PhoneNumberVisibility | None] = strawberry.field(
        description="PUBLIC for a number with a price and PRIVATE for one without, unless said."
    )
    country: Maybe[str | None] = strawberry.field(
        description="ISO 3166-1 alpha-2; from the number, else the carrier's, unless said."
    )
    price: Maybe[Decimal | None] = strawberry.field(
        description="The price in the carrier's currency; 0 unless said."
    )
    region: Maybe[str | None] = strawberry.field(description="State or province of the country, ISO 3166-2.")
    locality: Maybe[str | None] = strawberry.field(description="City.")
    lata: Maybe[str | None] = strawberry.field(description="Local access and transport area: three digits.")
    rate_center: Maybe[str | None] = strawberry.field(description="Rate center.")
    latitude: Maybe[Decimal | None] = strawberry.field(description="Degrees, -90 to 90.")
    longitude: Maybe[Decimal | None] = strawberry.field(description="Degrees, -180 to 180.")
    metadata: Maybe[JSON | None] = strawberry.field(description="Key-value pairs to attach, a JSON object.")

    def problems(self) -> Iterator[UserError]:
        text = self.number or ""  # None while its type is being complained of
        number = numbering.canonical(text)
        if not number or len(number) > MAX_SHORT_CODE + 1:
            message = 'number must be in E.164 format such as "+85512334667" or a short code such as "1294"'
            yield wrong("number", message, UserErrorCode.INVALID if text.strip() else UserErrorCode.REQUIRED)
        else:
            yield from type_problems(number, self.type)
            yield from self._place_problems(number)
        yield from _shared_problems(self)

    def _place_problems(self, number: str) -> Iterator[UserError]:
        """Those of a country that is given: else it may come from the carrier, which the resolver knows."""
        country = geography.country(checks.given(self.country) or "")
        region = checks.given(self.region) or ""
        if country:
            yield from place_problems(number, country, region if region.strip() else None, country_given=True)


@strawberry.enum(description="What becomes of the good rows of an import that has bad ones.")
class ImportMode(Enum):
    ALL_OR_NOTHING = strawberry.enum_value("all_or_nothing", description="They are not imported either.")
    GOOD_ONES = strawberry.enum_value("good_ones", description="They are imported.")


@batches.flat
@strawberry.input(description="New phone numbers, all of one carrier.")
class ImportPhoneNumbersInput:
    carrier_id: strawberry.ID | None = strawberry.field(
        default=None, description="The carrier they belong to; a carrier key leaves it out."
    )
    numbers: list[CreatePhoneNumberInput] = strawberry.field(description="Up to 10,000 numbers.")
    mode: ImportMode = strawberry.field(
        default=ImportMode.ALL_OR_NOTHING, description="What becomes of the good rows where some are bad."
    )
    dry_run: bool = strawberry.field(
        default=False, description="Change nothing, and tell what would have come of it."
    )

    def problems(self) -> Iterator[UserError]:
        yield from batches.at_most(batches.IMPORTED_AT_ONCE, "numbers", self.numbers)


@strawberry.input(description="Changes to a phone number; what is left out stays.")
class UpdatePhoneNumberInput:
    id: strawberry.ID = strawberry.field(description="The phone number's id.")
    number: Maybe[str | None] = strawberry.field(
        description="Cannot be changed; it may be repeated as it is."
    )
    type: Maybe[PhoneNumberType | None] = strawberry.field(description="The type of the number.")
    visibility: Maybe[PhoneNumberVisibility | None] = strawberry.field(
        description="Who is offered the number."
    )
    country: Maybe[str | None] = strawberry.field(
        description="ISO 3166-1 alpha-2, of the number's calling code."
    )
    price: Maybe[Decimal | None] = strawberry.field(description="The price in the number's currency.")
    region: Maybe[str | None] = strawberry.field(description="State or province of the country, ISO 3166-2.")
    locality: Maybe[str | None] = strawberry.field(description="City.")
    lata: Maybe[str | None] = strawberry.field(description="Local access and transport area: three digits.")
    rate_center: Maybe[str | None] = strawberry.field(description="Rate center.")
    latitude: Maybe[Decimal | None] = strawberry.field(description="Degrees, -90 to 90.")
    longitude: Maybe[Decimal | None] = strawberry.field(description="Degrees, -180 to 180.")
    metadata: Maybe[JSON | None] = strawberry.field(description="A JSON object that replaces what is there.")

    def problems(self) -> Iterator[UserError]:
        yield from checks.not_null(type=self.type)
        yield from _shared_problems(self)


def type_problems(number: str, type_: PhoneNumberType) -> Iterator[UserError]:
    """Rule 28 of the REST contract: short codes are not E.164, all other types are."""
    if numbering.is_e164(number) and type_ is PhoneNumberType.SHORT_CODE:
        yield wrong("type", f"{number} is an E.164 number: its type must be local, mobile or toll_free")
    if not numbering.is_e164(number) and type_ is not PhoneNumberType.SHORT_CODE:
        yield wrong("type", f"{number} is not an E.164 number: its type must be short_code")


def place_problems(
    number: str, country: str, region: str | None, *, country_given: bool
) -> Iterator[UserError]:
    """Rules 29 and 30 of the REST contract: the country shares the calling code, the region is one of its."""
    if country_given and not numbering.accepts_country(number, country):
        allowed = ", ".join(numbering.calling_code_countries(number))
        yield wrong("country", f"{country} does not share the calling code of {number}; it may be {allowed}")
    if region is not None and geography.region(country, region) is None:
        yield wrong("region", f"{region!r:.40} is not a subdivision of {country} by ISO 3166-2")


def _shared_problems(given: CreatePhoneNumberInput | UpdatePhoneNumberInput) -> Iterator[UserError]:
    yield from checks.not_null(visibility=given.visibility, country=given.country, price=given.price)
    yield from checks.json_object("metadata", given.metadata)
    for field, maybe in (
        ("region", given.region),
        ("locality", given.locality),
        ("rateCenter", given.rate_center),
    ):
        yield from checks.text(field, checks.given(maybe))
    country = checks.given(given.country)
    if country is not None and geography.country(country) is None:
        yield wrong(
            "country", f"{country!r:.40} is not a country; give an ISO 3166-1 alpha-2 code such as KH"
        )
    rules: tuple[tuple[str, Any, Any], ...] = (
        ("price", given.price, money.price_problem),
        ("lata", given.lata, geography.lata_problem),
        ("latitude", given.latitude, geography.latitude_problem),
        ("longitude", given.longitude, geography.longitude_problem),
    )
    for field, maybe, rule in rules:
        value = checks.given(maybe)
        if value is not None:
            yield from checks.problem(field, rule(value))


@strawberry.input(description="Which number goes to which account.")
class AssignPhoneNumberInput:
    id: strawberry.ID = strawberry.field(description="The phone number's id.")
    account_id: strawberry.ID = strawberry.field(description="The account's id.")

    def problems(self) -> Iterator[UserError]:
        yield from ()


@strawberry.input(description="Which number is taken back from its account.")
class ReleasePhoneNumberInput:
    id: strawberry.ID = strawberry.field(description="The phone number's id.")

    def problems(self) -> Iterator[UserError]:
        yield from ()


@strawberry.type(description="What came of a change to a phone number.")
class PhoneNumberPayload:
    phone_number: PhoneNumber | None = strawberry.field(
        description="The number; null where nothing was done."
    )
    user_errors: list[UserError] = strawberry.field(description="All that is wrong with the input.")


@strawberry.type(description="What came of an import of phone numbers.")
class ImportPhoneNumbersPayload:
    imported: int = strawberry.field(
        default=0, description="How many numbers were imported; in a dry run, how many would have been."
    )
    phone_number_ids: list[strawberry.ID | None] = strawberry.field(
        default_factory=list,
        description="The new number's id for each row of the input; null where there is none.",
    )
    user_errors: list[UserError] = strawberry.field(
        description='All that is wrong, row by row: at fields such as ["numbers", "17", "country"].'
    )
