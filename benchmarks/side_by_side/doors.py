"""The two doors of a server that runs: one write, told in the words of the REST API, through either."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from benchmarks.fuzz.site import SETTINGS
from tests.commands import SECRET_KEY, carrierql
from tests.serving import served

JSON_API = "application/vnd.api+json"
ENUMS = frozenset({"status", "direction", "type", "visibility", "billing_mode"})
TIMEOUT = 30
Problems = frozenset[tuple[str, str]]
"""(field in the words of REST, UserErrorCode) of all that is wrong."""
KEYS = count()


@dataclass(frozen=True)
class Answer:
    """What came of a write: `row` as the door shows it, or None.

    `malformed` where GraphQL takes no such value, and says so of the whole document.
    """

    problems: Problems = frozenset()
    row: Any = None
    status: int = 200
    malformed: bool = False


class Door:
    """A key's way in; `answers` counts what came of the requests."""

    def __init__(self, http: httpx.Client, key: str, answers: Counter[str]) -> None:
        self.http, self.bearer, self.answers = http, {"Authorization": f"Bearer {key}"}, answers

    def rest(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        typed = {} if body is None else {"Content-Type": JSON_API}
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        address = path if path.startswith("http") else f"/carrier/v1/{path}"
        response = self.http.request(
            method, address, content=content, headers={**self.bearer, **typed, **told}
        )
        assert not response.is_server_error, f"{method} {path} {body}: {response.status_code} {response.text}"
        kind, *one = urlsplit(address).path.removeprefix("/carrier/v1/").split("/")
        self.answers[f"{method} {kind}{'/:id' if one else ''} {response.status_code}"] += 1
        return response

    def post(self, text: str, variables: dict[str, Any], **headers: str) -> httpx.Response:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        body = {"query": text, "variables": variables}
        response = self.http.post("/graphql", json=body, headers={**self.bearer, **told})
        assert not response.is_server_error, f"{body}: {response.text}"
        return response

    def query(self, text: str, **variables: Any) -> dict[str, Any]:
        answer = self.post(text, variables).json()
        assert "errors" not in answer, (text, variables, answer)
        data: dict[str, Any] = answer["data"]
        return data

    def mutate(
        self, name: str, one: str, given: dict[str, Any], selection: str, *, twice: bool = False
    ) -> Answer:
        """Run a mutation; `given` is in the words of the REST API."""
        deletes = name.startswith("delete")
        input_type = "DeleteInput" if deletes else f"{name[0].upper()}{name[1:]}Input"
        what = "deletedId" if deletes else f"{one} {{ {selection} }}"
        asked = f"{name}(input: $i) {{ {what} userErrors {{ field code }} }}"
        text = f"mutation($i: {input_type}!) {{ {asked} }}"
        variables = {"i": {camel(field): _worded(field, value) for field, value in given.items()}}

        def send(more: str = "", **headers: str) -> httpx.Response:
            return self.post(text + more, variables, **headers)

        answer = _sent(send, twice=twice).json()
        if "errors" in answer:
            codes = {error.get("extensions", {}).get("code") for error in answer["errors"]}
            assert answer.get("data") is None and not codes & {"INTERNAL", "UNAVAILABLE"}, answer
            self.answers[f"{name} malformed"] += 1
            return Answer(malformed=True)
        payload = answer["data"][name]
        row = payload["deletedId" if deletes else one]
        found = frozenset((snake(error["field"][0]), error["code"]) for error in payload["userErrors"])
        assert (row is None) == bool(found), answer
        self.answers[f"{name} {'/'.join(sorted({code for _, code in found})) or 'done'}"] += 1
        return Answer(found, row)

    def write(
        self, method: str, path: str, body: Any = None, *, twice: bool = False, **headers: str
    ) -> Answer:
        """A POST, PATCH or DELETE of a resource."""

        def send(more: str = "", **key: str) -> httpx.Response:
            return self.rest(method, path, {"data": more} if more else body, **headers, **key)

        response = _sent(send, twice=twice)
        if response.is_success:
            assert response.status_code == {"POST": 201, "PATCH": 200, "DELETE": 204}[method]
            row: Any = response.json()["data"] if response.content else True
            if method == "POST":
                assert response.headers["Location"].endswith(f"/{path}/{row['id']}"), response.headers
            return Answer(row=row, status=response.status_code)
        errors = response.json()["errors"]
        assert {error["status"] for error in errors} == {str(response.status_code)}, errors
        return Answer(frozenset(_place(error) for error in errors), status=response.status_code)


def _sent(send: Callable[..., httpx.Response], *, twice: bool) -> httpx.Response:
    """The answer; with `twice` its Idempotency-Key answers the same request alike, another one 422."""
    if not twice:
        return send()
    key = f"key {next(KEYS)}"
    first, second = send(Idempotency_Key=key), send(Idempotency_Key=key)
    assert (first.status_code, first.content) == (second.status_code, second.content)
    if first.is_success and b'"errors":[{' not in first.content:
        assert send(" ", Idempotency_Key=key).status_code == httpx.codes.UNPROCESSABLE_ENTITY, first.content
    return first


def _place(error: dict[str, Any]) -> tuple[str, str]:
    """(field, code) of an error object; a row that is not there is NOT_FOUND at its id."""
    code = error["code"].upper()
    if "source" not in error:
        return "id", code
    (where,) = error["source"].values()
    if where == "If-Match":
        return where, code
    assert where == "/data/id" or where.startswith("/data/attributes/"), error
    return where.split("/")[-1], code


def agree(shown: Any, expected: Any, what: Any = "") -> None:
    """Raises AssertionError where they differ, with the first rows that do of two lists of equal length."""
    if shown == expected:
        return
    if isinstance(shown, list) and isinstance(expected, list) and len(shown) == len(expected):
        shown, expected = next(pair for pair in zip(shown, expected, strict=True) if pair[0] != pair[1])
    raise AssertionError(f"{what}\n  shown    {shown}\n  expected {expected}")


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def enum_name(word: Any) -> Any:
    return word.upper().replace("-", "_") if isinstance(word, str) else word


def _worded(field: str, value: Any) -> Any:
    return enum_name(value) if field in ENUMS else value


class Place:
    """A server with a platform's door, which makes carriers with doors of their own."""

    def __init__(self, http: httpx.Client, key: str) -> None:
        self.http, self.answers = http, Counter[str]()
        self.platform = Door(http, key, self.answers)

    def carrier(self, country: str, currency: str) -> tuple[str, Door]:
        """(id, door) of a new carrier."""
        given = {"name": "A carrier", "country_code": country, "billing_currency": currency}
        made = str(self.platform.mutate("createCarrier", "carrier", given, "id").row["id"])
        text = "mutation($i: CreateApiKeyInput!) { createApiKey(input: $i) { token } }"
        asked = {"name": "key", "role": "CARRIER", "carrierId": made}
        return made, Door(
            self.http, self.platform.query(text, i=asked)["createApiKey"]["token"], self.answers
        )


@contextmanager
def place(database_url: str, broker_url: str) -> Iterator[Place]:
    known = {"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY}
    made = carrierql("keys", "create", "--platform", "--json", cwd=Path.cwd(), **known)
    with (
        served(database_url, broker_url, LOG_FORMAT="json", **SETTINGS) as server,
        httpx.Client(base_url=server.origin, timeout=TIMEOUT) as http,
    ):
        yield Place(http, json.loads(made.stdout)["api_key"])
