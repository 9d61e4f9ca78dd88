"""What one GraphQL document may ask for; each refusal names its limit."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from graphql import (
    BREAK,
    SKIP,
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    VisitorAction,
)

from schema.batches import IMPORTED_AT_ONCE, RECORDED_AT_ONCE

MAX_CHARACTERS = 20_000
MAX_TOKENS = 4_000
MAX_DEPTH = 15
MAX_ALIASES = 60
MAX_DIRECTIVES = 60
MAX_FIELDS = 500
MAX_MERGES = 60
MAX_OPERATIONS = 20
MAX_VARIABLES = 100
MAX_COMPLEXITY = 20_000
MAX_UNFOLDED = (
    2 * MAX_TOKENS
)  # selections of all operations and fragments, where fragments are used again too
UNIT = 100  # objects that cost as much as a request itself
WHOLE_PAGE = 100
WHOLE_CHART = 1000
CHARTS = frozenset({"phoneCallStats", "messageStats", "ttsStats"})
BATCHES = {
    "recordPhoneCalls": RECORDED_AT_ONCE,
    "recordMessages": RECORDED_AT_ONCE,
    "recordTtsEvents": RECORDED_AT_ONCE,
    "importPhoneNumbers": IMPORTED_AT_ONCE,
}
USUAL_PAGE = 10
INTROSPECTED = {"__schema": 15_000, "__type": 100}  # as much work as so many objects are


class Limits(ASTValidationRule):
    """What each operation and each fragment may have, fragments counted where they are used.

    Merges are what has to be compared with what else may answer under the same name: fragments, and fields
    that are selected again.
    Complexity is the number of objects that an operation can answer with: a list counts as many as its
    page asks for (10 where it does not say, the most there may be where a variable says), each time its
    parent does, and a mutation of many inputs as many as it may be given. What is
    found first ends the search.
    """

    _unfolded = 0

    def enter_document(self, node: DocumentNode, *_: Any) -> VisitorAction:
        operations = sum(isinstance(part, OperationDefinitionNode) for part in node.definitions)
        within = self._bound("document", node, [("number of operations", operations, MAX_OPERATIONS)])
        return None if within else BREAK

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> VisitorAction:
        introspects = all(
            f.name.value.startswith("__") for f in node.selection_set.selections if isinstance(f, FieldNode)
        )
        return self._measure("operation", node, deep=introspects)

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: Any) -> VisitorAction:
        return self._measure("fragment", node, deep=True)

    def _measure(
        self, kind: str, node: OperationDefinitionNode | FragmentDefinitionNode, *, deep: bool
    ) -> VisitorAction:
        measured = _Measure(self.context.get_fragment, self._unfolded)
        measured.add(node.selection_set, 1, 1, ())
        self._unfolded = measured.unfolded
        found = [
            ("depth", 0 if deep else measured.depth, MAX_DEPTH),
            ("number of aliases", measured.aliases, MAX_ALIASES),
            ("number of directives", measured.directives, MAX_DIRECTIVES),
            ("number of fragments and of fields selected again", measured.merges, MAX_MERGES),
            ("complexity", measured.complexity, MAX_COMPLEXITY),
            ("number of fields", measured.fields, MAX_FIELDS),
            ("number of variables", len(node.variable_definitions or ()), MAX_VARIABLES),
        ]
        return SKIP if self._bound(kind, node, found) else BREAK

    def _bound(self, kind: str, node: Node, found: list[tuple[str, int, int]]) -> bool:
        """Whether all are within their limits; those that are not are reported."""
        for what, number, limit in found:
            if number > limit:
                message = f"this {kind}'s {what} is {number}, over the limit of {limit}; ask for less at once"
                extensions = {"code": "TOO_COMPLEX", "limit": limit}
                self.report_error(GraphQLError(message, node, extensions=extensions))
        return all(number <= limit for _, number, limit in found)


def cost(operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> int:
    """What an operation costs of its key's budget, beside the one unit of every request."""
    measured = _Measure(fragments.get)
    measured.add(operation.selection_set, 1, 1, ())
    return measured.complexity // UNIT


class _Measure:
    """`unfolded` selections were counted before, which count for the document's bound alone."""

    def __init__(self, fragment: Callable[[str], FragmentDefinitionNode | None], unfolded: int = 0) -> None:
        self._fragment = fragment
        self.depth = self.aliases = self.directives = self.merges = self.fields = self.complexity = 0
        self.unfolded = unfolded

    def add(self, selections: SelectionSetNode, depth: int, times: int, within: tuple[str, ...]) -> None:
        """Count a selection set that is answered up to `times` times.

        Fragments that spread one another can unfold to more selections than anybody can count: a document
        that has too many of them is too complex, however little it would answer.
        """
        self.depth = max(self.depth, depth)
        keys = set()
        for selection in selections.selections:
            self.unfolded += 1
            if self.unfolded > MAX_UNFOLDED:
                self.complexity = max(self.complexity, MAX_COMPLEXITY + 1)
                return
            self.directives += len(selection.directives or ())
            if isinstance(selection, FieldNode):
                key = (selection.alias or selection.name).value
                self.merges += key in keys
                keys.add(key)
                self._field(selection, depth, times, within)
            elif isinstance(selection, InlineFragmentNode):
                self.merges += 1
                self.add(selection.selection_set, depth, times, within)
            elif isinstance(selection, FragmentSpreadNode):
                self.merges += 1
                name = selection.name.value
                fragment = self._fragment(name)
                # As deep as that there are too many merges already: deeper, Python would give up.
                if fragment and name not in within and len(within) <= MAX_MERGES:
                    self.add(fragment.selection_set, depth, times, (*within, name))

    def _field(self, field: FieldNode, depth: int, times: int, within: tuple[str, ...]) -> None:
        self.fields += 1
        self.aliases += field.alias is not None
        if field.selection_set is None:
            return
        self.complexity += INTROSPECTED.get(field.name.value, 0)
        times *= _rows(field)
        self.complexity += times
        self.add(field.selection_set, depth + 1, times, within)


def _rows(field: FieldNode) -> int:
    usual = BATCHES.get(field.name.value, USUAL_PAGE if _is_list(field) else 1)
    return max(_sizes(field), default=usual)


def _is_list(field: FieldNode) -> bool:
    """Whether rows of a page are selected within: every list of the schema has them as nodes or edges."""
    inner = field.selection_set.selections if field.selection_set else ()
    return any(isinstance(node, FieldNode) and node.name.value in ("nodes", "edges") for node in inner)


def _sizes(field: FieldNode) -> Iterator[int]:
    """Rows that a field's page asks for: what a variable says is taken as a whole page."""
    whole = WHOLE_CHART if field.name.value in CHARTS else WHOLE_PAGE
    for argument in field.arguments or ():
        if argument.name.value in ("first", "last"):
            value = argument.value
            if isinstance(value, IntValueNode) and len(value.value) <= len(str(whole)):
                # One row at least: a size below that is refused later, and must not make the rest cost less.
                yield min(max(int(value.value), 1), whole)
            else:
                yield whole
