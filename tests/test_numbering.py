"""Which digits are E.164 numbers, which are short codes, and which countries they may belong to."""

import phonenumbers
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models import numbering

# fmt: off
NORTH_AMERICA = [
    "US", "AG", "AI", "AS", "BB", "BM", "BS", "CA", "DM", "DO", "GD", "GU", "JM",
    "KN", "KY", "LC", "MP", "MS", "PR", "SX", "TC", "TT", "VC", "VG", "VI",
]
# fmt: on

E164 = [
    ("+85512334667", "+85512334667"),
    ("85512334667", "+85512334667"),
    ("+855 (97) 234-57.88", "+855972345788"),
    ("1 506 702 0972", "+15067020972"),
    ("+1 555 555 1234", "+15555551234"),
    ("tel:+44-20-7946-0958", "+442079460958"),
    ("+39 06 1234 5678", "+390612345678"),
    ("+683 4002", "+6834002"),
    ("+800 1234 5678", "+80012345678"),
    ("+883 510 012345678", "+883510012345678"),
]

SHORT_CODES = [
    ("1294", "1294"),
    ("2442", "2442"),
    ("+12-94", "1294"),
    ("494949", "494949"),
    ("1 555 1234", "15551234"),
    ("0012345678", "0012345678"),
    ("999 1234 5678", "99912345678"),
    ("8551233466712334", "8551233466712334"),
    ("911", "911"),
    ("0", "0"),
]


@pytest.mark.parametrize(("text", "expected"), E164)
def test_a_plausible_number_is_written_with_a_plus(text: str, expected: str) -> None:
    assert numbering.canonical(text) == expected
    assert numbering.is_e164(expected)


@pytest.mark.parametrize(("text", "expected"), SHORT_CODES)
def test_a_short_code_is_written_as_bare_digits(text: str, expected: str) -> None:
    assert numbering.canonical(text) == expected
    assert not numbering.is_e164(expected)


# The last two are digits of other scripts.
@pytest.mark.parametrize("text", ["", "+", "anonymous", "٠١٢٣", "²³"])
def test_text_without_digits_is_no_number(text: str) -> None:
    assert numbering.canonical(text) == ""


@given(st.text(alphabet="0123456789+-() ."))
def test_a_canonical_number_stays_as_it_is(text: str) -> None:
    once = numbering.canonical(text)
    assert numbering.canonical(once) == once


@given(st.text(alphabet="0123456789"), st.sampled_from(["+", "tel:", "()", " - "]))
def test_punctuation_makes_no_difference(digits: str, punctuation: str) -> None:
    assert numbering.canonical(punctuation + punctuation.join(digits)) == numbering.canonical(digits)


@given(st.text(alphabet="0123456789"))
def test_no_digit_is_lost_and_none_added(digits: str) -> None:
    assert numbering.canonical(digits).removeprefix("+") == digits


@given(st.text(alphabet="0123456789", min_size=numbering.MAX_DIGITS + 1))
def test_more_than_fifteen_digits_are_never_e164(digits: str) -> None:
    assert not numbering.is_e164(numbering.canonical(digits))


@pytest.mark.parametrize(
    ("number", "countries"),
    [
        ("+855972345788", ["KH"]),
        ("+15067020972", NORTH_AMERICA),
        ("+74951234567", ["RU", "KZ"]),
        ("+442079460958", ["GB", "GG", "IM", "JE"]),
        ("+390612345678", ["IT", "VA"]),
        ("+61291234567", ["AU", "CC", "CX"]),
        ("+2902123", ["SH"]),
        ("+38344123456", []),
        ("+80012345678", []),
        ("1294", []),
        ("", []),
    ],
)
def test_countries_share_a_calling_code_the_main_one_first(number: str, countries: list[str]) -> None:
    assert numbering.calling_code_countries(number) == tuple(countries)


@pytest.mark.parametrize(
    ("number", "carrier_country", "expected"),
    [
        ("+855972345788", "US", "KH"),
        ("+15067020972", "CA", "CA"),
        ("+15067020972", "JM", "JM"),
        ("+15067020972", "KH", "US"),
        ("+74951234567", "KZ", "KZ"),
        ("+74951234567", "KH", "RU"),
        ("+61291234567", "KH", "AU"),
        ("+442079460958", "KH", "GB"),
        ("+390612345678", "KH", "IT"),
        ("+80012345678", "KH", "KH"),
        ("1294", "KH", "KH"),
    ],
)
def test_a_country_left_out_comes_from_the_number_and_the_carrier(
    number: str, carrier_country: str, expected: str
) -> None:
    assert numbering.country_of(number, carrier_country) == expected


@pytest.mark.parametrize("country", NORTH_AMERICA)
def test_a_number_may_be_in_any_country_of_its_calling_code(country: str) -> None:
    assert numbering.accepts_country("+15067020972", country)


@pytest.mark.parametrize(("number", "country"), [("+15067020972", "KH"), ("+855972345788", "US")])
def test_a_number_may_not_be_in_a_country_of_another_calling_code(number: str, country: str) -> None:
    assert not numbering.accepts_country(number, country)


@pytest.mark.parametrize("country", ["KH", "US", "AQ"])
def test_a_short_code_may_be_in_any_country(country: str) -> None:
    assert numbering.accepts_country("1294", country)


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+85512334667", "KH"),
        ("+15067020972", "CA"),
        ("+16465551234", "US"),
        ("+77012345678", "KZ"),
        ("+15555551234", "US"),
        ("+38344123456", "XK"),
        ("+390669812345", "VA"),
        ("+4401481960194", "GG"),  # this one and the next with the prefix for calls within the country
        ("+115067020972", "CA"),
        ("+80012345678", None),
        ("2442", None),
    ],
)
def test_the_country_outside_is_where_the_number_outside_is(number: str, country: str | None) -> None:
    assert numbering.country_outside(direction_inbound=False, to=number, from_="+442079460958") == country
    assert numbering.country_outside(direction_inbound=True, to="+442079460958", from_=number) == country


@given(st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)), st.text("0123456789", min_size=5))
def test_the_country_outside_is_the_one_that_the_library_finds(code: int, rest: str) -> None:
    number = numbering.canonical(f"+{code}{rest}")
    assume(numbering.is_e164(number))
    parsed = phonenumbers.parse(number)
    valid = phonenumbers.is_valid_number(parsed)
    found = valid and phonenumbers.region_code_for_number(parsed)
    expected = found or phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    assert numbering.country_outside(False, number, "2442") == (None if expected == "001" else expected)


# What people write before a national number: the library takes it away, and thereby makes it shorter.
PREFIXES = ["", "0", "00", "000000", "1", "8", "9", "15", "011"]


def library_finds_possible(digits: str) -> bool:
    try:
        parsed = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return False
    possibility = phonenumbers.is_possible_number_with_reason(parsed)
    return possibility == phonenumbers.ValidationResult.IS_POSSIBLE


@given(
    st.sampled_from([*sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE), 210, 999]),  # the last two are free
    st.sampled_from(PREFIXES),
    st.text("0123456789", min_size=4, max_size=12),
)
@settings(max_examples=2_000)
def test_e164_are_the_numbers_that_the_library_finds_possible(code: int, prefix: str, rest: str) -> None:
    digits = f"{code}{prefix}{rest}"
    assume(numbering.MIN_DIGITS <= len(digits) <= numbering.MAX_DIGITS)
    assert numbering.is_e164(numbering.canonical(digits)) == library_finds_possible(digits)
