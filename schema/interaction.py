"""What calls and messages have in common: two numbers, a time, a charge."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from strawberry.types.maybe import Some

from models import money, numbering
from schema import checks
from schema.errors import UserError, wrong

MAX_NUMBER = 64
CLOCK_SKEW = timedelta(minutes=5)


def number_problems(to: str, from_: str, created_at: datetime | None) -> Iterator[UserError]:
    for field, number in (("to", to), ("from", from_)):
        if len(number) > MAX_NUMBER or not numbering.canonical(number):
            yield wrong(
                field, f'{field} must be a phone number such as "+85512334667" or a short code such as "2442"'
            )
    if created_at is not None and created_at > datetime.now(UTC) + CLOCK_SKEW:
        yield wrong("createdAt", "createdAt must not be in the future")


def charge_problems(price: Some[Decimal | None] | None) -> Iterator[UserError]:
    yield from checks.not_null(price=price)
    amount = checks.given(price)
    if amount is not None:
        yield from checks.problem("price", money.charge_problem(amount))
