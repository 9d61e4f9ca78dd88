"""Phone numbers."""

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

import strawberry

from models import geography, numbering
from models.account import Account
from models.carrier import Carrier
from models.columns import born
from models.phone_number import PhoneNumber, PhoneNumberVisibility
from resolvers.context import Context, Home
from resolvers.deletion import delete as delete_row
from resolvers.writing import (
    Draft,
    change,
    existing,
    fairly,
    home,
    insert_each,
    locked,
    not_found,
    refuse_all,
    statement,
    transaction,
)
from schema.batches import placed
from schema.checks import given as value_of
from schema.errors import Refused, UserError, UserErrorCode, wrong
from schema.node import DeleteInput
from schema.phone_number import (
    AssignPhoneNumberInput,
    CreatePhoneNumberInput,
    ImportMode,
    ImportPhoneNumbersInput,
    ImportPhoneNumbersPayload,
    ReleasePhoneNumberInput,
    UpdatePhoneNumberInput,
    place_problems,
    type_problems,
)

HELD = "the phone number cannot be deleted: it is assigned to an account; release it first"
NUMBER = ("carrier_id", "number")
PLAIN = ("type", "visibility", "price", "locality", "lata", "latitude", "longitude")


async def create(context: Context, given: CreatePhoneNumberInput) -> UUID:
    carrier = await home(context, given.carrier_id)
    row = _new(given, carrier)
    if isinstance(row, list):
        raise Refused(row)
    async with statement(context) as session:
        added = await insert_each(session, context, PhoneNumber, [row], unless_taken=NUMBER)
    if not added:
        raise Refused([_taken(row.number)])
    return added.pop()


async def import_(context: Context, given: ImportPhoneNumbersInput) -> ImportPhoneNumbersPayload:
    """Add the numbers, or the good ones; a dry run does the same and rolls it back."""
    carrier = await home(context, given.carrier_id)
    rows = [_checked(number, carrier) async for number in fairly(given.numbers)]
    _refuse_repeated(rows)
    async with transaction(context) as session:
        good = [row for row in rows if isinstance(row, Draft)]
        added = await insert_each(session, context, PhoneNumber, good, unless_taken=NUMBER)
        errors = _errors(rows, added)
        if errors and given.mode is ImportMode.ALL_OR_NOTHING:
            added = set()
        if given.dry_run or not added:
            await session.rollback()
    kept = set() if given.dry_run else added
    ids = [strawberry.ID(str(row.id)) if isinstance(row, Draft) and row.id in kept else None for row in rows]
    return ImportPhoneNumbersPayload(imported=len(added), phone_number_ids=ids, user_errors=errors)


def _errors(rows: list[Draft | list[UserError]], added: set[UUID]) -> list[UserError]:
    """All that is wrong with the rows: a good one that was not added met another with its number."""
    found = []
    for index, row in enumerate(rows):
        wrongs = [_taken(row.number)] if isinstance(row, Draft) and row.id not in added else row
        if isinstance(wrongs, list):
            found += placed("numbers", index, wrongs)
    return found


def _checked(given: CreatePhoneNumberInput, carrier: Home) -> Draft | list[UserError]:
    if given.carrier_id not in (None, str(carrier.id)):
        return [not_found("carrierId", Carrier)]
    return list(given.problems()) or _new(given, carrier)


def _refuse_repeated(found: list[Draft | list[UserError]]) -> None:
    """Of rows with one number, the first is the good one."""
    first: dict[str, int] = {}
    for index, row in enumerate(found):
        if isinstance(row, Draft) and first.setdefault(row.number, index) != index:
            message = f"{row.number} stands in row {first[row.number]} already"
            found[index] = [wrong("number", message, UserErrorCode.TAKEN)]


async def update(context: Context, given: UpdatePhoneNumberInput) -> UUID:
    async with transaction(context) as session:
        row = await locked(session, context, PhoneNumber, given.id)
        asked = value_of(given.country)
        country = geography.country(asked) if asked else row.country
        region = given.region.value if given.region else row.region
        refuse_all(
            given.problems(),
            [
                *_number_problems(row, given),
                *type_problems(row.number, value_of(given.type) or row.type),
                *(
                    place_problems(row.number, country, region, country_given=asked is not None)
                    if country
                    else ()
                ),
            ],
        )
        assert country is not None
        changes = {name: maybe.value for name in PLAIN if (maybe := getattr(given, name))}
        if given.metadata:
            changes["metadata_"] = given.metadata.value
        if given.rate_center:
            changes["rate_center"] = _upper(given.rate_center.value)
        if asked or given.region:
            changes |= {"country": country, "region": region and geography.region(country, region)}
        if changes:
            await change(session, context, row, changes)
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
        await change(session, context, row, {"account_id": account.id})
    return row.id


async def release(context: Context, given: ReleasePhoneNumberInput) -> UUID:
    """Releasing a number that is assigned to nobody changes nothing."""
    async with transaction(context) as session:
        row = await locked(session, context, PhoneNumber, given.id)
        if row.account_id is not None:
            await change(session, context, row, {"account_id": None})
    return row.id


def _new(given: CreatePhoneNumberInput, carrier: Home) -> Draft | list[UserError]:
    number = numbering.canonical(given.number)
    asked = value_of(given.country)
    country = geography.country(asked) if asked else numbering.country_of(number, carrier.country_code)
    assert country is not None
    problems = list(place_problems(number, country, value_of(given.region), country_given=asked is not None))
    if problems:
        return problems
    price = value_of(given.price) or Decimal(0)
    default = PhoneNumberVisibility.PUBLIC if price > 0 else PhoneNumberVisibility.PRIVATE
    return Draft(
        **born(),
        carrier_id=carrier.id,
        account_id=None,
        number=number,
        type=given.type,
        visibility=value_of(given.visibility) or default,
        country=country,
        region=_region(country, given),
        locality=value_of(given.locality),
        lata=value_of(given.lata),
        rate_center=_upper(value_of(given.rate_center)),
        latitude=value_of(given.latitude),
        longitude=value_of(given.longitude),
        price=price,
        currency=carrier.billing_currency,
        metadata_=value_of(given.metadata) or {},
    )


def _taken(number: str) -> UserError:
    return wrong("number", f"{number} already exists", UserErrorCode.TAKEN)


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
