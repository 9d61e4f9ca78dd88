"""REST, by the service's own OpenAPI document.

Of schemathesis' checks those of an answer alone are used. Left out: `negative_data_rejection`, for the
contract takes more than the document asks for (a page's size is brought into range, unknown members are
ignored); `positive_data_acceptance`, for some rules are beyond what a schema can say (a region is one of its
country); `missing_required_header`, `ignored_auth`, `unsupported_method` and those that follow a row's life,
for `tests/test_openapi.py`, `test_rest_every_call.py` and `test_isolation.py` ask these of every operation.
"""

from collections.abc import Iterator
from copy import deepcopy
from http import HTTPStatus
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from benchmarks.fuzz import oddities
from benchmarks.fuzz.findings import Findings, curl, written
from benchmarks.fuzz.site import Site

CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
TIMEOUT = 20
JSON_API = "application/vnd.api+json"
NAMED = (
    "Accept",
    "Content-Type",
    "Authorization",
    "If-None-Match",
    "If-Match",
    "Idempotency-Key",
    "X-Request-Id",
)


class Rest:
    def __init__(self, place: Site, findings: Findings) -> None:
        self.place, self.findings = place, findings
        schema = schemathesis.openapi.from_url(f"{place.origin}/openapi.json")
        self.operations = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr] # a wrong one has none, and ends the run
        self.session = requests.Session()
        self.bearer = {"Authorization": f"Bearer {place.carrier}"}

    def use(self, drawn: tuple[Any, int]) -> None:
        """Send a generated case; half of them at rows that are there."""
        case, number = drawn
        if number % 2:
            self._aim(case, number // 2)
        response = case.call(session=self.session, headers=self.bearer, timeout=TIMEOUT)
        self.note(case, response, lambda: case.as_curl_command(headers={"Authorization": "Bearer $KEY"}))

    def note(self, case: Any, response: Any, line: Any) -> None:
        wrong: list[str] = []
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            wrong = [f"{one.title}: {one.message}" for one in group.exceptions]
        label = case.operation.label
        self.findings.note(label, f"{label} {response.status_code}", wrong, line)
        if response.status_code == HTTPStatus.CREATED:
            self.place.ids[_kind(case.path)].append(response.json()["data"]["id"])

    def _aim(self, case: Any, number: int) -> None:
        def known(kind: str) -> str:
            ids = self.place.ids[kind]
            return ids[number % len(ids)]

        kind = _kind(case.path)
        if case.path_parameters and "id" in case.path_parameters:
            case.path_parameters["id"] = known(kind)
            if isinstance(case.body, dict) and isinstance(case.body.get("data"), dict):
                case.body["data"]["id"] = case.path_parameters["id"]
            if "If-Match" in (case.headers or {}) and number % 3:
                case.headers["If-Match"] = "*"
        for name, of in (("page[after]", kind), ("page[before]", kind), ("filter[account]", "accounts")):
            if name in (case.query or {}):
                case.query[name] = known(of)

    def send(self, operation: Any, path: str, headers: dict[str, Any], body: Any) -> None:
        """Send what schemathesis would not write, and check it as its own."""
        method = operation.method.upper()
        named = {**self.bearer, **({"Content-Type": JSON_API} if body is not None else {}), **headers}
        content = written(body)
        request = httpx.Request(method, self.place.origin + path, headers=named, content=content)
        with httpx.Client(timeout=TIMEOUT) as client:
            response = client.send(request)
        self.note(operation.Case(), response, lambda: curl(request))


def fuzz(place: Site, findings: Findings) -> None:
    rest = Rest(place, findings)
    kinds: dict[str, list[Any]] = {}
    for operation in rest.operations:
        for kind, path, headers, body in _oddities(operation, place.ids[_kind(operation.path)][0]):
            kinds.setdefault(kind, []).append((operation, path, headers, body))
    for asked in findings.odd(kinds):
        rest.send(*asked)
    findings.draw(rest.operations, st.integers(0, 10_000), rest.use)


def _kind(path: str) -> str:
    return path.split("/")[3]


def _oddities(operation: Any, row_id: str) -> Iterator[tuple[str, str, dict[str, Any], Any]]:
    """(kind, path with query, headers, body) of every oddity that an operation can be asked with."""
    path = operation.path.replace("{id}", row_id)
    body = _example(operation, row_id)
    for text in oddities.ENCODED:
        if "{id}" in operation.path:
            yield "path", operation.path.replace("{id}", text or "x"), {}, body
        yield "query", f"{path}?{text}", {}, body
        yield "query", f"{path}?fields[{text}]={text}&filter[{text}]={text}", {}, body
        for parameter in operation.query:
            yield "query", f"{path}?{_required(operation, parameter)}{parameter.name}={text}", {}, body
    for value in oddities.HEADERS:
        for name in NAMED:
            yield "header", path, {name: value}, body
    for raw in oddities.BODIES:
        yield "body", path, {}, raw
    for odd in _variants(body) if body is not None else ():
        yield "member", path, {}, odd


def _required(operation: Any, other: Any) -> str:
    """The other parameters of the query that an operation has to be given, each as it is right."""
    texts = []
    for parameter in operation.query:
        if parameter.is_required and parameter is not other:
            schema = parameter.definition["schema"]
            values = schema["items"]["enum"] if schema.get("type") == "array" else [schema["const"]]
            texts += [f"{parameter.name}={value}&" for value in values]
    return "".join(texts)


def _example(operation: Any, row_id: str) -> Any:
    """The operation's documented body, for that row."""
    for alternative in operation.body:
        example = deepcopy(alternative.definition["example"])
        if "id" in example["data"]:
            example["data"]["id"] = row_id
        return example
    return None


def _variants(value: Any) -> Iterator[Any]:
    """The value with an oddity at each of its places in turn."""
    yield from oddities.VALUES
    if isinstance(value, dict):
        for name, part in value.items():
            for variant in _variants(part):
                yield {**value, name: variant}
        for text in oddities.TEXTS:
            yield {**value, text: text}
