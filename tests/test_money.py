"""Currencies, how amounts of them are written, and which amounts are accepted."""

from decimal import Decimal

import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import money

NOT_FINITE = "The price must be a finite number."
TOO_LARGE = "The price must have at most 12 digits before the decimal point."
TOO_FINE = "The price must have at most 6 decimals."
ABOVE_ZERO = "The price must not be above 0."
BELOW_ZERO = "The price must not be below 0."

storable = st.decimals(
    min_value="-999999999999.999999", max_value="999999999999.999999", allow_nan=False, places=6
)


def test_every_currency_is_known_in_any_case() -> None:
    codes = [currency.alpha_3 for currency in pycountry.currencies]
    assert [money.currency(code) for code in codes] == codes
    assert [money.currency(code.lower()) for code in codes] == codes


# "\u017fek" becomes SEK in capitals.
@pytest.mark.parametrize("code", ["", "US", "USDX", "ABC", "840", " USD", "USD\n", "\u017fek"])
def test_what_is_no_alphabetic_code_is_no_currency(code: str) -> None:
    assert money.currency(code) is None


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("USD", 2), ("KHR", 2), ("CAD", 2), ("EUR", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3)],
)
def test_a_currency_has_its_usual_decimals(currency: str, digits: int) -> None:
    assert money.currency_digits(currency) == digits


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1.15", "CAD", "1.15"),
        ("0", "KHR", "0.00"),
        ("-0", "KHR", "0.00"),
        ("4000", "KHR", "4000.00"),
        ("1.5", "USD", "1.50"),
        ("1.500000", "USD", "1.50"),
        ("1E+3", "USD", "1000.00"),
        ("100", "JPY", "100"),
        ("1.234", "KWD", "1.234"),
        ("999999999999.99", "USD", "999999999999.99"),
    ],
)
def test_a_price_is_written_with_the_decimals_of_its_currency(amount: str, currency: str, text: str) -> None:
    assert money.price_text(Decimal(amount), currency) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("-0.05", "-0.05000"),
        ("-0.050000", "-0.05000"),
        ("0", "0.00000"),
        ("-0", "0.00000"),
        ("-0.0000000", "0.00000"),
        ("-0.000001", "0.00000"),
        ("-0.000009", "-0.00001"),
        ("-12", "-12.00000"),
        ("-1E+2", "-100.00000"),
        ("-999999999999.99999", "-999999999999.99999"),
    ],
)
def test_a_charge_is_written_with_five_decimals_and_no_negative_zero(amount: str, text: str) -> None:
    assert money.charge_text(Decimal(amount)) == text


@given(storable)
def test_a_charge_is_written_within_half_of_its_last_decimal(amount: Decimal) -> None:
    text = money.charge_text(amount)
    assert abs(Decimal(text) - amount) <= Decimal("0.000005")
    assert len(text.partition(".")[2]) == 5


@given(storable)
def test_a_storable_amount_is_a_charge_or_a_price_by_its_sign(amount: Decimal) -> None:
    assert money.charge_problem(amount) == (ABOVE_ZERO if amount > 0 else None)
    assert money.price_problem(amount) == (BELOW_ZERO if amount < 0 else None)


@pytest.mark.parametrize("amount", ["0", "-0", "0.0", "0E+50", "0E-50"])
def test_nothing_is_both_a_charge_and_a_price(amount: str) -> None:
    assert money.charge_problem(Decimal(amount)) is None
    assert money.price_problem(Decimal(amount)) is None


@pytest.mark.parametrize(
    ("amount", "problem"),
    [
        ("NaN", NOT_FINITE),
        ("sNaN", NOT_FINITE),
        ("Infinity", NOT_FINITE),
        ("-Infinity", NOT_FINITE),
        ("1000000000000", TOO_LARGE),
        ("-1E+12", TOO_LARGE),
        ("1E+999999", TOO_LARGE),
        ("0.0000001", TOO_FINE),
        ("-0.0000001", TOO_FINE),
        ("1E-999999", TOO_FINE),
        ("-1.23456789012345678901234567890123456789", TOO_FINE),
    ],
)
def test_an_amount_that_cannot_be_stored_is_neither_charge_nor_price(amount: str, problem: str) -> None:
    assert money.charge_problem(Decimal(amount)) == problem
    assert money.price_problem(Decimal(amount)) == problem
