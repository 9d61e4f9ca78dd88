"""Inputs that hold many others: how many, how each is built at a low cost, and where its errors are."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING
from typing import Any, TypeVar

from strawberry import Some
from strawberry.types.arguments import InputContext
from strawberry.types.base import StrawberryList, StrawberryMaybe, StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from schema.errors import UserError, wrong

T = TypeVar("T")

RECORDED_AT_ONCE = 1_000
IMPORTED_AT_ONCE = 10_000
FLAT: set[type] = set()  # the inputs that `flat` was asked to build


def at_most(limit: int, field: str, items: Sequence[Any]) -> Iterator[UserError]:
    if len(items) > limit:
        yield wrong(field, f"{field} has {len(items):,} items; at most {limit:,} are taken at once")


def placed(field: str, index: int, errors: Iterable[UserError]) -> list[UserError]:
    """The errors of one of many, each with its path within the whole input, such as ["calls", "3", "to"]."""
    return [
        UserError(message=error.message, field=[field, str(index), *(error.field or ())], code=error.code)
        for error in errors
    ]


def flat(cls: type[T]) -> type[T]:
    """Build the input `cls` straight from the coerced values: scalars, enums, lists of inputs that are flat.

    Strawberry's own conversion looks at the type of each field anew: 80 microseconds for each input.
    """
    definition: StrawberryObjectDefinition = cls.__strawberry_definition__  # type: ignore[attr-defined] # set by Strawberry
    build: list[Callable[[Mapping[str, Any]], T]] = []

    def from_input(_cls: type, value: Mapping[str, Any] | T, context: InputContext) -> T:
        if isinstance(value, cls):
            return value  # coercion.py has built it already
        assert isinstance(value, Mapping)
        if not build:
            build.append(_builder(cls, definition, context))
        return build[0](value)

    definition.from_input = from_input
    FLAT.add(cls)
    return cls


def _builder(
    cls: type[T], definition: StrawberryObjectDefinition, context: InputContext
) -> Callable[[Mapping[str, Any]], T]:
    names = {
        context.config.name_converter.from_field(field): field.python_name for field in definition.fields
    }
    maybe = {
        field.python_name
        for field in definition.fields
        if isinstance(field.resolve_type(type_definition=definition), StrawberryMaybe)
    }
    items = {field.python_name: item for field in definition.fields if (item := _item(field, definition))}
    absent: dict[str, Any] = {
        field.python_name: None for field in definition.fields if field.default_value is MISSING
    }

    def build(value: Mapping[str, Any]) -> T:
        given = {names[name]: part for name, part in value.items()}
        for name in maybe & given.keys():
            given[name] = Some(given[name])
        for name in items.keys() & given.keys():
            from_input = items[name].__strawberry_definition__.from_input
            given[name] = [from_input(items[name], part, context) for part in given[name]]
        return cls(**(absent | given))

    return build


def _item(field: StrawberryField, definition: StrawberryObjectDefinition) -> Any:
    """The class of the inputs that a field lists; None for a field that lists none."""
    type_ = field.resolve_type(type_definition=definition)
    return type_.of_type if isinstance(type_, StrawberryList) and type_.of_type in FLAT else None
