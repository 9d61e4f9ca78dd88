"""The scalars of the contract: DateTime, Decimal, JSON."""

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
import strawberry
from dateutil.parser import isoparse
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

USUAL_TIME = re.compile(r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{3}|\.\d{6})?Z", re.ASCII)
MAX_DECIMAL_TEXT = 64
MAX_JSON_BYTES = 64 * 1024


def parse_datetime(value: object) -> datetime:
    """An ISO 8601 time as aware UTC; without an offset it is UTC. Raises ValueError."""
    try:
        moment = _parse(value) if isinstance(value, str) else None
        moment = moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or not 1970 <= moment.year <= 9000:  # noqa: PLR2004 - what an id's 48 bits can hold
        raise ValueError(f'{value!r:.80} is not a time in ISO 8601 format such as "2026-04-27T14:37:15Z"')
    return moment


def _parse(text: str) -> datetime:
    """The usual form by Python itself, at a tenth of the cost."""
    return datetime.fromisoformat(text) if USUAL_TIME.fullmatch(text) else isoparse(text)


def parse_decimal(value: object) -> Decimal:
    """An exact decimal number from a string or a JSON number. Raises ValueError."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        text = str(value)
        try:
            number = Decimal(text) if len(text) <= MAX_DECIMAL_TEXT else Decimal("NaN")
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite():
            return number
    raise ValueError(f'{value!r:.80} is not a decimal number such as "1.15"')


def write_decimal(value: Decimal | str) -> str:
    """Text from the database as it is, a Decimal without an exponent."""
    return value if isinstance(value, str) else format(value, "f")


def parse_json(value: Any) -> Any:
    """Any JSON value that can be written again, up to 64 KiB of text. Raises ValueError."""
    try:
        size = len(orjson.dumps(value))
    except TypeError as error:
        raise ValueError(f"that is no JSON value: {error}") from None
    if size > MAX_JSON_BYTES:
        raise ValueError(f"that is {size} bytes of JSON, more than the {MAX_JSON_BYTES} that are kept")
    return value


def _same(value: Any) -> Any:
    """DateTime and JSON stay Python values in `data`: orjson writes them."""
    return value


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description='A point in time in ISO 8601, UTC, such as "2026-04-27T14:37:15Z".',
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=_same,
        parse_value=parse_datetime,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact decimal number, as a string such as "-0.05".',
        serialize=write_decimal,
        parse_value=parse_decimal,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value, up to 64 KiB of text.",
        serialize=_same,
        parse_value=parse_json,
    ),
}
