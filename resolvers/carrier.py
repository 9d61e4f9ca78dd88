"""Carriers."""

from uuid import UUID

from models import geography, money
from models.carrier import Carrier
from models.columns import born
from resolvers.context import Context
from resolvers.writing import insert_each, statement
from schema.carrier import CreateCarrierInput


async def create(context: Context, given: CreateCarrierInput) -> UUID:
    country, currency = geography.country(given.country_code), money.currency(given.billing_currency)
    assert country and currency  # the input has checked itself
    row = Carrier(
        **born(),
        name=given.name,
        country_code=country,
        billing_currency=currency,
    )
    async with statement(context) as session:
        await insert_each(session, context, Carrier, [row])
    return row.id
