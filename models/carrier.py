"""Carriers: the tenants. Everything else belongs to one."""

from models.columns import Row


class Carrier(Row, table=True):
    name: str
    country_code: str
    billing_currency: str
