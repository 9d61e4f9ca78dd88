"""The reference of the REST API for people: one page, made from the OpenAPI document."""

import re
import shlex
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import orjson
from markupsafe import Markup, escape
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from jsonapi_facade import openapi
from jsonapi_facade.explain import Twin
from jsonapi_facade.negotiation import MEDIA_TYPE
from jsonapi_facade.openapi.responses import REFUSALS
from jsonapi_facade.resources import RESOURCES

METHODS = ("get", "post", "patch", "delete")
TITLES = {"tts_events": "TTS events"}
MEDIA_TYPES = {"reference.css": "text/css", "reference.js": "text/javascript"}
# Nothing from elsewhere, and nothing inline.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


async def openapi_document(_request: Request) -> Response:
    return Response(openapi.body(), media_type="application/json")


async def page(request: Request) -> Response:
    origin = request.app.state.public_url or f"{request.url.scheme}://{request.url.netloc}"
    return Response(rendered(origin), headers=HEADERS, media_type="text/html")


async def asset(request: Request) -> Response:
    name = request.path_params["asset"]
    if name not in MEDIA_TYPES:
        raise HTTPException(404)
    return Response(_file(name), headers=HEADERS, media_type=MEDIA_TYPES[name])


@lru_cache(maxsize=8)
def rendered(origin: str) -> str:
    """The page with curl lines for this origin."""
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415  a start need not wait for it

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"text": _text, "json": _json, "type": _type_name}
    template = environment.from_string(_file("page.html"))
    responses = openapi.document()["components"]["responses"]
    errors = [(status, responses[name]) for status, (name, *_) in REFUSALS.items()]
    example = responses["Unprocessable"]["content"][MEDIA_TYPE]["example"]
    return template.render(
        document=openapi.document(),
        sections=_sections(origin),
        errors=errors,
        error_example=example,
        origin=origin,
    )


@cache
def _file(name: str) -> str:
    return (files("jsonapi_facade.reference") / name).read_text(encoding="utf-8")


def _sections(origin: str) -> list[dict[str, Any]]:
    """For each tag its object's attributes and its operations."""
    document = openapi.document()
    operations = [
        _operation(method, path, item, origin)
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]
    return [
        tag
        | {
            "title": TITLES.get(tag["name"], tag["name"].replace("_", " ").capitalize()),
            "attributes": _shown(_object(resource.graphql_type)),
            "operations": [one for one in operations if one["tags"] == [tag["name"]]],
        }
        for tag, resource in zip(document["tags"], RESOURCES.values(), strict=True)
    ]


def _object(name: str) -> dict[str, Any]:
    """The attributes of an object, as a schema."""
    schema = openapi.document()["components"]["schemas"][name]
    attributes: dict[str, Any] = schema["properties"]["attributes"]
    return attributes


def _operation(method: str, path: str, item: dict[str, dict[str, Any]], origin: str) -> dict[str, Any]:
    operation = item[method]
    example = openapi.examples()[operation["operationId"]]
    done = next(status for status in ("201", "204", "200") if status in operation["responses"])
    twin = operation["x-graphql"]
    content = operation["responses"][done].get("content", {}).get(MEDIA_TYPE)
    return operation | {
        "method": method.upper(),
        "path": path,
        "parameters": [_resolved(one) for one in (*item.get("parameters", ()), *operation["parameters"])],
        "attributes": _attributes(operation),
        "curl": _curl(method, example, origin),
        "status": done,
        "answer": content and content["example"],
        "graphiql": Twin(twin["operationName"], twin["operation"], twin["variables"]).address(""),
    }


def _curl(method: str, example: dict[str, Any], origin: str) -> str:
    query = f"?{example['query']}" if example["query"] else ""
    lines = [f"curl -g {shlex.quote(origin + example['path'] + query)}", '-H "Authorization: Bearer $KEY"']
    if method != "get":
        lines.insert(1, f"-X {method.upper()}")
    if example["body"]:
        body = orjson.dumps(orjson.loads(example["body"]), option=orjson.OPT_INDENT_2).decode()
        lines += [f'-H "Content-Type: {MEDIA_TYPE}"', f"-d {shlex.quote(body)}"]
    return " \\\n  ".join(lines)


def _attributes(operation: dict[str, Any]) -> list[dict[str, Any]]:
    """What a request's body may say."""
    if "requestBody" not in operation:
        return []
    schema = _resolved(operation["requestBody"]["content"][MEDIA_TYPE]["schema"])
    return _shown(schema["properties"]["data"]["properties"]["attributes"])


def _shown(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The members of an object as the page shows them."""
    required = schema.get("required", ())
    return [
        {"name": name, "schema": part, "description": part["description"], "required": name in required}
        for name, part in schema["properties"].items()
    ]


def _resolved(part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found: Any = openapi.document()
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    resolved: dict[str, Any] = found
    return resolved


def _type_name(schema: dict[str, Any]) -> str:
    """A type in a few words: "string or null", "one of enabled, disabled"."""
    schema = _resolved(schema)
    if "enum" in schema or "const" in schema:
        words = schema.get("enum", [schema.get("const")])
        return f"one of {', '.join(words)}" if len(words) > 1 else f"always {words[0]}"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type_name(one) for one in schema["anyOf"]))
    if schema["type"] == "array":
        return f"list: {_type_name(schema['items'])}"
    types: list[str] = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    known: dict[str | None, str] = {"uuid": "UUID", "date-time": "time", "date": "date", "uri": "URL"}
    return " or ".join([known.get(schema.get("format"), types[0]), *types[1:]])


def _text(text: str) -> Markup:
    """Escaped text in paragraphs, with what stands in backquotes as code."""
    paragraphs = [re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(part))) for part in text.split("\n\n")]
    return Markup("\n").join(Markup(f"<p>{part}</p>") for part in paragraphs)  # noqa: S704  escaped above


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
