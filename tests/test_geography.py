"""Countries and subdivisions of ISO 3166, LATAs and coordinates."""

from decimal import Decimal

import pycountry
import pytest

from models import geography


def test_every_country_is_known_in_any_case() -> None:
    codes = [country.alpha_2 for country in pycountry.countries]
    assert [geography.country(code) for code in codes] == codes
    assert [geography.country(code.lower()) for code in codes] == codes


# "\u00df" and "\u0131N" become SS and IN in capitals.
@pytest.mark.parametrize(
    "code", ["", "K", "XX", "XK", "UK", "EU", "KHM", "116", " KH", "KH\n", "Kh-1", "\u00df", "\u0131N"]
)
def test_what_is_no_alpha_2_code_is_no_country(code: str) -> None:
    assert geography.country(code) is None


@pytest.mark.parametrize(
    ("country", "code", "expected"),
    [
        ("US", "AR", "AR"),
        ("US", "ar", "AR"),
        ("US", "US-AR", "AR"),
        ("US", "us-ar", "AR"),
        ("CA", "ON", "ON"),
        ("KH", "12", "12"),
        ("GB", "ENG", "ENG"),
        ("AR", "AR-B", "B"),
        ("US", "ON", None),
        ("US", "CA-ON", None),
        ("CA", "AR", None),
        ("US", "US-US-AR", None),
        ("US", "US-", None),
        ("US", "Arkansas", None),
        ("US", "", None),
        ("US", "\u0131n", None),  # IN in capitals
        ("SG", "01", "01"),
        ("AQ", "1", None),
    ],
)
def test_a_region_is_a_subdivision_of_its_country(country: str, code: str, expected: str | None) -> None:
    assert geography.region(country, code) == expected


def test_every_subdivision_is_known_with_and_without_its_country() -> None:
    subdivisions = [(subdivision.country_code, subdivision.code) for subdivision in pycountry.subdivisions]
    assert len(subdivisions) > 5000
    for country, code in subdivisions:
        last = code.removeprefix(f"{country}-")
        assert geography.region(country, code.lower()) == last
        assert geography.region(country, last) == last


@pytest.mark.parametrize("text", ["528", "100", "999"])
def test_a_lata_is_three_digits(text: str) -> None:
    assert geography.lata_problem(text) is None


@pytest.mark.parametrize("text", ["", "028", "52", "5280", "52a", "528\n", " 528", "+52", "५२८"])
def test_what_is_no_lata_is_refused(text: str) -> None:
    assert geography.lata_problem(text) == "The LATA must be three digits, the first not 0."


@pytest.mark.parametrize(
    "degrees", ["34.748463", "90", "-90", "0", "-0.0", "0.1234567890", "9E+1", "90.00000000000"]
)
def test_a_latitude_in_range_is_taken(degrees: str) -> None:
    assert geography.latitude_problem(Decimal(degrees)) is None


@pytest.mark.parametrize(
    "degrees", ["90.0000000001", "-91", "NaN", "sNaN", "Infinity", "-Infinity", "1E+999999"]
)
def test_a_latitude_out_of_range_is_refused(degrees: str) -> None:
    assert geography.latitude_problem(Decimal(degrees)) == (
        "The latitude must be a number of degrees between -90 and 90."
    )


@pytest.mark.parametrize("degrees", ["-92.284434", "180", "-180", "90.0000000001"])
def test_a_longitude_in_range_is_taken(degrees: str) -> None:
    assert geography.longitude_problem(Decimal(degrees)) is None


@pytest.mark.parametrize("degrees", ["180.0000000001", "-181", "NaN"])
def test_a_longitude_out_of_range_is_refused(degrees: str) -> None:
    assert geography.longitude_problem(Decimal(degrees)) == (
        "The longitude must be a number of degrees between -180 and 180."
    )


@pytest.mark.parametrize("degrees", ["0.12345678901", "1E-11", "-1E-999999"])
def test_a_coordinate_with_more_than_ten_decimals_is_refused(degrees: str) -> None:
    assert geography.latitude_problem(Decimal(degrees)) == "The latitude must have at most 10 decimals."
    assert geography.longitude_problem(Decimal(degrees)) == "The longitude must have at most 10 decimals."
