"""Compiled completion: from what a reader found to the answer, in one generated function.

graphql-core completes field by field, at 4 to 6 microseconds each. Where the selected fields are plain
attributes, or columns of rows that no object has been made of yet (`Source`), an object, or a list of
them, is completed by one function that is generated once for each selection. Whatever that function does
not expect (null in a non-null field, another class, any exception) makes it give up, and graphql-core
completes the same value from the start: errors, their paths and the propagation of nulls are always
graphql-core's own. Resolvers are left to graphql-core.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLString,
    Undefined,
    default_field_resolver,
    default_type_resolver,
    is_leaf_type,
    is_object_type,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from observability import metrics
from schema.selections import Details, Operation, Selections, declared

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


@dataclass(frozen=True, slots=True)
class Source:
    """What generated code knows of a value: an expression for it, and what is certain about it.

    `own` names the leaf types whose answer it is as it stands, "Enum" for the value of any enum's member.
    An object has `members` by attribute, or else it is an instance of its type's class. A row is taken
    apart into the variables of `target`. A list of rows has an `item`.
    """

    code: str
    own: frozenset[str] = frozenset()
    nullable: bool = True
    decode: Callable[[Any, Any], Any] | None = None  # (context, value) -> the value that is meant
    members: Mapping[str, "Source"] | None = None
    target: str | None = None
    item: "Source | None" = None


IT = Source("it")


class Written(str):
    """An expression of an object, with those of its members, for the form of the object that it is in."""

    __slots__ = ("members",)
    members: Mapping[str, str]


class Word(str):
    """An expression of an enum's name, with the expression of its value and the names by values."""

    __slots__ = ("names", "value")
    value: str
    names: Mapping[Any, str]


@dataclass(frozen=True, eq=False)
class Form:
    """Another way to write the objects of a type than GraphQL's, for whoever answers in another format.

    `write` makes an expression of a mapping from response keys to expressions, some of them `Written` or
    `Word`; its second argument gives a value a name in generated code.
    """

    type_name: str
    write: Callable[[Mapping[str, str], Callable[[str, Any], str]], str]


class CompiledExecutor(StrawberryGraphQLCoreExecutionContext):
    """An ordinary executor that completes plain selections by a compiled function."""

    @classmethod
    def of(cls, operation: Operation, variables: dict[str, Any], context: Any) -> "CompiledExecutor":
        """As `build`, for `variables` that are coerced already."""
        nodes = operation.node.variable_definitions or ()
        signatures = {
            node.variable.name.value: get_variable_signature(operation.schema, node) for node in nodes
        }
        sources = {
            name: VariableValueSource(signature, variables.get(name, Undefined))
            for name, signature in signatures.items()
            if not isinstance(signature, GraphQLError)
        }
        return cls(
            operation.schema,
            operation.fragments,
            {name: FragmentDetails(node, None) for name, node in operation.fragments.items()},
            None,
            context,
            operation.node,
            VariableValues(sources, variables),
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            is_awaitable=optimized_is_awaitable,
        )

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
        if not operation.worth_compiling or any(detail.fragment_variable_values for detail in details):
            return Undefined
        selections = operation.selections(self.variable_values.coerced)
        key = ("complete", type_, *[id(detail.node) for detail in details])
        complete = selections.once(key, lambda: compile_value(selections, type_, details))
        if complete is None:
            return Undefined
        try:
            return complete(value, None)
        except Exception:  # noqa: BLE001 - graphql-core does the same work again and says what is wrong
            metrics.GAVE_UP.inc()
            return Undefined


def compile_value(
    selections: Selections, type_: Any, details: Details, source: Source = IT, form: Form | None = None
) -> Callable[[Any, Any], Any] | None:
    """A function (value, context) -> answer; None where a resolver, union or interface is within."""
    compiler = _Compiler(selections, form)
    expression = compiler.value(type_, source, details)
    if expression is None:
        return None
    lines = [*compiler.source, "def complete(it, context):", f" return {expression}"]
    exec("\n".join(lines), compiler.names)  # noqa: S102 - names of our own schema, and response keys by repr()
    complete: Callable[[Any, Any], Any] = compiler.names["complete"]
    return complete


def give_up() -> Any:
    raise GiveUp


class _Compiler:
    def __init__(self, selections: Selections, form: Form | None) -> None:
        self._selections, self._form = selections, form
        self.source: list[str] = []
        self.names: dict[str, Any] = {"give_up": give_up, "datetime": datetime}

    def value(self, type_: Any, source: Source, details: Details) -> str | None:
        """An expression that completes a value as this type; None where that cannot be compiled."""
        required = isinstance(type_, GraphQLNonNull)
        type_ = type_.of_type if required else type_
        if not source.nullable or (not required and source.own and _is_own(type_, source)):
            return self._nonnull(type_, source, details)
        variable = self._name("v")
        inner = self._nonnull(type_, replace(source, code=variable), details)
        if inner is None:
            return None
        absent = "give_up()" if required else "None"
        return f"({absent} if ({variable} := {source.code}) is None else {inner})"

    def _nonnull(self, type_: Any, source: Source, details: Details) -> str | None:
        if is_leaf_type(type_):
            return self._leaf(type_, source)
        if isinstance(type_, GraphQLList):
            return self._list(type_, source, details)
        if not is_object_type(type_):
            return None
        members = self._members(type_, source, details)
        if members is None:
            return None
        shown = self._written(type_, members)
        if source.members is not None and source.target is None:
            return shown
        return f"{self._function(type_, source, shown)}({source.code}, context)"

    def _written(self, type_: Any, members: Mapping[str, str]) -> str:
        if self._form is not None and type_.name == self._form.type_name:
            return self._form.write(members, self._name)
        shown = Written(
            "{" + ", ".join(f"{key!r}: {expression}" for key, expression in members.items()) + "}"
        )
        shown.members = members
        return shown

    def _list(self, type_: GraphQLList[Any], source: Source, details: Details) -> str | None:
        if source.item is not None:
            item = self.value(type_.of_type, replace(source.item, target=None), details)
            return item and f"[{item} for {source.item.target} in {source.code}]"
        element = self._name("x")
        item = self.value(type_.of_type, Source(element), details)
        code = source.code
        return item and f"([{item} for {element} in {code}] if {code}.__class__ is list else give_up())"

    def _leaf(self, type_: Any, source: Source) -> str:
        code = source.code
        if source.decode is not None:
            code = f"{self._name('decode', source.decode)}(context, {code})"
        elif _is_own(type_, source):
            return code
        leaf = self._name("leaf", _leaf(type_))
        if isinstance(type_, GraphQLEnumType):
            names = {value.value: name for name, value in type_.values.items()}
            words = self._name("words", names)
            if "Enum" not in source.own:
                return f"({words}.get({code}) or {leaf}({code}))"
            word = Word(f"{words}[{code}]")
            word.value, word.names = code, names
            return word
        test = OWN_ANSWER.get(type_.name)
        if test is None or source.decode is not None:
            return f"{leaf}({code})"
        return f"({code} if {test.format(v=code)} else {leaf}({code}))"

    def _members(self, type_: Any, source: Source, details: Details) -> dict[str, str] | None:
        """Response key -> expression, of an object's fields; None where a field has a resolver."""
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
            known = source.members
            part = Source(f"it.{attribute}") if known is None else known.get(attribute)
            expression = part and self.value(field.type, part, fields)
            if not expression:
                return None
            members[key] = expression
        return members

    def _function(self, type_: Any, source: Source, shown: str) -> str:
        """Name of a generated function (object or row, context) -> answer."""
        function = self._name("object")
        opening = f" {source.target} = it"
        if source.target is None:
            class_ = self._name("class", type_.extensions["strawberry-definition"].origin)
            opening = f" if it.__class__ is not {class_}: give_up()"
        self.source += [f"def {function}(it, context):", opening, f" return {shown}"]
        return function

    def _name(self, prefix: str, value: Any = None) -> str:
        name = f"{prefix}{len(self.names)}"
        self.names[name] = value
        return name


def _is_own(type_: Any, source: Source) -> bool:
    return is_leaf_type(type_) and type_.name in source.own and source.decode is None


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
