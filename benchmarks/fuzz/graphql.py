"""GraphQL, by the service's own schema."""

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from itertools import cycle
from typing import Any
from urllib.parse import quote

import httpx
import requests
import schemathesis
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLSchema,
    build_client_schema,
    get_introspection_query,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from hypothesis import strategies as st
from schemathesis.graphql import nodes

from benchmarks.fuzz import oddities
from benchmarks.fuzz.findings import Findings, curl, written
from benchmarks.fuzz.shapes import misfits
from benchmarks.fuzz.site import Site

TIMEOUT = 20
MEDIA_TYPES = {
    f"{type_}; charset=utf-8" for type_ in ("application/json", "application/graphql-response+json")
}
LONGEST_LITERAL = 1000
LONGEST_URL = 8000
KNOWN = {  # codes of errors that are the caller's
    "BAD_USER_INPUT",
    "FORBIDDEN",
    "TOO_COMPLEX",
    "BAD_REQUEST",
    "NOT_ACCEPTABLE",
    "METHOD_NOT_ALLOWED",
    "UNSUPPORTED_MEDIA_TYPE",
    "TOO_LARGE",
    "PERSISTED_QUERY_NOT_FOUND",
    "INVALID_TOKEN",
    "INVALID",
    "CONFLICT",
}
PLAUSIBLE = {"String": "Rocket Rides", "Int": 5, "Float": 1.5, "Boolean": True, "Decimal": "1.15"}
PLAUSIBLE |= {"DateTime": "2026-04-27T14:37:15Z", "JSON": {"foo": "bar"}}


class GraphQL:
    def __init__(self, place: Site, findings: Findings) -> None:
        self.place, self.findings = place, findings
        self.keys = (place.carrier, place.platform)
        answer = self.post(0, {"query": get_introspection_query()}).json()
        self.schema = build_client_schema(answer["data"])
        loaded = schemathesis.graphql.from_dict(answer["data"])
        loaded.config.update(base_url=f"{place.origin}/graphql")
        self.operations = [found.ok() for found in loaded.get_all_operations()]  # type: ignore[union-attr] # a wrong one has none, and ends the run
        self.session = requests.Session()

    def post(self, key: int, body: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.keys[key]}", "Content-Type": "application/json"}
        url = f"{self.place.origin}/graphql"
        return httpx.post(url, content=written(body), headers=headers, timeout=TIMEOUT)

    def use(self, drawn: tuple[Any, int]) -> None:
        """Send a generated case, with either key."""
        case, key = drawn
        bearer = {"Authorization": f"Bearer {self.keys[key]}"}
        response = case.call(session=self.session, headers=bearer, timeout=TIMEOUT)
        media = response.headers["content-type"][0]
        wrong = complaints(response.status_code, media, response.content)
        answered = f"{case.operation.label} {outcome(response.status_code, response.content)}"
        line = lambda: case.as_curl_command(headers={"Authorization": "Bearer $KEY"})  # noqa: E731
        wrong += misfits(self.schema, case.body, response.content)
        self.findings.note(case.operation.label, answered, wrong, line)

    def send(self, what: str, method: str, query: str, body: Any, key: int) -> None:
        headers = {"Authorization": f"Bearer {self.keys[key]}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = httpx.Request(
            method, f"{self.place.origin}/graphql{query}", headers=headers, content=written(body)
        )
        with httpx.Client(timeout=TIMEOUT) as client:
            response = client.send(request)
        media = response.headers.get("content-type", "")
        wrong = complaints(response.status_code, media, response.content)
        answered = f"{what} {outcome(response.status_code, response.content)}"
        self.findings.note(what, answered, wrong, lambda: curl(request))


def fuzz(place: Site, findings: Findings) -> None:
    ids = st.sampled_from(place.all_ids())
    for name, strategy in _scalars(ids).items():
        schemathesis.graphql.scalar(name, strategy)
    door = GraphQL(place, findings)
    kinds: dict[str, list[Any]] = {}
    for key, (kind, *asked) in zip(cycle((0, 1)), _oddities(door.schema, place), strict=False):
        kinds.setdefault(kind, []).append((*asked, key))
    for asked in findings.odd(kinds):
        door.send(*asked)
    findings.draw(door.operations, st.integers(0, 1), door.use)


def complaints(status: int, media: str, body: bytes) -> list[str]:  # noqa: PLR0911 - one return for each kind
    """What no answer may be."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return [f"status {status}: {body[:200]!r}"]
    if media not in MEDIA_TYPES:
        return [f"content type {media}"]
    try:
        answer = json.loads(body)
    except ValueError as error:
        return [f"no JSON: {error}"]
    if not isinstance(answer, dict) or not answer.keys() <= {"data", "errors", "extensions"}:
        return [f"no GraphQL answer: {answer!r:.200}"]
    if "errors" not in answer:
        return [] if isinstance(answer.get("data"), dict) else ["neither data nor errors"]
    if not isinstance(answer["errors"], list):
        return ["errors are no list"]
    return [wrong for error in answer["errors"] if (wrong := _wrong_error(error))]


def _wrong_error(error: Any) -> str | None:
    if not isinstance(error, dict) or not isinstance(error.get("message"), str) or not error["message"]:
        return f"an error without a message: {error!r:.200}"
    code = error.get("extensions", {}).get("code")
    # What is refused before it runs has no path; graphql-core gives it no code.
    if code not in KNOWN and (code is not None or "path" in error):
        return f"error {code} at {error.get('path')}: {re.sub('[0-9a-f]{16}', '…', error['message'])}"
    return None


def outcome(status: int, body: bytes) -> str:
    """In a word: what became of an operation."""
    try:
        errors = json.loads(body).get("errors", [])
        codes = sorted({str(error.get("extensions", {}).get("code", "invalid")) for error in errors})
    except (ValueError, AttributeError):
        codes = ["?"]
    return " ".join([str(status), *codes])


def _scalars(ids: st.SearchStrategy[str]) -> dict[str, st.SearchStrategy[Any]]:
    """Values that often mean something, and now and then nothing."""
    odd = st.sampled_from([text for text in oddities.TEXTS if text.isascii() and len(text) < LONGEST_LITERAL])
    times = st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
    decimals = st.decimals(allow_nan=False, allow_infinity=False).map(str)
    text: Any = nodes.String
    return {
        "ID": st.one_of(ids, ids, ids, st.uuids().map(str), odd).map(text),
        "String": st.one_of(st.text(st.characters(codec="utf-8")), ids, odd).map(text),
        "Int": st.one_of(st.integers(1, 10), st.integers(1, 10), st.integers(-(2**33), 2**33)).map(nodes.Int),
        "DateTime": st.one_of(times, st.dates().map(str), odd).map(text),
        "Decimal": st.one_of(decimals, odd).map(text),
        "JSON": st.one_of(
            st.text().map(text), st.integers().map(nodes.Int), st.just(nodes.Object(fields=[]))
        ),
    }


def _oddities(schema: GraphQLSchema, place: Site) -> Iterator[tuple[str, str, str, str, Any]]:
    """(kind, what it is, method, query, body) of every oddity."""
    for raw in oddities.BODIES:
        yield "body", "a raw body", "POST", "", raw
    for document in oddities.DOCUMENTS:
        yield "document", "a document", "POST", "", {"query": document}
        if len(document) < LONGEST_URL:
            query = f"?query={quote(document, errors='replace')}"
            yield "document", "a document", "GET", query, None
    for text in oddities.ENCODED:
        for name in ("query", "variables", "operationName", "extensions"):
            yield "query string", "a query string", "GET", f"?query=%7B__typename%7D&{name}={text}", None
    for kind in ("query", "mutation"):
        root = schema.query_type if kind == "query" else schema.mutation_type
        assert root is not None
        for name, field in root.fields.items():
            text = _document(kind, name, field)
            for variables in Inputs(place, name).variants(field.args):
                yield kind, f"{kind} {name}", "POST", "", {"query": text, "variables": variables}


def _document(kind: str, name: str, field: Any) -> str:
    """The operation that runs one root field, each argument a variable."""
    declared = ", ".join(f"${argument}: {one.type}" for argument, one in field.args.items())
    given = ", ".join(f"{argument}: ${argument}" for argument in field.args)
    head = f"{kind}({declared}) {{ {name}({given})" if declared else f"{kind} {{ {name}"
    return f"{head}{_selection(field.type)} }}"


def _selection(type_: Any, depth: int = 3) -> str:
    """Every leaf within, without arguments, to this depth."""
    named = get_named_type(type_)
    if is_leaf_type(named):
        return ""
    fields = getattr(named, "fields", {}).items()  # a union has none
    within = [
        (name, field.type) for name, field in fields if depth or is_leaf_type(get_named_type(field.type))
    ]
    return f" {{ __typename {' '.join(name + _selection(of, depth - 1) for name, of in within)} }}"


class Inputs:
    """Values for the arguments of one root field: what is required, with oddities in each place."""

    def __init__(self, place: Site, root: str) -> None:
        self.place, self.root = place, root

    def variants(self, members: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Of arguments or of an input's fields: what is required alone, without each, with each."""
        least = self.required(members)
        yield least
        for name, member in members.items():
            yield {other: value for other, value in least.items() if other != name}
            for value in (self.plausible(name, member.type), *self.odd(name, member.type)):
                yield {**least, name: value}

    def odd(self, name: str, type_: Any) -> Iterator[Any]:
        if is_non_null_type(type_):
            yield from self.odd(name, type_.of_type)
            return
        yield from oddities.VALUES
        if is_list_type(type_):
            yield from ([value] for value in self.odd(name, type_.of_type))
        elif isinstance(type_, GraphQLInputObjectType):
            yield from self.variants(type_.fields)

    def required(self, members: dict[str, Any]) -> dict[str, Any]:
        wanted = {name: member.type for name, member in members.items() if is_non_null_type(member.type)}
        return {name: self.plausible(name, type_) for name, type_ in wanted.items()}

    def plausible(self, name: str, type_: Any) -> Any:
        if is_non_null_type(type_):
            return self.plausible(name, type_.of_type)
        if is_list_type(type_):
            return [self.plausible(name, type_.of_type)]
        if isinstance(type_, GraphQLEnumType):
            return next(iter(type_.values))
        if isinstance(type_, GraphQLInputObjectType):
            return self.required(type_.fields)
        return self.place.next_id(name, self.root) if type_.name == "ID" else PLAUSIBLE[type_.name]
