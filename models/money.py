"""Amounts of money: their currencies (ISO 4217), how they are written, and which are accepted."""

from decimal import Decimal
from functools import cache

import pycountry
from babel.numbers import get_currency_precision

DECIMALS = 6
INTEGER_DIGITS = 12
STEP = Decimal(1).scaleb(-DECIMALS)


def currency(code: str) -> str | None:
    """Give the ISO 4217 code in upper case, or None where there is no such currency."""
    canonical = code.upper()
    return canonical if code.isascii() and canonical in _currencies() else None


def currency_digits(code: str) -> int:
    """Count the decimals in which the currency is usually written (CLDR's: 2 for USD and KHR, 0 for JPY)."""
    return get_currency_precision(code)


def price_text(amount: Decimal, currency: str) -> str:
    """Write the price of a phone number with its currency's usual decimals: "1.15"."""
    return f"{amount:z.{currency_digits(currency)}f}"


def charge_text(amount: Decimal) -> str:
    """Write the charge of a call or message with five decimals, never with a negative zero: "-0.05000"."""
    return f"{amount:z.5f}"


def charge_problem(amount: Decimal) -> str | None:
    """Say what is wrong with the charge of a call or message, which is 0 or negative: -0.05 costs 5 cents."""
    return _problem(amount) or ("The price must not be above 0." if amount > 0 else None)


def price_problem(amount: Decimal) -> str | None:
    """Say what is wrong with the price of a phone number, which is 0 or positive."""
    return _problem(amount) or ("The price must not be below 0." if amount < 0 else None)


def _problem(amount: Decimal) -> str | None:
    if not amount.is_finite():
        return "The price must be a finite number."
    if amount.adjusted() >= INTEGER_DIGITS and amount:
        return f"The price must have at most {INTEGER_DIGITS} digits before the decimal point."
    if amount != amount.quantize(STEP):
        return f"The price must have at most {DECIMALS} decimals."
    return None


@cache
def _currencies() -> frozenset[str]:
    return frozenset(currency.alpha_3 for currency in pycountry.currencies)
