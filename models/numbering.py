"""Phone numbers: which are E.164, and which countries they may belong to (by Google's libphonenumber)."""

import re
from functools import cache
from typing import NamedTuple

import phonenumbers

from models import geography

MAX_DIGITS = 15
"""No E.164 number is longer (ITU-T E.164, section 6)."""

# The shortest international numbers there are (+683 4002). What is shorter is a short code,
# even where libphonenumber allows for it: 494949 is a US short code, not a number in Germany.
MIN_DIGITS = 7

NON_GEOGRAPHIC = "001"
NO_DIGITS = re.compile("[^0-9]+")
CALLING_CODES = {str(code): code for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE}


class Plan(NamedTuple):
    """The numbers of a calling code: what may stand before them, and how long they are without it."""

    national_prefix: re.Pattern[str]
    lengths: frozenset[int]


def canonical(text: str) -> str:
    """Keep the digits of `text`, behind a "+" where they are a plausible E.164 number; "" without digits."""
    digits = NO_DIGITS.sub("", text)
    return f"+{digits}" if _is_plausible(digits) else digits


def is_e164(canonical: str) -> bool:
    return canonical.startswith("+")


def calling_code_countries(canonical: str) -> tuple[str, ...]:
    """Give the ISO 3166-1 alpha-2 codes that share the number's calling code, the main country first.

    () for a short code, and for a calling code of no ISO country: satellites, +800, Kosovo's +383.
    """
    if not is_e164(canonical):
        return ()
    return _countries_of(_split(canonical[1:])[0])


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
    code, national = _split(outside[1:])
    main, *others = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]
    # Most calling codes have one country; to look into a number costs ten times as much.
    region = (_region_within(code, national) if others else None) or main
    return None if region == NON_GEOGRAPHIC else region


def _region_within(code: int, national: str) -> str | None:
    """The one of its calling code's countries that a number is in; None for one that is not valid."""
    if national.startswith("0") or _has_prefix(code, national):
        number = phonenumbers.parse(f"+{code}{national}")
    else:  # the same, at a tenth of the cost
        number = phonenumbers.PhoneNumber(country_code=code, national_number=int(national))
    region = phonenumbers.region_code_for_number(number)
    # A country that has first digits of its own is found by them alone.
    return region if region and phonenumbers.is_valid_number_for_region(number, region) else None


def _is_plausible(digits: str) -> bool:
    """Whether the library parses the number and finds it possible; mostly without parsing, which is dear."""
    if not MIN_DIGITS <= len(digits) <= MAX_DIGITS:
        return False
    code, national = _split(digits)
    if not code:
        return False
    if not _has_prefix(code, national):
        return len(national) in _plan(code).lengths
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return False
    # is_possible_number() would also take local numbers without their area code.
    possibility = phonenumbers.is_possible_number_with_reason(number)
    return possibility == phonenumbers.ValidationResult.IS_POSSIBLE


def _has_prefix(code: int, national: str) -> bool:
    """Whether the number might have a national prefix, as in +44 0 20 7946 0958: parsing takes it away."""
    found = _plan(code).national_prefix.match(national)
    return found is not None and found.end() > 0


@cache
def _plan(calling_code: int) -> Plan:
    main = phonenumbers.region_code_for_country_code(calling_code)
    known = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(calling_code, main)
    assert known
    assert known.general_desc
    prefix = known.national_prefix_for_parsing or ""
    return Plan(re.compile(prefix), frozenset(known.general_desc.possible_length))


@cache
def _countries_of(calling_code: int) -> tuple[str, ...]:
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[calling_code]
    return tuple(region for region in regions if geography.country(region))


def _split(digits: str) -> tuple[int, str]:
    """The calling code, 0 where none begins the number, and the rest: no code begins with another."""
    for length in (1, 2, 3):
        if code := CALLING_CODES.get(digits[:length]):
            return code, digits[length:]
    return 0, digits
