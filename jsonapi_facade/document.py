"""From the answer of an operation to a JSON:API document."""

from typing import Any

import orjson

from jsonapi_facade.operations import Shape
from jsonapi_facade.query import Query

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS  # rule 6: UTC, whole seconds, Z


def encode(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document, option=OPTIONS)


def one(node: dict[str, Any], shape: Shape) -> dict[str, Any]:
    included: dict[str, Any] = {}
    document: dict[str, Any] = {"data": resource_object(node, shape, included)}
    return document | ({"included": list(included.values())} if shape.included else {})


def page(answer: dict[str, Any], shape: Shape, query: Query, address: str) -> dict[str, Any]:
    included: dict[str, Any] = {}
    data = [resource_object(node, shape, included) for node in answer["nodes"]]
    document = {"data": data, "links": links(answer["pageInfo"], query, address)}
    return document | ({"included": list(included.values())} if shape.included else {})


def stats(answer: dict[str, Any], query: Query, address: str) -> dict[str, Any]:
    data = [
        {"id": node.pop("id"), "type": "aggregate_data", "attributes": {"statistic": node}}
        for node in answer["nodes"]
    ]
    return {"data": data, "links": links(answer["pageInfo"], query, address)}


def links(info: dict[str, Any], query: Query, address: str) -> dict[str, str | None]:
    """Rule 13: prev of a page read forwards is always there, next of one read backwards likewise."""
    first, last = info["startCursor"], info["endCursor"]
    preceded = first and (info["hasPreviousPage"] or not query.backwards)
    followed = last and (info["hasNextPage"] or query.backwards)
    return {
        "prev": query.link(address, "before", first) if preceded else None,
        "next": query.link(address, "after", last) if followed else None,
    }


def resource_object(node: dict[str, Any], shape: Shape, included: dict[str, Any]) -> dict[str, Any]:
    """A resource object; the objects that it includes are added to `included` by their ids."""
    resource = shape.resource
    for name, inner in shape.included:
        related = node[name]
        if related["id"] not in included:
            included[related["id"]] = resource_object(related, inner, {})
    attributes = {name: node[name] if form is None else form(node) for name, form in shape.attributes}
    for name in resource.absent_if_null:
        if name in attributes and attributes[name] is None:
            del attributes[name]
    shown: dict[str, Any] = {"id": node["id"], "type": resource.type, "attributes": attributes}
    if shape.relationships:
        shown["relationships"] = {
            name: {"data": {"id": node[name]["id"], "type": name}} for name in shape.relationships
        }
    return shown
