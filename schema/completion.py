"""Compiled completion: from the objects that a reader made to the answer, in one generated function.

graphql-core completes field by field, at 4 to 6 microseconds each. Where the selected fields are plain
attributes, `CompiledExecutor` completes an object, or a list of them, by one function that is generated
once for each selection. Whatever that function does not expect (null in a non-null field, another class,
any exception) makes it give up, and graphql-core completes the same value from the start: errors, their
paths and the propagation of nulls are always graphql-core's own. Resolvers are left to graphql-core.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLString,
    Undefined,
    is_leaf_type,
    is_object_type,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from observability import metrics
from schema.selections import Details, Selections, declared

# A value that is its own answer, by the name of its type; {v} reads it.
OWN_ANSWER = {
    GraphQLString.name: "{v}.__class__ is str",
    GraphQLID.name: "{v}.__class__ is str",
    GraphQLBoolean.name: "{v}.__class__ is bool",
    GraphQLInt.name: "({v}.__class__ is int and -2147483649 < {v} < 2147483648)",
    "DateTime": "{v}.__class__ is datetime",
    "Decimal": "{v}.__class__ is str",
}


class GiveUp(Exception):
    """The value is not what the generated function expects."""


class CompiledExecutor(StrawberryGraphQLCoreExecutionContext):
    """An ordinary executor that completes plain selections by a compiled function."""

    def complete_object_value(self, return_type: Any, field_details_list: Any, *more: Any) -> Any:
        done = self._compiled(return_type, field_details_list, more[2])
        if done is Undefined:
            return super().complete_object_value(return_type, field_details_list, *more)
        return done

    def complete_list_value(self, return_type: Any, field_details_list: Any, *more: Any) -> Any:
        done = self._compiled(return_type, field_details_list, more[2])
        if done is Undefined:
            return super().complete_list_value(return_type, field_details_list, *more)
        return done

    def _compiled(self, type_: Any, details: Details, value: Any) -> Any:
        """The completed value, or Undefined where graphql-core has to do it."""
        operation = self.context_value.operation
        if not operation.plain or any(detail.fragment_variable_values for detail in details):
            return Undefined
        selections = operation.selections(self.variable_values.coerced)
        key = ("complete", type_, *[id(detail.node) for detail in details])
        complete = selections.once(key, lambda: compile_value(selections, type_, details))
        if complete is None:
            return Undefined
        try:
            return complete(value)
        except Exception:  # noqa: BLE001 - graphql-core does the same work again and says what is wrong
            metrics.GAVE_UP.inc()
            return Undefined


def compile_value(selections: Selections, type_: Any, details: Details) -> Callable[[Any], Any] | None:
    """A function completing a value of this type, or None where a resolver, union or interface is within."""
    compiler = _Compiler(selections)
    expression = compiler.value(type_, "it", details)
    if expression is None:
        return None
    exec("\n".join([*compiler.source, "def complete(it):", f" return {expression}"]), compiler.names)  # noqa: S102 - names of our own schema, and response keys by repr()
    complete: Callable[[Any], Any] = compiler.names["complete"]
    return complete


def give_up() -> Any:
    raise GiveUp


class _Compiler:
    def __init__(self, selections: Selections) -> None:
        self._selections = selections
        self.source: list[str] = []
        self.names: dict[str, Any] = {"give_up": give_up, "datetime": datetime}

    def value(self, type_: Any, expression: str, details: Details) -> str | None:
        """An expression that completes `expression` as this type; None where that cannot be compiled."""
        required = isinstance(type_, GraphQLNonNull)
        type_ = type_.of_type if required else type_
        variable = self._name("v")
        inner = self._nonnull(type_, variable, details)
        if inner is None:
            return None
        absent = "give_up()" if required else "None"
        return f"({absent} if ({variable} := {expression}) is None else {inner})"

    def _nonnull(self, type_: Any, variable: str, details: Details) -> str | None:
        if is_leaf_type(type_):
            return self._leaf(type_, variable)
        if isinstance(type_, GraphQLList):
            element = self._name("x")
            item = self.value(type_.of_type, element, details)
            return (
                item
                and f"([{item} for {element} in {variable}] if {variable}.__class__ is list else give_up())"
            )
        if is_object_type(type_):
            function = self._object(type_, details)
            return function and f"{function}({variable})"
        return None

    def _leaf(self, type_: Any, variable: str) -> str:
        leaf = self._name("leaf", _leaf(type_))
        if isinstance(type_, GraphQLEnumType):
            words = self._name("words", {value.value: name for name, value in type_.values.items()})
            return f"({words}.get({variable}) or {leaf}({variable}))"
        test = OWN_ANSWER.get(type_.name)
        return (
            f"({variable} if {test.format(v=variable)} else {leaf}({variable}))"
            if test
            else f"{leaf}({variable})"
        )

    def _object(self, type_: Any, details: Details) -> str | None:
        """Name of a generated function that completes an object; None where a field has a resolver."""
        members = {}
        for key, fields in self._selections.of(type_, details).items():
            name = fields[0].node.name.value
            if name == "__typename":
                members[key] = repr(type_.name)
                continue
            field = self._selections.schema.get_field(type_, name)
            attribute = _attribute(field)
            if field is None or attribute is None:
                return None
            expression = self.value(field.type, f"it.{attribute}", fields)
            if expression is None:
                return None
            members[key] = expression
        class_ = self._name("class", type_.extensions["strawberry-definition"].origin)
        function = self._name("object")
        shown = ", ".join(f"{key!r}: {expression}" for key, expression in members.items())
        lines = [
            f"def {function}(it):",
            f" if it.__class__ is not {class_}: give_up()",
            f" return {{{shown}}}",
        ]
        self.source += lines
        return function

    def _name(self, prefix: str, value: Any = None) -> str:
        name = f"{prefix}{len(self.names)}"
        self.names[name] = value
        return name


def _attribute(field: GraphQLField | None) -> str | None:
    """The attribute that a field shows; None where it has a resolver, arguments or extensions."""
    found = declared(field)
    if (
        field is None
        or found is None
        or field.args
        or not found.is_basic_field
        or found.default_resolver is not getattr
    ):
        return None
    return found.python_name


def _leaf(type_: Any) -> Callable[[Any], Any]:
    def complete(value: Any) -> Any:
        if isinstance(value, Exception) or hasattr(value, "__await__"):
            raise GiveUp
        answer = type_.coerce_output_value(value)
        if answer is None or answer is Undefined:
            raise GiveUp
        return answer

    return complete
