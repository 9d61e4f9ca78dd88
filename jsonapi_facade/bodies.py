"""The JSON:API document of a request as the input of a mutation."""

from functools import cache
from typing import Any

from jsonapi_facade.errors import Problem, Rejected, at_pointer, user_errors
from jsonapi_facade.operations import enum_values, inputs
from jsonapi_facade.resources import Resource
from schema.root import schema


def mutation_input(document: Any, resource: Resource, verb: str, row_id: str | None) -> dict[str, Any]:
    """The `input` of a create or update. Raises Rejected with all that is wrong with the document."""
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, dict):
        raise Rejected([at_pointer("/data", "data is required: a resource object", "required")])
    problems = _identity(data, resource, row_id)
    attributes = data.get("attributes", {})
    if not isinstance(attributes, dict):
        raise Rejected([*problems, at_pointer("/data/attributes", "attributes must be an object")])
    given, wrong = _attributes(attributes, resource, f"{verb}{resource.graphql_type}Input")
    if row_id is not None:
        given["id"] = row_id
    if problems or wrong:
        raise Rejected([*problems, *wrong.values(), *_others(given, wrong, resource, verb)])
    return given


def explain(given: dict[str, Any], resource: Resource, verb: str) -> Rejected | None:
    """What is wrong with an input that GraphQL would not take; None where it is not the input's fault."""
    problems = schema.problems(f"{verb}{resource.graphql_type}Input", given)
    return user_errors(resource.type, problems) if problems else None


@cache
def taken(resource: Resource, input_type: str) -> dict[str, tuple[str, str | None]]:
    """Those `inputs` that REST takes."""
    hidden = {"id", "carrier_id", *resource.read_only}
    return {name: field for name, field in inputs(input_type).items() if name not in hidden}


def _identity(data: dict[str, Any], resource: Resource, row_id: str | None) -> list[Problem]:
    """Problems with `type` and `id`. A conflict is the whole answer: the rest is about another resource."""
    conflicts, problems = [], []
    if "type" not in data:
        problems.append(at_pointer("/data/type", f"type is required: {resource.type}", "required"))
    elif data["type"] != resource.type:
        detail = f"type must be {resource.type} here"
        conflicts.append(at_pointer("/data/type", detail, "conflict", 409))
    if row_id is None:
        if "id" in data:
            detail = "ids are made by the service; leave it out"
            conflicts.append(at_pointer("/data/id", detail, "forbidden", 403))
    elif "id" not in data:
        problems.append(at_pointer("/data/id", "id is required: the same as in the path", "required"))
    elif not isinstance(data["id"], str) or data["id"].lower() != row_id.lower():
        conflicts.append(at_pointer("/data/id", "id must be the same as in the path", "conflict", 409))
    if conflicts:
        raise Rejected(conflicts)
    return problems


def _attributes(
    attributes: dict[str, Any], resource: Resource, input_type: str
) -> tuple[dict[str, Any], dict[str, Problem]]:
    """(input so far, problems by attribute); enums come in the words of the REST API."""
    given: dict[str, Any] = {}
    wrong: dict[str, Problem] = {}
    fields = taken(resource, input_type)
    for spelled, value in attributes.items():
        name = resource.spellings.get(spelled, spelled)
        if name not in fields:
            continue
        if name != spelled and name in attributes:
            continue  # the attribute's own name wins over its other spelling
        graphql_name, enum = fields[name]
        words = {word: word_name for word_name, word in enum_values(enum).items()} if enum else {}
        if not enum or value is None:
            given[graphql_name] = value
        elif isinstance(value, str) and value in words:
            given[graphql_name] = words[value]
        else:
            wrong[graphql_name] = at_pointer(
                f"/data/attributes/{name}", f"{name} must be one of {', '.join(words)}"
            )
    return given, wrong


def _others(given: dict[str, Any], wrong: dict[str, Problem], resource: Resource, verb: str) -> list[Problem]:
    """What the schema finds wrong beside what was found already."""
    found = schema.problems(f"{verb}{resource.graphql_type}Input", given)
    rest = [error for error in found if error.field and error.field[0] not in wrong]
    return user_errors(resource.type, rest).problems if rest else []
