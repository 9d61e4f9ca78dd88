"""Variables of an operation: functions from JSON values to what resolvers are given, made of types.

Those of a mutation are coerced to what graphql-core makes of them, which Strawberry's conversion is to be
given, but that inputs of which there are many (`batches.flat`) are built at once.

They take what is right and raise for everything else, whatever it is: graphql-core then finds the same
fault and words it. A type that they do not know raises Unfit when the query is prepared.
"""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    Undefined,
    VariableDefinitionNode,
    type_from_ast,
    value_from_ast,
)
from strawberry.types.base import StrawberryMaybe, StrawberryObjectDefinition

from schema.batches import FLAT
from schema.completion import GiveUp
from schema.selections import declared

Convert = Callable[[Any], Any]
EXACT: dict[str, type] = {"String": str, "ID": str, "Boolean": bool, "Int": int}
INTS = range(-(2**31), 2**31)
REQUIRED: Any = object()


class Unfit(Exception):
    """A query, or a part of one, that only graphql-core can run."""


class Variables:
    """The variables of an operation."""

    def __init__(
        self, schema: GraphQLSchema, nodes: tuple[VariableDefinitionNode, ...], *, built: bool = True
    ) -> None:
        """`built`: whether inputs become instances of their classes."""
        self._known = [_variable(schema, node, built) for node in nodes]

    def coerced(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Values by name, without those that were left out. Raises where graphql-core would find a fault."""
        values = {}
        for name, convert, default in self._known:
            if name in given:
                values[name] = convert(given[name])
            elif default is REQUIRED:
                raise GiveUp
            elif default is not Undefined:
                values[name] = default
        return values


def _variable(schema: GraphQLSchema, node: VariableDefinitionNode, built: bool) -> tuple[str, Convert, Any]:
    type_: Any = type_from_ast(schema, node.type)
    default = REQUIRED if isinstance(type_, GraphQLNonNull) else Undefined
    if node.default_value is not None:
        default = value_from_ast(node.default_value, type_)
        if isinstance(default, dict | list) or default is Undefined:
            raise Unfit
    return node.variable.name.value, _converter(type_, built), default


def _converter(type_: Any, built: bool) -> Convert:
    if isinstance(type_, GraphQLNonNull):
        return _nonnull(type_.of_type, built)
    inner = _nonnull(type_, built)
    return lambda value: None if value is None else inner(value)


def _nonnull(type_: Any, built: bool) -> Convert:
    if isinstance(type_, GraphQLList):
        return _list(_converter(type_.of_type, built))
    if isinstance(type_, GraphQLInputObjectType):
        return _input_object(type_, built)
    if isinstance(type_, GraphQLEnumType):
        return {name: type_.coerce_input_value(name) for name in type_.values}.__getitem__
    if type_.name == "Int":
        return _int
    return _exact(EXACT[type_.name]) if type_.name in EXACT else _scalar(type_.coerce_input_value)


def _int(value: Any) -> int:
    if value.__class__ is not int or value not in INTS:
        raise GiveUp
    return int(value)


def _exact(class_: type) -> Convert:
    def convert(value: Any) -> Any:
        if value.__class__ is not class_:
            raise GiveUp
        return value

    return convert


def _scalar(coerce: Convert) -> Convert:
    def convert(value: Any) -> Any:
        coerced = Undefined if value is None else coerce(value)
        if coerced is Undefined:
            raise GiveUp
        return coerced

    return convert


def _list(item: Convert) -> Convert:
    def convert(value: Any) -> list[Any]:
        if value.__class__ is not list:
            raise GiveUp
        return [item(part) for part in value]

    return convert


def _input_object(type_: GraphQLInputObjectType, built: bool) -> Convert:
    definition: StrawberryObjectDefinition = type_.extensions["strawberry-definition"]
    flat = definition.origin in FLAT
    if type_.is_one_of or (definition.from_input is not None and not flat):
        raise Unfit
    build = definition.origin if built or flat else None
    known: dict[str, tuple[str, Convert]] = {}
    required = set()
    for name, field in type_.fields.items():
        found: Any = declared(field)
        if (build and isinstance(found.type, StrawberryMaybe)) or field.default_value not in (
            Undefined,
            None,
        ):
            raise Unfit
        known[name] = found.python_name if build else name, _converter(field.type, built)
        if isinstance(field.type, GraphQLNonNull):
            required.add(name)

    def convert(value: Any) -> Any:
        if value.__class__ is not dict or not required <= value.keys():
            raise GiveUp
        given = {}
        for name, part in value.items():
            key, inner = known[name]
            given[key] = inner(part)
        return build(**given) if build else given

    return convert
