"""Carriers."""

from collections.abc import Iterator
from datetime import datetime

import strawberry

from models import geography, money
from schema import checks
from schema.errors import UserError
from schema.node import Node


@strawberry.type(description="A telecom carrier: everything else belongs to one.")
class Carrier(Node):
    name: str = strawberry.field(description="The carrier's name.")
    country_code: str = strawberry.field(description="Its home country, ISO 3166-1 alpha-2.")
    billing_currency: str = strawberry.field(description="The currency of its prices, ISO 4217.")
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When it was changed last.")


@strawberry.input(description="A new carrier.")
class CreateCarrierInput:
    name: str = strawberry.field(description="The carrier's name.")
    country_code: str = strawberry.field(description="Its home country, ISO 3166-1 alpha-2, such as KH.")
    billing_currency: str = strawberry.field(description="The currency of its prices, ISO 4217, such as KHR.")

    def problems(self) -> Iterator[UserError]:
        yield from checks.text("name", self.name)
        if geography.country(self.country_code) is None:
            yield from checks.problem(
                "countryCode", "countryCode must be an ISO 3166-1 alpha-2 code of a country, such as KH"
            )
        if money.currency(self.billing_currency) is None:
            yield from checks.problem(
                "billingCurrency", "billingCurrency must be an ISO 4217 code of a currency, such as KHR"
            )


@strawberry.type(description="What came of a change to a carrier.")
class CarrierPayload:
    carrier: Carrier | None = strawberry.field(description="The carrier; null where nothing was done.")
    user_errors: list[UserError] = strawberry.field(description="All that is wrong with the input.")
