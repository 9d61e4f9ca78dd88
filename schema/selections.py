"""What an operation selects, as a reader asks for it: fields by type, with @skip and @include applied."""

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

from graphql import (
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    Visitor,
    visit,
)
from graphql.execution.collect_fields import (
    FieldDetails,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues
from graphql.language import DirectiveNode, VariableNode
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

T = TypeVar("T")
Details = list[FieldDetails]
MAX_VARIANTS = 16  # sets of values of @skip and @include that one operation keeps plans for


class Selections:
    """The selections of one operation for one set of values of its @skip and @include variables."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: dict[str, Any],
    ) -> None:
        self.schema = schema
        self._operation = operation
        self._fragments = {name: FragmentDetails(node, None) for name, node in fragments.items()}
        self._variables = VariableValues({}, variables)
        self._made: dict[Hashable, Any] = {}

    def roots(self, type_: GraphQLObjectType) -> dict[str, Details]:
        """Response key -> the fields that it merges, of the operation itself."""
        return collect_fields(
            self.schema, self._fragments, self._variables, type_, self._operation
        ).grouped_field_set

    def of(self, type_: GraphQLObjectType, details: Details) -> dict[str, Details]:
        """Response key -> the fields that it merges, of the selection sets of `details`."""
        return collect_subfields(
            self.schema, self._fragments, self._variables, self._operation, type_, details
        ).grouped_field_set

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` returned for the first time it was asked under this key."""
        if key not in self._made:
            self._made[key] = make()
        made: T = self._made[key]
        return made


class Operation:
    """An operation of a kept document, with what was made for it."""

    def __init__(
        self,
        schema: GraphQLSchema,
        node: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
    ) -> None:
        self.schema, self.node, self.fragments = schema, node, fragments
        seen = _DirectiveVariables()
        for part in (node, *fragments.values()):
            visit(part, seen)
        self._names = tuple(sorted(seen.names))
        self.plain = not seen.others
        self.runs = 0
        self.prepared: Any = None  # set by the schema where graphql-core is not needed to run it
        self.variables: Any = None  # set by the schema where it is not needed to coerce its variables
        self._variants: dict[tuple[Any, ...], Selections] = {}

    @property
    def worth_compiling(self) -> bool:
        """Whether it may be compiled, and comes again: a query sent once would only pay for it."""
        return self.plain and self.runs > 1

    def selections(self, variables: Mapping[str, Any]) -> Selections:
        """The selections for coerced `variables`."""
        key = tuple([variables.get(name) for name in self._names]) if self._names else ()
        if key not in self._variants:
            if len(self._variants) >= MAX_VARIANTS:
                self._variants.clear()
            used = {name: variables[name] for name in self._names if name in variables}
            self._variants[key] = Selections(self.schema, self.node, self.fragments, used)
        return self._variants[key]


class _DirectiveVariables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.others = False  # directives that only graphql-core knows how to follow

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        self.others |= node.name.value not in ("skip", "include")
        values = [argument.value for argument in node.arguments or ()]
        self.names |= {value.name.value for value in values if isinstance(value, VariableNode)}


def declared(field: GraphQLField | None) -> StrawberryField | None:
    """The Strawberry field behind a field of the schema; None for introspection."""
    if field is None:
        return None
    found: StrawberryField | None = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return found
