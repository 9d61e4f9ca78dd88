"""Phone numbers."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from models import geography, ids, numbering
from models.account import Account
from models.columns import born
from models.phone_number import PhoneNumber, PhoneNumberVisibility
from resolvers.context import Context, Home
from resolvers.writing import (
    UNIQUE_VIOLATION,
    existing,
    home,
    locked,
    not_found,
    refuse,
    statement,
    transaction,
    violation,
)
from resolvers.writing import delete as delete_row
from schema.checks import given as value_of
from schema.errors import Refused, UserError, UserErrorCode, wrong
from schema.node import DeleteInput
from schema.phone_number import (
    AssignPhoneNumberInput,
    CreatePhoneNumberInput,
    ReleasePhoneNumberInput,
    UpdatePhoneNumberInput,
    type_problems,
)

HELD = "the phone number cannot be deleted: it is assigned to an account; release it first"
PLAIN = ("type", "visibility", "price", "locality", "lata", "latitude", "longitude")


async def create(context: Context, given: CreatePhoneNumberInput) -> UUID:
    carrier = await home(context, given.carrier_id)
    number = numbering.canonical(given.number)
    asked = value_of(given.country)
    country = geography.country(asked) if asked else numbering.country_of(number, carrier.country_code)
    assert country is not None
    refuse(place_problems(number, country, value_of(given.region), country_given=asked is not None))
    row = PhoneNumber(
        **born(), **_new(given, carrier), number=number, country=country, region=_region(country, given)
    )
    try:
        async with statement(context) as session:
            session.add(row)
    except IntegrityError as error:
        if violation(error) != UNIQUE_VIOLATION:
            raise
        raise Refused([wrong("number", f"{number} already exists", UserErrorCode.TAKEN)]) from None
    return row.id


async def update(context: Context, given: UpdatePhoneNumberInput) -> UUID:
    async with transaction(context) as session:
        row = await locked(session, context, PhoneNumber, given.id)
        asked = value_of(given.country)
        country = (geography.country(asked) if asked else row.country) or row.country
        region = given.region.value if given.region else row.region
        refuse(
            [
                *_number_problems(row, given),
                *type_problems(row.number, value_of(given.type) or row.type),
                *place_problems(row.number, country, region, country_given=asked is not None),
            ]
        )
        changes = {name: maybe.value for name in PLAIN if (maybe := getattr(given, name))}
        if given.metadata:
            changes["metadata_"] = given.metadata.value
        if given.rate_center:
            changes["rate_center"] = _upper(given.rate_center.value)
        if asked or given.region:
            changes |= {"country": country, "region": region and geography.region(country, region)}
        if changes:
            row.sqlmodel_update(changes | {"updated_at": ids.now()})
    return row.id


async def delete(context: Context, given: DeleteInput) -> UUID:
    unassigned = PhoneNumber.account_id.is_(None)  # type: ignore[union-attr] # a column at run time
    return await delete_row(context, PhoneNumber, given.id, held=HELD, unless=[unassigned])


async def assign(context: Context, given: AssignPhoneNumberInput) -> UUID:
    async with transaction(context) as session:
        row = await locked(session, context, PhoneNumber, given.id)
        account = await existing(session, context, Account, given.account_id, "accountId")
        if account.carrier_id != row.carrier_id:
            raise Refused([not_found("accountId", Account)])
        if row.account_id not in (None, account.id):
            raise _conflict("the phone number is assigned to another account; release it first")
        if row.visibility is PhoneNumberVisibility.DISABLED:
            raise _conflict("the phone number is disabled")
        row.sqlmodel_update({"account_id": account.id, "updated_at": ids.now()})
    return row.id


async def release(context: Context, given: ReleasePhoneNumberInput) -> UUID:
    """Releasing a number that is assigned to nobody changes nothing."""
    async with transaction(context) as session:
        row = await locked(session, context, PhoneNumber, given.id)
        if row.account_id is not None:
            row.sqlmodel_update({"account_id": None, "updated_at": ids.now()})
    return row.id


def place_problems(
    number: str, country: str, region: str | None, *, country_given: bool
) -> Iterator[UserError]:
    """Rules 29 and 30 of the REST contract: the country shares the calling code, the region is one of its."""
    if country_given and not numbering.accepts_country(number, country):
        allowed = ", ".join(numbering.calling_code_countries(number))
        yield wrong("country", f"{country} does not share the calling code of {number}; it may be {allowed}")
    if region is not None and geography.region(country, region) is None:
        yield wrong("region", f"{region!r:.40} is not a subdivision of {country} by ISO 3166-2")


def _new(given: CreatePhoneNumberInput, carrier: Home) -> dict[str, Any]:
    price = value_of(given.price) or Decimal(0)
    default = PhoneNumberVisibility.PUBLIC if price > 0 else PhoneNumberVisibility.PRIVATE
    return {
        "carrier_id": carrier.id,
        "type": given.type,
        "visibility": value_of(given.visibility) or default,
        "locality": value_of(given.locality),
        "lata": value_of(given.lata),
        "rate_center": _upper(value_of(given.rate_center)),
        "latitude": value_of(given.latitude),
        "longitude": value_of(given.longitude),
        "price": price,
        "currency": carrier.billing_currency,
        "metadata_": value_of(given.metadata) or {},
    }


def _region(country: str, given: CreatePhoneNumberInput) -> str | None:
    region = value_of(given.region)
    return region and geography.region(country, region)


def _number_problems(row: PhoneNumber, given: UpdatePhoneNumberInput) -> Iterator[UserError]:
    if given.number and numbering.canonical(given.number.value or "") != row.number:
        yield wrong("number", f"number cannot be changed: it is {row.number}", UserErrorCode.READ_ONLY)


def _upper(text: str | None) -> str | None:
    return text and text.upper()


def _conflict(message: str) -> Refused:
    return Refused([wrong("id", message, UserErrorCode.CONFLICT)])
