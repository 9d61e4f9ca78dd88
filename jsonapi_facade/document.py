"""From the answer of an operation to a JSON:API document.

A resource object is written by generated code: of a finished node (`renderer`), or, where nothing is to be
included, by the schema itself instead of the node (`form`). Both are given the same expression for it.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import orjson
from graphql import ExecutionResult

from jsonapi_facade.operations import KEPT_SHAPES, Shape
from jsonapi_facade.query import Query
from schema.completion import Form, Word, Written
from schema.prepared import Formed

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS  # rule 6: UTC, whole seconds, Z


def encode(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document, option=OPTIONS)


def one(node: dict[str, Any], shape: Shape, result: ExecutionResult) -> dict[str, Any]:
    if isinstance(result, Formed):
        return {"data": node}
    included: dict[str, Any] = {}
    document: dict[str, Any] = {"data": renderer(shape)(node, included)}
    return document | ({"included": list(included.values())} if shape.included else {})


def page(
    answer: dict[str, Any], shape: Shape, result: ExecutionResult, query: Query, address: str
) -> dict[str, Any]:
    shown = links(answer["pageInfo"], query, address)
    if isinstance(result, Formed):
        return {"data": answer["nodes"], "links": shown}
    included: dict[str, Any] = {}
    render = renderer(shape)
    document = {"data": [render(node, included) for node in answer["nodes"]], "links": shown}
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
    preceded = info["hasPreviousPage"] or not query.backwards
    followed = info["hasNextPage"] or query.backwards
    return query.links(address, first if preceded else None, last if followed else None)


@lru_cache(maxsize=KEPT_SHAPES)
def form(shape: Shape) -> Form | None:
    """How the schema may write resource objects at once; None for shapes that include others."""
    if shape.included:
        return None
    return Form(shape.resource.graphql_type, lambda members, name: _written(shape, members, name))


@lru_cache(maxsize=KEPT_SHAPES)
def renderer(shape: Shape) -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """A function (node, included) -> resource object; what it includes is added to `included` by its id."""
    names: dict[str, Any] = {}

    def name(prefix: str, value: Any) -> str:
        names[f"{prefix}{len(names)}"] = value
        return list(names)[-1]

    members: dict[str, Any] = {
        key: f"node[{key!r}]" for key in {key for key, _ in shape.attributes} | shape.needed | {"id"}
    }
    for key in shape.relationships:
        members[key] = Written(f"node[{key!r}]")
        members[key].members = {"id": f"node[{key!r}]['id']"}
    lines = ["def render(node, included):"]
    for key, inner in shape.included:
        render = name("render", renderer(inner))
        lines += [
            f" related = node[{key!r}]",
            f" if related['id'] not in included: included[related['id']] = {render}(related, included)",
        ]
    lines.append(f" return {_written(shape, members, name)}")
    exec("\n".join(lines), names)  # noqa: S102 - names of our own .graphql files
    made: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]] = names["render"]
    return made


def _written(shape: Shape, members: Mapping[str, Any], name: Callable[[str, Any], str]) -> str:
    """The expression of a resource object."""
    resource = shape.resource
    attributes = []
    for key, format_ in shape.attributes:
        shown = _formatted(members, key, resource.needs.get(key), format_, name)
        if key in resource.absent_if_null:
            attributes.append(f"**({{}} if {members[key]} is None else {{{key!r}: {shown}}})")
        else:
            attributes.append(f"{key!r}: {shown}")
    document = f"'id': {members['id']}, 'type': {resource.type!r}, 'attributes': {{{', '.join(attributes)}}}"
    if shape.relationships:
        related = [
            f"{key!r}: {{'data': {{'id': {members[key].members['id']}, 'type': {key!r}}}}}"
            for key in shape.relationships
        ]
        document += f", 'relationships': {{{', '.join(related)}}}"
    return f"{{{document}}}"


def _formatted(
    members: Mapping[str, str], key: str, needed: str | None, format_: Any, name: Callable[[str, Any], str]
) -> str:
    if format_ is None:
        return members[key]
    if isinstance(format_, Mapping):
        return _reworded(members[key], format_, name)
    values = [members[part] for part in (key, needed) if part]
    return f"{name('format', format_)}({', '.join(values)})"


def _reworded(member: str, words: Mapping[Any, str], name: Callable[[str, Any], str]) -> str:
    """A word of JSON:API for an enum's name, straight from the enum's value where that is known."""
    if not isinstance(member, Word):
        return f"{name('words', {None: None, **words})}[{member}]"
    by_value = {value: words[word] for value, word in member.names.items()}
    if all(value == word for value, word in by_value.items()):
        return member.value
    return f"{name('words', by_value)}[{member.value}]"
