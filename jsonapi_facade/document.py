"""From the answer of an operation to a JSON:API document. It is used up: its dicts go into the document."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import orjson

from jsonapi_facade.operations import KEPT_SHAPES, Shape
from jsonapi_facade.query import Query

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS  # rule 6: UTC, whole seconds, Z


def encode(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document, option=OPTIONS)


def one(node: dict[str, Any], shape: Shape) -> dict[str, Any]:
    included: dict[str, Any] = {}
    document: dict[str, Any] = {"data": renderer(shape)(node, included)}
    return document | ({"included": list(included.values())} if shape.included else {})


def page(answer: dict[str, Any], shape: Shape, query: Query, address: str) -> dict[str, Any]:
    included: dict[str, Any] = {}
    render = renderer(shape)
    data = [render(node, included) for node in answer["nodes"]]
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


@lru_cache(maxsize=KEPT_SHAPES)
def renderer(shape: Shape) -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """A function (node, included) -> resource object of this shape, generated: it runs for every row.

    Objects that the resource includes are added to `included` by their ids.
    """
    names: dict[str, Any] = {}
    lines = ["def render(node, included):", " id_ = node.pop('id')", *_relationships(shape, names)]
    shown = [name for name, _ in shape.attributes]
    for number, (name, form) in enumerate(shape.attributes):
        if form is not None:
            names[f"form{number}"] = form
            call = f"form{number}.get(node[{name!r}])" if isinstance(form, Mapping) else f"form{number}(node)"
            lines.append(f" node[{name!r}] = {call}")
    lines += [f" del node[{name!r}]" for name in shape.needed if name not in shown]
    absent = shape.resource.absent_if_null.intersection(shown)
    lines += [f" if node[{name!r}] is None: del node[{name!r}]" for name in absent]
    document = f"'id': id_, 'type': {shape.resource.type!r}, 'attributes': node"
    if shape.relationships:
        related = (f"{n!r}: {{'data': {{'id': {n}_id, 'type': {n!r}}}}}" for n in shape.relationships)
        document += f", 'relationships': {{{', '.join(related)}}}"
    exec("\n".join([*lines, f" return {{{document}}}"]), names)  # noqa: S102 - names of our own .graphql files
    render: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]] = names["render"]
    return render


def _relationships(shape: Shape, names: dict[str, Any]) -> list[str]:
    """Lines that take the related objects out of a node, and render the included ones."""
    lines = []
    within = dict(shape.included)
    for name in sorted({*within, *shape.relationships}):
        lines += [f" {name} = node.pop({name!r})", f" {name}_id = {name}['id']"]
        if name in within:
            names[f"render_{name}"] = renderer(within[name])
            rendered = f"included[{name}_id] = render_{name}({name}, included)"
            lines.append(f" if {name}_id not in included: {rendered}")
    return lines
