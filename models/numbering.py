"""Phone numbers: which are E.164, and which countries they may belong to (by Google's libphonenumber)."""

import re
from functools import cache, lru_cache

import phonenumbers

from models import geography

MAX_DIGITS = 15
"""No E.164 number is longer (ITU-T E.164, section 6)."""

# The shortest international numbers there are (+683 4002). What is shorter is a short code,
# even where libphonenumber allows for it: 494949 is a US short code, not a number in Germany.
MIN_DIGITS = 7

NON_GEOGRAPHIC = "001"
REMEMBERED = 10_000


def canonical(text: str) -> str:
    """Keep the digits of `text`, behind a "+" where they are a plausible E.164 number; "" without digits."""
    digits = re.sub(r"[^0-9]", "", text)
    return f"+{digits}" if _is_plausible(digits) else digits


def is_e164(canonical: str) -> bool:
    return canonical.startswith("+")


def calling_code_countries(canonical: str) -> tuple[str, ...]:
    """Give the ISO 3166-1 alpha-2 codes that share the number's calling code, the main country first.

    () for a short code, and for a calling code of no ISO country: satellites, +800, Kosovo's +383.
    """
    if not is_e164(canonical):
        return ()
    return _countries_of(_calling_code(canonical))


def country_of(canonical: str, carrier_country: str) -> str:
    """Choose the country of a number that came without one.

    The only one of its calling code; else the carrier's, if it is among them; else the main one.
    The carrier's for a number that no country's calling code claims.
    """
    countries = calling_code_countries(canonical)
    if not countries or carrier_country in countries:
        return carrier_country
    return countries[0]


def accepts_country(canonical: str, country: str) -> bool:
    """Tell whether the number may be in `country`: one that shares its calling code; any without one."""
    countries = calling_code_countries(canonical)
    return not countries or country in countries


def country_outside(direction_inbound: bool, to: str, from_: str) -> str | None:
    """Give the country of the party outside the platform: who calls in, or who is called.

    The main country of the calling code where the number itself tells none; None for short codes
    and non-geographic numbers. Both numbers are canonical.
    """
    outside = from_ if direction_inbound else to
    if not is_e164(outside):
        return None
    main, *others = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[_calling_code(outside)]
    # Most calling codes have one country; to look into a number costs ten times as much.
    region = (_region_within(outside) if others else None) or main
    return None if region == NON_GEOGRAPHIC else region


def _region_within(e164: str) -> str | None:
    """The one of its calling code's countries that a number is in; None for one that is not valid."""
    number = phonenumbers.parse(e164)
    return phonenumbers.region_code_for_number(number) if phonenumbers.is_valid_number(number) else None


@lru_cache(maxsize=REMEMBERED)  # a number is looked at when it is checked and when it is stored
def _is_plausible(digits: str) -> bool:
    if not MIN_DIGITS <= len(digits) <= MAX_DIGITS:
        return False
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return False
    # is_possible_number() would also take local numbers without their area code.
    possibility = phonenumbers.is_possible_number_with_reason(number)
    return possibility == phonenumbers.ValidationResult.IS_POSSIBLE


@cache
def _countries_of(calling_code: int) -> tuple[str, ...]:
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[calling_code]
    return tuple(region for region in regions if geography.country(region))


def _calling_code(canonical: str) -> int:
    """The first one to three digits that are one: no calling code begins with another."""
    codes = (int(canonical[1 : 1 + length]) for length in (1, 2, 3))
    return next(code for code in codes if code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
