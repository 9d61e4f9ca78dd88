"""Countries, their subdivisions and places: ISO 3166 as pycountry publishes it."""

import re
from decimal import Decimal
from functools import cache

import pycountry

COORDINATE_STEP = Decimal("1E-10")


def country(code: str) -> str | None:
    """Give the ISO 3166-1 alpha-2 code in upper case, or None where there is no such country."""
    # Some foreign letters have ASCII capitals: without isascii(), "\u00df" would be South Sudan (SS).
    canonical = code.upper()
    return canonical if code.isascii() and canonical in _countries() else None


def region(country: str, code: str) -> str | None:
    """Give the last part of an ISO 3166-2 code ("AR"), or None where the country has no such subdivision.

    `country` is canonical; `code` is "AR" or "US-AR", in any case.
    """
    canonical = code.upper().removeprefix(f"{country}-")
    return canonical if code.isascii() and f"{country}-{canonical}" in _subdivisions() else None


def lata_problem(text: str) -> str | None:
    """Say what is wrong with a LATA, the three-digit number of a US telephone region."""
    if re.fullmatch(r"[1-9][0-9]{2}", text):
        return None
    return "The LATA must be three digits, the first not 0."


def latitude_problem(degrees: Decimal) -> str | None:
    return _coordinate_problem("latitude", degrees, limit=90)


def longitude_problem(degrees: Decimal) -> str | None:
    return _coordinate_problem("longitude", degrees, limit=180)


def _coordinate_problem(name: str, degrees: Decimal, limit: int) -> str | None:
    if not degrees.is_finite() or not -limit <= degrees <= limit:  # abs() overflows where an exponent is huge
        return f"The {name} must be a number of degrees between -{limit} and {limit}."
    if degrees != degrees.quantize(COORDINATE_STEP):
        return f"The {name} must have at most 10 decimals."
    return None


@cache
def _countries() -> frozenset[str]:
    return frozenset(country.alpha_2 for country in pycountry.countries)


@cache
def _subdivisions() -> frozenset[str]:
    # 5000 codes and 5 MB: read when the first region is asked for, not at import.
    return frozenset(subdivision.code for subdivision in pycountry.subdivisions)
