"""Whether the data of a GraphQL answer is what its document selects and its schema promises."""

import json
from collections.abc import Iterator
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    parse,
)

TYPES: dict[str, type | tuple[type, ...]] = {
    "ID": str,
    "String": str,
    "DateTime": str,
    "Decimal": str,
    "Int": int,
    "Float": (int, float),
    "Boolean": bool,
}


def misfits(schema: GraphQLSchema, text: str, body: bytes) -> list[str]:
    """What is not as it should be; nothing where there is no data, which is checked elsewhere."""
    data = json.loads(body).get("data")
    if data is None:
        return []
    definitions = parse(text).definitions
    operation = next(one for one in definitions if isinstance(one, OperationDefinitionNode))
    fragments = {one.name.value: one for one in definitions if isinstance(one, FragmentDefinitionNode)}
    root = schema.get_root_type(operation.operation)
    return list(_Check(schema, fragments).of_object(root, [operation.selection_set], data, "data"))


class _Check:
    def __init__(self, schema: GraphQLSchema, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self.schema, self.fragments = schema, fragments

    def of_object(
        self, type_: Any, selections: list[SelectionSetNode], value: Any, place: str
    ) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{place} should be an object"
            return
        if is_abstract_type(type_):
            return  # its own type is told only where it was asked for
        fields: dict[str, list[FieldNode]] = {}
        for selection in selections:
            self._collect(type_, selection, fields)
        if list(fields) != list(value):
            yield f"{place} has {list(value)} and should have {list(fields)}"
        for key, asked in fields.items():
            name = asked[0].name.value
            if name == "__typename":
                if value.get(key) != type_.name:
                    yield f"{place}.{key} should be {type_.name}"
            elif key in value and not name.startswith("__"):
                within = [one.selection_set for one in asked if one.selection_set]
                yield from self._of(type_.fields[name].type, within, value[key], f"{place}.{key}")

    def _collect(self, type_: Any, selections: SelectionSetNode, fields: dict[str, list[FieldNode]]) -> None:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                fields.setdefault((node.alias or node.name).value, []).append(node)
                continue
            found = self.fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            assert isinstance(found, FragmentDefinitionNode | InlineFragmentNode)
            condition = found.type_condition and self.schema.get_type(found.type_condition.name.value)
            if condition in (None, type_) or (
                is_abstract_type(condition) and self.schema.is_sub_type(condition, type_)
            ):
                self._collect(type_, found.selection_set, fields)

    def _of(self, type_: Any, within: list[SelectionSetNode], value: Any, place: str) -> Iterator[str]:
        if is_non_null_type(type_):
            if value is None:
                yield f"{place} should not be null"
            type_ = type_.of_type
        if value is None:
            return
        if is_list_type(type_):
            if not isinstance(value, list):
                yield f"{place} should be a list"
                return
            for part in value:
                yield from self._of(type_.of_type, within, part, f"{place}[]")
        elif is_leaf_type(type_):
            yield from self._of_leaf(type_, value, place)
        else:
            yield from self.of_object(type_, within, value, place)

    def _of_leaf(self, type_: Any, value: Any, place: str) -> Iterator[str]:
        if isinstance(type_, GraphQLEnumType):
            if value not in type_.values:
                yield f"{place} is {value!r:.40}, which is no {type_.name}"
            return
        expected = TYPES.get(type_.name, object)
        if not isinstance(value, expected) or (
            type_.name != "Boolean"
            and expected is not object
            and value in (True, False)
            and isinstance(value, bool)
        ):
            yield f"{place} is {value!r:.40}, which is no {type_.name}"
