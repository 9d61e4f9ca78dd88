"""Checks that inputs share. Each yields what is wrong with one field, in a sentence."""

from collections.abc import Iterator
from typing import Any

import orjson
from strawberry.types.maybe import Some

from schema.errors import UserError, UserErrorCode, wrong
from schema.scalars import MAX_JSON_BYTES

MAX_NAME = 255


def given(maybe: Some[Any] | None) -> Any:
    """The value that a client sent, or None where it sent none (or null)."""
    return maybe.value if maybe else None


def text(field: str, value: str | None, *, limit: int = MAX_NAME) -> Iterator[UserError]:
    """Not blank, not longer than `limit` characters, nothing that a database cannot keep."""
    if value is None:
        return
    if not value.strip():
        yield wrong(field, f"{field} must not be blank", UserErrorCode.REQUIRED)
    elif len(value) > limit:
        yield wrong(field, f"{field} has {len(value)} characters; at most {limit} are kept")
    elif "\x00" in value:
        yield wrong(field, f"{field} has a NUL character, which cannot be kept")


def not_null(**fields: Some[Any] | None) -> Iterator[UserError]:
    """Fields that may be left out but not be null; named as clients name them."""
    for field, maybe in fields.items():
        if maybe and maybe.value is None:
            yield wrong(
                field, f"{field} must not be null; leave it out to keep what is there", UserErrorCode.REQUIRED
            )


def json_object(field: str, maybe: Some[Any] | None) -> Iterator[UserError]:
    if maybe and not isinstance(maybe.value, dict):
        yield wrong(field, f'{field} must be a JSON object such as {{"key": "value"}}')


def kept_json(field: str, merged: Any) -> Iterator[UserError]:
    """What requests merge together is bounded as what one of them may bring is."""
    if (size := len(orjson.dumps(merged))) > MAX_JSON_BYTES:
        yield wrong(
            field,
            f"{field} would be {size} bytes of JSON once merged; at most {MAX_JSON_BYTES} are kept",
        )


def problem(field: str, message: str | None) -> Iterator[UserError]:
    """The finding of a rule of the domain, if it has one."""
    if message:
        yield wrong(field, message)
