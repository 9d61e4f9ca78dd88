"""What the contract finds wrong with an input: the field and the code of each thing."""

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from benchmarks.side_by_side.model import Carrier, Row

MALFORMED = "MALFORMED"
"""A value of a wrong kind: REST says INVALID of it, GraphQL does not take the document."""
VOICES = {"Basic.Kal": "Male, en-US", "Basic.Slt": "Female, en-US", "Polly.Joanna-Neural": "Female, en-US"}
WORDS = {
    "status": {"enabled", "disabled"},
    "billing_mode": {"prepaid"},
    "type": {"short_code", "local", "mobile", "toll_free"},
    "visibility": {"private", "public", "disabled"},
}
LIMITS = {"latitude": 90, "longitude": 180}
E164 = {
    "855": ("KH",),
    "1": ("US", "CA"),
    "44": ("GB", "JE"),
    "7": ("RU", "KZ"),
    "81": ("JP",),
}
"""The countries of a calling code, the main one first: those that the cases speak of."""
COUNTRIES = {"KH", "US", "CA", "GB", "JE", "RU", "KZ", "JP"}
SUBDIVISIONS = {"US": {"AR", "AL"}, "CA": {"NB", "ON"}, "KH": {"12"}, "JP": {"12"}, "RU": {"AL"}}
SHORT, LONGEST = 6, 16  # digits of the cases' short codes at most; of any number, with its +

UNSUCCESSFUL = {"busy", "failed", "no-answer", "canceled"}
ENDED = UNSUCCESSFUL | {"completed"}
CALL_STEPS = {
    "queued": UNSUCCESSFUL | {"ringing"},
    "ringing": UNSUCCESSFUL | {"in-progress"},
    "in-progress": ENDED,
}
MESSAGE_STEPS = {
    "accepted": {"queued", "failed", "canceled"},
    "scheduled": {"queued", "failed", "canceled"},
    "queued": {"sending", "failed", "canceled"},
    "sending": {"sent", "failed"},
    "sent": {"delivered", "failed"},
}
STEPS = {"phone_calls": CALL_STEPS, "messages": MESSAGE_STEPS}
Found = Iterator[tuple[str, str]]


def account_problems(given: dict[str, Any], *, new: bool) -> Found:
    if new and "name" not in given:
        yield "name", "REQUIRED"
    name, voice = given.get("name", "x"), given.get("default_tts_voice", "Basic.Kal")
    if name is None or (isinstance(name, str) and not name.strip()):
        yield "name", "REQUIRED"
    elif not isinstance(name, str):
        yield "name", MALFORMED
    if voice not in VOICES:
        yield "default_tts_voice", "INVALID"
    if not isinstance(given.get("billing_enabled", False), bool):
        yield "billing_enabled", MALFORMED
    yield from _words(given, "billing_mode", "status")
    if not isinstance(given.get("metadata", {}), dict):
        yield "metadata", "INVALID"


def account_row_problems(given: dict[str, Any], row: Row) -> Found:
    if row.attributes["type"] == "customer_managed":
        yield from ((field, "READ_ONLY") for field in ("name", "default_tts_voice") if field in given)


def _words(given: dict[str, Any], *names: str) -> Found:
    for name in names:
        if name in given and given[name] is None:
            yield name, "REQUIRED"
        elif name in given and given[name] not in WORDS[name]:
            yield name, MALFORMED


def number_problems(given: dict[str, Any], *, new: bool) -> Found:
    """What needs neither the row nor the carrier."""
    country = given.get("country", "KH").upper()
    if country not in COUNTRIES:
        yield "country", "INVALID"
    if new:
        number = canonical(given["number"])
        if not number or len(number) > LONGEST:
            yield "number", "INVALID" if given["number"].strip() else "REQUIRED"
        else:
            yield from _type_problems(given["type"], number)
            if "country" in given and country in COUNTRIES:
                yield from _place_problems(number, country, given.get("region"))
    yield from _words(given, "type", "visibility")
    yield from _amount(given, "price", lambda price: price >= 0, decimals=6)
    for name, limit in LIMITS.items():
        yield from _amount(given, name, lambda value, limit=limit: -limit <= value <= limit)
    if given.get("lata") is not None and not re.fullmatch("[1-9][0-9]{2}", given["lata"]):
        yield "lata", "INVALID"
    if given.get("locality") is not None and not given["locality"].strip():
        yield "locality", "REQUIRED"
    if not isinstance(given.get("metadata", {}), dict):
        yield "metadata", "INVALID"


def number_row_problems(given: dict[str, Any], row: Row) -> Found:
    number = row.attributes["number"]
    if canonical(given.get("number", number)) != number:
        yield "number", "READ_ONLY"
    yield from _type_problems(given.get("type", row.attributes["type"]), number)
    country = given.get("country", row.attributes["country"]).upper()
    if country in COUNTRIES:
        yield from _place_problems(number, country, given.get("region", row.attributes["region"]))


def new_number_problems(given: dict[str, Any], carrier: Carrier) -> Found:
    """What the carrier finds wrong with a number that is right by itself."""
    number = canonical(given["number"])
    place = [*_place_problems(number, country_of(given, carrier), given.get("region"))]
    yield from place
    if not place and any(number == row.attributes["number"] for row in carrier.listed("phone_numbers")):
        yield "number", "TAKEN"  # it is looked for once all is right


def _type_problems(type_: Any, number: str) -> Found:
    if type_ in WORDS["type"] and number.startswith("+") is (type_ == "short_code"):
        yield "type", "INVALID"


def _place_problems(number: str, country: str, region: str | None) -> Found:
    if number.startswith("+") and country not in countries(number):
        yield "country", "INVALID"
    if region is not None and region.upper() not in SUBDIVISIONS.get(country, ()):
        yield "region", "INVALID"


def country_of(given: dict[str, Any], carrier: Carrier) -> str:
    """The country of a new number."""
    if "country" in given:
        return str(given["country"]).upper()
    shared = countries(canonical(given["number"]))
    return carrier.country if not shared or carrier.country in shared else shared[0]


def countries(number: str) -> tuple[str, ...]:
    """Those that share the number's calling code; none for a short code."""
    if not number.startswith("+"):
        return ()
    return next(found for code, found in E164.items() if number[1:].startswith(code))


def canonical(text: str) -> str:
    """`+` and digits of an E.164 number, else digits; all the cases' numbers are one or clearly not."""
    digits = re.sub("[^0-9]", "", text)
    return f"+{digits}" if len(digits) > SHORT else digits


def _amount(given: dict[str, Any], name: str, allowed: Any, decimals: int = 10) -> Found:
    if given.get(name) is None:
        return
    try:
        value = Decimal(str(given[name]))
    except InvalidOperation:
        yield name, MALFORMED
        return
    if not allowed(value) or value != round(value, decimals):
        yield name, "INVALID"


def charge_problems(given: dict[str, Any]) -> Found:
    yield from _amount(given, "price", lambda price: price <= 0, decimals=6)


def assignment_problems(number: Row, account: Row | None) -> Found:
    """Of a number that goes to the account, or back from whichever it has."""
    if number.gone:
        yield "id", "NOT_FOUND"
    elif account is None:
        return
    elif account.gone or account.carrier is not number.carrier:
        yield "account_id", "NOT_FOUND"
    elif number.related["account"] not in (None, account) or number.attributes["visibility"] == "disabled":
        yield "id", "CONFLICT"


def next_states(row: Row) -> tuple[list[str], list[str]]:
    """The states that the row may change to, and those that it may not."""
    steps = STEPS[row.kind.path]
    right = steps.get(row.attributes["status"], set())
    return sorted(right), sorted(set(steps).union(*steps.values()) - right)
