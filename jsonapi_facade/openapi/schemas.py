"""JSON Schemas of what the REST API takes and answers, from the GraphQL types behind it."""

import types
from typing import Any, get_type_hints

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLNonNull, GraphQLObjectType, get_named_type

from jsonapi_facade.bodies import taken
from jsonapi_facade.operations import TYPES, enum_values, members
from jsonapi_facade.query import GROUPS
from jsonapi_facade.resources import BY_TYPE, RESOURCES, Resource
from schema.root import schema

Json = dict[str, Any]

DECIMAL = r"^-?[0-9]+(\.[0-9]+)?$"
SCALARS: dict[str, Json] = {
    "ID": {"type": "string", "format": "uuid"},
    "String": {"type": "string"},
    "Int": {"type": "integer"},
    "Boolean": {"type": "boolean"},
    "DateTime": {"type": "string", "format": "date-time"},
    "Decimal": {"type": "string", "pattern": DECIMAL},
    "JSON": {"type": "object"},
}
LINK = {"type": ["string", "null"], "format": "uri"}


def components() -> dict[str, Json]:
    """Every schema by its name, sorted."""
    found: dict[str, Json] = {"Error": _error(), "Errors": _object(["errors"], errors=_many(ref("Error")))}
    found["Links"] = _object(["prev", "next"], prev=LINK, next=LINK)
    found["Explanation"] = _explanation()
    found |= _statistics()
    for resource in RESOURCES.values():
        found |= _answers(resource)
        for verb in sorted(resource.actions - {"Delete"}):
            found[f"{verb}{resource.graphql_type}"] = _request(resource, verb)
    for name in _enums(found):
        found[name] = _enum(name)
    return dict(sorted(found.items()))


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def value(type_: Any) -> Json:
    """The schema of a GraphQL type as REST writes it, without regard to null."""
    named = get_named_type(type_)
    return ref(named.name) if isinstance(named, GraphQLEnumType) else dict(SCALARS[named.name])


def input_fields(input_type: str) -> dict[str, Any]:
    """GraphQL name -> field of an input."""
    type_ = TYPES.get_type(input_type)
    assert isinstance(type_, GraphQLInputObjectType)
    return dict(type_.fields)


def told(field: Any) -> str:
    """A field's description, with the values of its enum in the words of REST."""
    text = str(field.description)
    named = get_named_type(field.type)
    for name, word in enum_values(named.name).items() if isinstance(named, GraphQLEnumType) else ():
        text = text.replace(name, f"`{word}`")
    return text


def _object(required: list[str], **properties: Any) -> Json:
    return {
        "type": "object",
        **({"required": required} if required else {}),
        "properties": properties,
        "additionalProperties": False,
    }


def _many(items: Json) -> Json:
    return {"type": "array", "items": items}


def _or_null(shown: Json) -> Json:
    if "$ref" in shown:
        return {"anyOf": [shown, {"type": "null"}]}
    given = shown["type"] if isinstance(shown["type"], list) else [shown["type"]]
    return {**shown, "type": [*given, "null"]}


def _answers(resource: Resource) -> dict[str, Json]:
    """A resource object, the document of one and the document of a page."""
    name = resource.graphql_type
    attributes, relationships = members(resource)
    shown = {attribute: _attribute(resource, attribute) for attribute in attributes}
    parts: Json = {"id": SCALARS["ID"], "type": {"const": resource.type}, "attributes": _object([], **shown)}
    parts["attributes"]["description"] = f"All of them, unless `fields[{resource.type}]` asks for fewer."
    if relationships:
        parts["relationships"] = _object([], **{one: _relationship(one) for one in relationships})
    included = {"included": _many(_any_of(relationships))} if relationships else {}
    return {
        name: _object(["id", "type", "attributes"], **parts) | {"description": _type(resource).description},
        f"{name}Document": _object(["data"], data=ref(name), **included),
        f"{name}Page": _object(["data", "links"], data=_many(ref(name)), links=ref("Links"), **included),
    }


def _any_of(relationships: Any) -> Json:
    names = [BY_TYPE[name].graphql_type for name in relationships]
    return {"anyOf": [ref(name) for name in names]} if len(names) > 1 else ref(names[0])


def _relationship(name: str) -> Json:
    linkage = _object(["id", "type"], id=SCALARS["ID"], type={"const": name})
    return _object(["data"], data=linkage)


def _attribute(resource: Resource, name: str) -> Json:
    """What an answer shows; a format's own annotation tells what it writes."""
    node = members(resource)[0][name]
    field = _type(resource).fields[node.name.value]
    shown = value(field.type)
    nullable = not isinstance(field.type, GraphQLNonNull) and name not in resource.absent_if_null
    if name in resource.formats and shown.get("pattern") != DECIMAL:
        written = get_type_hints(resource.formats[name])["return"]
        assert written in (str, str | None), f"{name}: say here what a {written} looks like"
        shown = {"type": "string"}
        nullable = isinstance(written, types.UnionType)
    return (_or_null(shown) if nullable else shown) | {"description": told(field)}


def _type(resource: Resource) -> GraphQLObjectType:
    type_ = TYPES.get_type(resource.graphql_type)
    assert isinstance(type_, GraphQLObjectType)
    return type_


def _request(resource: Resource, verb: str) -> Json:
    """The document that a create or an update takes."""
    input_type = f"{verb}{resource.graphql_type}Input"
    fields = input_fields(input_type)
    shown, required = {}, []
    for name, (graphql_name, _) in taken(resource, input_type).items():
        field = fields[graphql_name]
        part = value(field.type)
        if part.get("pattern") == DECIMAL:
            part["type"] = ["string", "number"]
        if _may_be_null(input_type, graphql_name):
            part = _or_null(part)
        shown[name] = part | {"description": told(field)}
        if isinstance(field.type, GraphQLNonNull):
            required.append(name)
    for other, name in resource.spellings.items():
        if name in shown:
            shown[other] = {**shown[name], "description": f"Another name of `{name}`.", "deprecated": True}
    data = {"type": {"const": resource.type}, "attributes": _open(required, shown)}
    wanted = ["type", "attributes"] if required else ["type"]
    if verb == "Update":
        data, wanted = {"id": SCALARS["ID"], **data}, ["type", "id"]
    return _open(["data"], {"data": _open(wanted, data)}) | {
        "description": f"{TYPES.type_map[input_type].description} Members that are not described are ignored."
    }


def _open(required: list[str], properties: Json) -> Json:
    """An object that may hold more than what is described."""
    return {"type": "object", **({"required": required} if required else {}), "properties": properties}


def _may_be_null(input_type: str, name: str) -> bool:
    """Asks the input's own rules, which know better than its type."""
    return not any(
        error.field and error.field[0] == name for error in schema.problems(input_type, {name: None})
    )


def _statistics() -> dict[str, Json]:
    type_ = TYPES.get_type("PhoneNumberStatistic")
    assert isinstance(type_, GraphQLObjectType)
    fields = type_.fields
    parts = {name: _shown(fields[name]) for name in (*GROUPS, "value")}
    statistic = _object(
        ["id", "type", "attributes"],
        id={"type": "string", "pattern": "^[0-9a-f]{64}$", "description": fields["id"].description},
        type={"const": "aggregate_data"},
        attributes=_object(["statistic"], statistic=_object(list(parts), **parts)),
    )
    page = _object(["data", "links"], data=_many(ref(type_.name)), links=ref("Links"))
    return {type_.name: statistic | {"description": type_.description}, f"{type_.name}Page": page}


def _shown(field: Any) -> Json:
    shown = value(field.type)
    required = isinstance(field.type, GraphQLNonNull)
    return (shown if required else _or_null(shown)) | {"description": told(field)}


def _error() -> Json:
    text = {"type": "string"}
    source = _object([], pointer=text, parameter=text, header=text)
    return _object(
        ["id", "status", "code", "title", "detail"],
        id=text | {"description": "Of this occurrence."},
        status=text | {"description": "The HTTP status, as a string."},
        code=text | {"description": "What kind of mistake it is, such as `required`, `invalid`, `taken`."},
        title=text | {"description": "The name of the status."},
        detail=text | {"description": "What is wrong, in a sentence for people."},
        source=source | {"description": "Where: in the body, in the query, or in a header."},
    )


def _explanation() -> Json:
    text = {"type": "string"}
    return _object(
        ["operationName", "operation", "variables", "graphiql"],
        operationName=text | {"description": "Its name."},
        operation=text | {"description": "Its GraphQL text."},
        variables={"type": "object", "description": "Its variables."},
        graphiql=text | {"format": "uri", "description": "Opens it in GraphiQL."},
    ) | {"description": "The GraphQL operation that does the same."}


def _enums(shown: Any) -> set[str]:
    """Names of the enums that schemas refer to."""
    if isinstance(shown, list):
        return set().union(*map(_enums, shown))
    if not isinstance(shown, dict):
        return set()
    name = str(shown.get("$ref", "")).rpartition("/")[2]
    found = {name} if isinstance(TYPES.get_type(name), GraphQLEnumType) else set()
    return found.union(*map(_enums, shown.values()))


def _enum(name: str) -> Json:
    type_ = TYPES.get_type(name)
    assert isinstance(type_, GraphQLEnumType)
    words = enum_values(name)
    told = "\n".join(f"- `{words[member]}`: {found.description}" for member, found in type_.values.items())
    return {"type": "string", "enum": list(words.values()), "description": f"{type_.description}\n\n{told}"}
