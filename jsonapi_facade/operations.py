"""The GraphQL operations behind REST calls: read from the .graphql files, cut to what a call asks for."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    NameNode,
    SelectionSetNode,
    get_named_type,
    parse,
    print_ast,
    validate,
)

from jsonapi_facade.resources import BY_TYPE, RESOURCES, Resource
from schema.root import schema

Fields = tuple[tuple[str, tuple[str, ...]], ...]  # sparse fieldsets: ((type, names), …), sorted
TYPES = schema._schema
KEPT_SHAPES = 1024


@dataclass(frozen=True, eq=False)
class Shape:
    """How a resource is shown: its attributes with their formats, and its relationships.

    A format is None where the value stands as it is, an enum's words in REST, or a function of the value
    and of the one that it needs.
    """

    resource: Resource
    attributes: tuple[tuple[str, Any], ...]
    relationships: tuple[str, ...]
    included: tuple[tuple[str, "Shape"], ...]

    @property
    def needed(self) -> set[str]:
        """Attributes that the formats of others read."""
        needs = self.resource.needs
        return {needs[name] for name, _ in self.attributes if name in needs}


@cache
def fragment(resource: Resource) -> FragmentDefinitionNode:
    return next(d for d in _document(resource).definitions if isinstance(d, FragmentDefinitionNode))


@cache
def members(resource: Resource) -> tuple[dict[str, FieldNode], dict[str, FieldNode]]:
    """(attributes, relationships) by their JSON:API names, in the order of the fragment."""
    fields = [node for node in fragment(resource).selection_set.selections if isinstance(node, FieldNode)]
    named = {node.alias.value if node.alias else node.name.value: node for node in fields}
    del named["id"]
    relationships = {name: node for name, node in named.items() if node.selection_set}
    return {name: node for name, node in named.items() if name not in relationships}, relationships


@lru_cache(maxsize=KEPT_SHAPES)
def operation(resource: Resource, name: str, include: tuple[str, ...], fields: Fields) -> tuple[str, Shape]:
    """(text of the operation, shape of its answer)."""
    shape = _shape(resource, include, dict(fields))
    parts = [d for d in _document(resource).definitions if getattr(d, "name", None) and d.name.value == name]  # type: ignore[attr-defined] # getattr says so
    text = print_ast(DocumentNode(definitions=tuple(parts)))
    used = f"...{fragment(resource).name.value}" in text
    return "\n".join([text, *(print_ast(part) for part in _fragments(shape) if used)]), shape


@cache
def enum_values(type_name: str) -> dict[str, str]:
    """GraphQL name -> the REST API's word, of an enum."""
    enum = TYPES.get_type(type_name)
    assert isinstance(enum, GraphQLEnumType)
    return {name: value.value for name, value in enum.values.items()}


@cache
def inputs(type_name: str) -> dict[str, tuple[str, str | None]]:
    """JSON:API name -> (GraphQL name, enum's name if it is one), of the fields of an input."""
    type_ = TYPES.get_type(type_name)
    assert isinstance(type_, GraphQLInputObjectType)
    found = {}
    for name, field in type_.fields.items():
        named = get_named_type(field.type)
        found[snake(name)] = (name, named.name if isinstance(named, GraphQLEnumType) else None)
    return found


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def validate_operations() -> None:
    """Raise where a .graphql file does not fit the schema: at start, not at the first call."""
    for resource in RESOURCES.values():
        if errors := validate(TYPES, _document(resource)):
            raise ValueError(f"{resource.type}.graphql: {errors[0].message}")


@cache
def _document(resource: Resource) -> DocumentNode:
    return parse((files("jsonapi_facade") / f"{resource.type}.graphql").read_text(), no_location=True)


def _shape(resource: Resource, include: tuple[str, ...], fields: dict[str, tuple[str, ...]]) -> Shape:
    attributes, relationships = members(resource)
    wanted = fields.get(resource.type, (*attributes, *relationships))
    return Shape(
        resource=resource,
        attributes=tuple((name, _format(resource, name)) for name in attributes if name in wanted),
        relationships=tuple(name for name in relationships if name in wanted),
        included=tuple((name, _shape(BY_TYPE[name], (), fields)) for name in include),
    )


def _format(resource: Resource, name: str) -> Any:
    """A format, as Shape says."""
    if name in resource.formats:
        return resource.formats[name]
    owner = TYPES.get_type(resource.graphql_type)
    type_ = get_named_type(owner.fields[members(resource)[0][name].name.value].type)  # type: ignore[union-attr] # an object type
    if not isinstance(type_, GraphQLEnumType):
        return None
    return enum_values(type_.name)


def _fragments(shape: Shape) -> Iterator[FragmentDefinitionNode]:
    """The resource's fragment cut to the shape, with those of the included resources put in."""
    resource = shape.resource
    attributes, relationships = members(resource)
    names = {name for name, _ in shape.attributes} | shape.needed
    selections = [FieldNode(name=NameNode(value="id"))] + [
        node for name, node in attributes.items() if name in names
    ]
    within = dict(shape.included)
    for name, node in relationships.items():
        if name in within:
            inner = next(iter(_fragments(within[name]))).selection_set
            selections.append(FieldNode(alias=node.alias, name=node.name, selection_set=inner))
        elif name in shape.relationships:
            selections.append(node)
    original = fragment(resource)
    yield FragmentDefinitionNode(
        name=original.name,
        type_condition=original.type_condition,
        selection_set=SelectionSetNode(selections=tuple(selections)),
    )
