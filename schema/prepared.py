"""Prepared queries: the fast path, and how a query takes it.

A query whose one root field is read by a `Reader`, and whose selected fields are plain, needs nothing of
graphql-core but its documents and its errors. `Prepared` compiles it once: variables are coerced by
functions made of their types, the reader reads, and one generated function writes the answer (see
completion.py). It is the same query all the same: what is not as expected (a variable that is wrong, null
where none may be, a value of another class) is left to graphql-core, which starts again from the variables
and with what was read, and has the last word on answers, errors and their places.

Whoever adds a field need not know: mutations, introspection, several roots, resolvers, unions, directives
other than @skip and @include, literals with variables inside run by graphql-core as ever.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLNonNull,
    OperationType,
    Undefined,
    located_error,
    value_from_ast,
)
from graphql.language import ListValueNode, ObjectValueNode, VariableNode
from strawberry.types.arguments import convert_argument

from schema.coercion import Unfit, Variables
from schema.completion import IT, Form, GiveUp, Source, compile_value
from schema.selections import Details, Operation, Selections, declared


class Formed(ExecutionResult):
    """A result whose objects are in the form that was asked for."""


class Reader(ABC):
    """Reads a root field. What it makes of a selection (the plan) is kept with the operation."""

    @abstractmethod
    def prepare(self, selections: Selections, type_: Any, details: Details) -> Any:
        """The plan."""

    @abstractmethod
    async def fetch(self, context: Any, plan: Any, **arguments: Any) -> Any:
        """What the store says, in whatever form `source` describes."""

    def source(self, plan: Any) -> Source:  # noqa: ARG002 - for readers whose rows differ by plan
        """Where completion finds the attributes in what was fetched: by default it is the object itself."""
        return IT

    def build(self, context: Any, plan: Any, found: Any) -> Any:  # noqa: ARG002 - as above
        """The objects of what was fetched, as resolvers return them."""
        return found

    async def read(self, context: Any, plan: Any, **arguments: Any) -> Any:
        return self.build(context, plan, await self.fetch(context, plan, **arguments))


class Prepared:
    """A query that may be run without graphql-core. Raises Unfit where it may not."""

    def __init__(self, schema: Any, operation: Operation) -> None:
        if not operation.plain or operation.node.operation is not OperationType.QUERY:
            raise Unfit
        self._schema, self._operation = schema, operation
        self._variables = Variables(schema._schema, operation.node.variable_definitions or ())

    async def run(
        self, variables: Mapping[str, Any], context: Any, form: Form | None = None
    ) -> ExecutionResult | None:
        """The result, its objects in `form`; None where graphql-core has to run the query.

        What was read by then is in `context.found`.
        """
        try:
            values = self._variables.coerced(variables)
            selections = self._operation.selections(values)
            root = selections.once(("root", form), lambda: _root(self._schema, selections, form))
            if root is None:
                return None
            arguments = root.arguments(values)
        except Exception:  # noqa: BLE001 - graphql-core finds the same fault, and words it
            return None
        try:
            found = await root.reader.fetch(context, root.plan, **arguments)
        except Exception as error:  # noqa: BLE001 - as graphql-core does with what a resolver raises
            return root.failed(error)
        try:
            return root.result({root.key: root.complete(found, context)}, None)
        except Exception:  # noqa: BLE001 - graphql-core completes the same value, and words what is wrong
            context.found = (found,)
            return None


class _Root:
    """The root field of a prepared query, for one set of values of its directives' variables."""

    def __init__(self, schema: Any, selections: Selections, form: Form | None) -> None:
        self.result = ExecutionResult if form is None else Formed
        query = schema._schema.query_type
        ((self.key, details),) = selections.roots(query).items()
        self._nodes = [detail.node for detail in details]
        field = schema._schema.get_field(query, self._nodes[0].name.value)
        strawberry_field = declared(field)
        if strawberry_field is None or strawberry_field.extensions:
            raise Unfit
        self.reader: Reader = strawberry_field.metadata["reader"]
        if not isinstance(self.reader, Reader):
            raise Unfit
        self._nullable = not isinstance(field.type, GraphQLNonNull)
        self.plan = self.reader.prepare(selections, field.type, details)
        complete = compile_value(selections, field.type, details, self.reader.source(self.plan), form)
        if complete is None:
            raise Unfit
        self.complete = complete
        self._constants, self._variables = _arguments(schema, field, strawberry_field, self._nodes[0])

    def arguments(self, values: dict[str, Any]) -> dict[str, Any]:
        """The reader's arguments. Raises GiveUp for null where none may be."""
        arguments = self._constants.copy()
        for python_name, variable, required in self._variables:
            value = values.get(variable, Undefined)
            if required and (value is None or value is Undefined):
                raise GiveUp
            if value is not Undefined:
                arguments[python_name] = value
        return arguments

    def failed(self, error: Exception) -> ExecutionResult:
        located = located_error(error, self._nodes, [self.key])
        return ExecutionResult({self.key: None} if self._nullable else None, [located])


def _root(schema: Any, selections: Selections, form: Form | None) -> _Root | None:
    """None where there is not one root field with a reader, or its selection cannot be compiled."""
    try:
        return _Root(schema, selections, form)
    except (Unfit, KeyError, ValueError, GraphQLError):
        return None


def _arguments(
    schema: Any, field: Any, strawberry_field: Any, node: Any
) -> tuple[dict[str, Any], list[tuple[str, str, bool]]]:
    """(arguments that are the same each time, (argument, variable, whether it may not be null))."""
    constants: dict[str, Any] = {}
    variables: list[tuple[str, str, bool]] = []
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    for argument in strawberry_field.arguments:
        name = schema.config.name_converter.from_argument(argument)
        type_ = field.args[name].type
        if field.args[name].default_value is not Undefined:
            raise Unfit
        value = given.get(name)
        if isinstance(value, VariableNode):
            variables.append((argument.python_name, value.name.value, isinstance(type_, GraphQLNonNull)))
        elif value is not None:
            constants[argument.python_name] = _literal(schema, argument, value, type_)
    return constants, variables


def _literal(schema: Any, argument: Any, node: Any, type_: Any) -> Any:
    value = value_from_ast(node, type_)
    # Without its variables an object within would lose fields instead of failing.
    if value is Undefined or holds_variable(node):
        raise Unfit
    registry = schema.schema_converter.scalar_registry
    return convert_argument(value, argument.type, registry, schema.config)


def holds_variable(node: Any) -> bool:
    """Whether a variable stands in a value, at any depth."""
    if isinstance(node, ListValueNode):
        return any(map(holds_variable, node.values))
    if isinstance(node, ObjectValueNode):
        return any(holds_variable(field.value) for field in node.fields)
    return isinstance(node, VariableNode)
