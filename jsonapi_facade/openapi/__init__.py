"""The OpenAPI 3.1 document of /carrier/v1, from the table of resources, the .graphql files and the schema.

Its examples are those of the API's own document; everything else is said once, where it is done.
"""

from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from jsonapi_facade.explain import PARAMETER, READS, VALUE, WITH_BODY, operation_name, twin
from jsonapi_facade.negotiation import MEDIA_TYPE
from jsonapi_facade.openapi.parameters import call_parameters, parameter_ref, shared_parameters
from jsonapi_facade.openapi.responses import HEADERS, REFUSALS, call_responses, refusal
from jsonapi_facade.openapi.schemas import Json, components, ref
from jsonapi_facade.operations import TYPES
from jsonapi_facade.resources import RESOURCES, Resource

PREFIX = "/carrier/v1"
METHODS = {"Create": "post", "Update": "patch", "Delete": "delete"}  # the others are reads


INTRODUCTION = f"""\
A REST API by JSON:API 1.1. Every body is `{MEDIA_TYPE}`.

Lists come newest first in pages: `links.next` and `links.prev` lead on. Every call has a twin in GraphQL
that does the same at `/graphql`; add `{PARAMETER}={VALUE}` to any call to be told its twin instead of
running it."""


@cache
def document() -> Json:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Carrier API",
            "version": "1",
            "summary": "A carrier's accounts, phone numbers, calls, messages, text-to-speech use and events.",
            "description": INTRODUCTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "This service."}],
        "security": [{"bearer": []}, {"basic": []}],
        "tags": [{"name": name, "description": _description(one)} for name, one in RESOURCES.items()],
        "paths": _paths(),
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "The API key."},
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "Any user; the API key as password.",
                },
            },
            "parameters": shared_parameters(),
            "headers": {
                name: {"description": text, "schema": {"type": "string"}} for name, text in HEADERS.items()
            },
            "responses": {name: refusal(status) for status, (name, *_) in REFUSALS.items()},
            "schemas": components(),
        },
    }


@cache
def body() -> bytes:
    """The document as it is served."""
    return orjson.dumps(document(), option=orjson.OPT_INDENT_2)


def _method(verb: str) -> str:
    return METHODS.get(verb, "get")


def _description(resource: Resource) -> str:
    return str(TYPES.type_map[resource.graphql_type].description)


def _paths() -> Json:
    found: Json = {}
    for path, resource in RESOURCES.items():
        for verb in ("List", "Create"):
            if verb == "List" or verb in resource.actions:
                found.setdefault(f"{PREFIX}/{path}", {})[_method(verb)] = _operation(resource, verb)
        if resource.type == "phone_number":
            found[f"{PREFIX}/{path}/stats"] = {"get": _operation(resource, "Stats")}
        one = found[f"{PREFIX}/{path}/{{id}}"] = {"parameters": [parameter_ref("id")]}
        for verb in ("Retrieve", "Update", "Delete"):
            if verb == "Retrieve" or verb in resource.actions:
                one[_method(verb)] = _operation(resource, verb)
    return found


def _operation(resource: Resource, verb: str) -> Json:
    name, told = operation_name(resource, verb), _told(resource, verb)
    example = examples()[name]
    shown: Json = {
        "operationId": name,
        "summary": example["title"],
        "description": told,
        "tags": [resource.path],
        "parameters": call_parameters(resource, verb),
        "responses": call_responses(resource, verb, told, example["response"]),
        "x-graphql": _twin(resource, verb, example),
    }
    if verb in WITH_BODY:
        schema = ref(f"{verb}{resource.graphql_type}")
        content = {"schema": schema, "example": orjson.loads(example["body"])}
        shown["requestBody"] = {
            "required": True,
            "content": {MEDIA_TYPE: content, "application/json": content},
        }
    return shown


def _told(resource: Resource, verb: str) -> str:
    """What the root field behind the operation says of itself."""
    fields = {"List": f"{resource.root}s", "Stats": f"{resource.root}Stats", "Retrieve": resource.root}
    name = fields.get(verb, f"{verb.lower()}{resource.graphql_type}")
    root: Any = TYPES.type_map["Query" if verb in READS else "Mutation"]
    return str(root.fields[name].description)


def _twin(resource: Resource, verb: str, example: Json) -> Json:
    """The example's twin in GraphQL."""
    row_id = example["path"].rpartition("/")[2]
    given = orjson.loads(example["body"]) if verb in WITH_BODY else None
    found = twin(resource, verb, "" if verb == "Create" else row_id, example["query"], given)
    return {"operationName": found.name, "operation": found.text, "variables": found.variables}


@cache
def examples() -> Json:
    """The examples of docs/carrier-api.txt, by the names of the operations behind them."""
    found: Json = orjson.loads((files("jsonapi_facade.openapi") / "examples.json").read_bytes())
    return found
