"""GraphQL over HTTP: media types, statuses, GET, persisted documents, and what is refused in which words."""

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest
from httpx import AsyncClient, Response
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse

from schema.execution import KEPT_CHARACTERS
from schema.execution import KEPT_DOCUMENTS as KEPT_SHORT
from schema.limits import MAX_CHARACTERS
from schema.over_http import KEPT_DOCUMENTS, MAX_BODY, accepted, persisted_documents
from schema.root import schema
from tests.conftest import Door
from tests.serving import served

JSON, RESPONSE = "application/json", "application/graphql-response+json"
QUERY = "{ __typename }"
TYPENAME = {"data": {"__typename": "Query"}}


async def post(door: Door, body: Any, **headers: str) -> Response:
    known = {"authorization": f"Bearer {door.key}", "content-type": JSON}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return await door.http.post("/graphql", content=content, headers=known | given)


async def get(door: Door, accept: str = RESPONSE, **parameters: str) -> Response:
    headers = {"authorization": f"Bearer {door.key}", "accept": accept}
    return await door.http.get("/graphql", params=parameters, headers=headers)


def error(response: Response) -> tuple[int, str, str]:
    """(status, code, message) of an answer that holds one error and no data."""
    answer = response.json()
    assert set(answer) == {"errors"}
    (only,) = answer["errors"]
    return response.status_code, only["extensions"]["code"], only["message"]


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (RESPONSE, RESPONSE),
        (f"{JSON}, {RESPONSE}", RESPONSE),
        (f"{RESPONSE};q=0.8, {JSON};q=0.9", JSON),
        (f"{RESPONSE}; charset=utf-8, {JSON}; charset=utf-8", RESPONSE),
        (f"{RESPONSE}; charset=latin-1, {JSON};q=0.1", JSON),
        ("text/html, */*;q=0.1", JSON),
        ("text/event-stream", "text/event-stream"),
        ("text/html", None),
        (f"{JSON};q=0", None),
        (f"{JSON};q=nonsense", None),
        ("nonsense", None),
    ],
)
def test_accept_chooses_the_media_type(accept: str, media: str | None) -> None:
    assert accepted(accept, False) == media


def test_a_browser_is_offered_the_page_where_there_is_one() -> None:
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    assert (accepted(browser, True), accepted(browser, False), accepted("*/*", True)) == (
        "text/html",
        JSON,
        JSON,
    )


async def test_an_answer_names_its_media_type_and_what_it_depends_on(ours: Door) -> None:
    for accept in (JSON, RESPONSE):
        response = await post(ours, {"query": QUERY}, accept=accept)
        assert response.json() == TYPENAME
        assert response.headers["content-type"] == f"{accept}; charset=utf-8"
        assert (response.headers["vary"], response.headers["cache-control"]) == ("Accept", "no-store")


@pytest.mark.parametrize(
    "asked",
    [
        {"query": "{"},
        {"query": "{ nothing }"},
        {"query": "query($id: ID!) { node(id: $id) { id } }", "variables": {"id": None}},
        {"query": "query A { __typename } query B { __typename }"},
        {"query": "query A { __typename }", "operationName": "B"},
        {"query": "{ accounts { nodes { id } } }" * 2000},
    ],
)
async def test_what_was_not_run_has_no_data_and_the_status_of_its_media_type(
    ours: Door, asked: dict[str, Any]
) -> None:
    for accept, status in ((JSON, 200), (RESPONSE, 400)):
        response = await post(ours, asked, accept=accept)
        assert (response.status_code, set(response.json())) == (status, {"errors"})


async def test_what_was_run_has_data_and_status_200_even_where_a_field_failed(ours: Door) -> None:
    for accept in (JSON, RESPONSE):
        response = await post(ours, {"query": "{ accounts(first: 0) { nodes { id } } }"}, accept=accept)
        assert (response.status_code, response.json()["data"]) == (200, None)
        assert response.json()["errors"][0]["path"] == ["accounts"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is no JSON: "),
        (b'"text"', "the body must be a JSON object such as "),
        (b"[]", "send one operation at a time, such as "),
        (b"{}", "name an operation by query, such as "),
        (b'{"query": 1}', "query must be a string"),
        (b'{"query": "{ a }", "variables": []}', "variables must be an object"),
        (b'{"query": "{ a }", "operationName": {}}', "operationName must be a string"),
        (b'{"query": "{ a }", "extensions": "a"}', "extensions must be an object"),
        (b'{"query": "\xff"}', "the body is no JSON: "),
    ],
)
async def test_a_body_that_is_no_request_is_refused_in_words(ours: Door, body: bytes, message: str) -> None:
    for accept in (JSON, RESPONSE):
        response = await post(ours, body, accept=accept)
        status, code, words = error(response)
        assert (status, code, words[: len(message)]) == (400, "BAD_REQUEST", message)
        assert response.headers["content-type"] == f"{accept}; charset=utf-8"


async def test_a_body_of_another_type_or_encoding_or_size_is_refused(ours: Door) -> None:
    body = {"query": QUERY}
    for content_type in ("text/plain", "", f"{JSON}; charset=latin-1", "application/x-www-form-urlencoded"):
        assert error(await post(ours, body, content_type=content_type))[:2] == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert (await post(ours, body, content_type=f"{JSON}; charset=UTF-8")).json() == TYPENAME
    assert error(await post(ours, b" " * (MAX_BODY + 1))) == (
        413,
        "TOO_LARGE",
        f"the body is over the limit of {MAX_BODY} bytes",
    )


async def test_an_answer_that_cannot_be_accepted_is_refused_as_json(ours: Door) -> None:
    response = await post(ours, {"query": QUERY}, accept="text/html")
    assert error(response)[:2] == (406, "NOT_ACCEPTABLE")
    assert response.headers["content-type"] == f"{JSON}; charset=utf-8"


async def test_get_takes_queries_with_variables_and_names(ours: Door) -> None:
    text = "query A { __typename } query B($name: String!) { __type(name: $name) { name } }"
    response = await get(ours, query=text, variables='{"name": "Account"}', operationName="B")
    assert response.json() == {"data": {"__type": {"name": "Account"}}}
    assert error(await get(ours, query=QUERY, variables="{")) == (
        400,
        "BAD_REQUEST",
        "the parameter variables is no JSON: unexpected end of data: line 1 column 2 (char 1)",
    )
    assert error(await get(ours))[:2] == (400, "BAD_REQUEST")


async def test_get_changes_nothing(ours: Door) -> None:
    text = 'mutation { createAccount(input: {name: "Rocket Rides"}) { account { id } } }'
    response = await get(ours, query=text)
    assert error(response) == (405, "METHOD_NOT_ALLOWED", "send a mutation by POST")
    assert response.headers["allow"] == "POST"
    assert (await ours.graphql("{ accounts { nodes { id } } }"))["data"] == {"accounts": {"nodes": []}}


async def test_another_method_is_refused(ours: Door) -> None:
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
        response = await ours.http.request(method, "/graphql")
        assert error(response) == (405, "METHOD_NOT_ALLOWED", "/graphql takes GET and POST")
        assert response.headers["allow"] == "GET, HEAD, POST"


async def test_a_request_without_a_key_is_told_how_to_send_one(http: AsyncClient) -> None:
    for accept in (JSON, RESPONSE):
        response = await http.post("/graphql", json={"query": QUERY}, headers={"accept": accept})
        message = "send your API key as Authorization: Bearer KEY"
        assert error(response) == (401, "INVALID_TOKEN", message)
        assert response.headers["www-authenticate"] == (
            f'Bearer realm="carrierql", error="invalid_token", error_description="{message}"'
        )


async def test_a_document_is_kept_by_its_hash_and_asked_for_by_either_method(ours: Door) -> None:
    text = "query Kept { __typename }"
    digest = hashlib.sha256(text.encode()).hexdigest()
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    unknown = await post(ours, {"extensions": extensions})
    assert error(unknown) == (200, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
    wrong = await post(ours, {"query": QUERY, "extensions": extensions})
    assert error(wrong)[0] == 400
    assert (await post(ours, {"query": text, "extensions": extensions})).json() == TYPENAME
    assert (await post(ours, {"extensions": extensions})).json() == TYPENAME
    assert (await get(ours, extensions=orjson.dumps(extensions).decode())).json() == TYPENAME


async def test_documents_kept_by_their_hash_are_bounded(ours: Door) -> None:
    digests = []
    for number in range(KEPT_DOCUMENTS + 1):
        text = f"query Q{number} {{ __typename }}"
        digests.append(hashlib.sha256(text.encode()).hexdigest())
        persisted_documents.document(text, {"version": 1, "sha256Hash": digests[-1]})
    for digest, found in ((digests[0], False), (digests[-1], True)):
        extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
        assert ("data" in (await post(ours, {"extensions": extensions})).json()) == found


@pytest.mark.parametrize("persisted", [None, {}, {"version": 2, "sha256Hash": "0"}, {"version": 1}])
async def test_a_malformed_hash_is_refused(ours: Door, persisted: Any) -> None:
    response = await post(ours, {"query": QUERY, "extensions": {"persistedQuery": persisted}})
    assert error(response)[0] == 400


async def test_a_browser_gets_the_page_that_the_application_names(app: Starlette, ours: Door) -> None:
    async def page(_request: Request) -> HTMLResponse:
        return HTMLResponse("<title>GraphiQL</title>")

    # Not monkeypatch: what it undoes on a State, it deletes.
    before, app.state.graphiql = app.state.graphiql, page
    try:
        response = await get(ours, accept="text/html,*/*;q=0.8", query=QUERY)
        assert response.text == "<title>GraphiQL</title>"
        assert (await get(ours, accept="*/*", query=QUERY)).json() == TYPENAME
        assert (await post(ours, {"query": QUERY}, accept="text/html,*/*;q=0.8")).json() == TYPENAME
    finally:
        app.state.graphiql = before


AUDIT = """
const { auditServer } = require("graphql-http");
const [url, key] = process.argv.slice(1);
const fetchFn = (address, init = {}) =>
  fetch(address, { ...init, headers: { ...init.headers, authorization: `Bearer ${key}` } });
auditServer({ url, fetchFn }).then((results) =>
  console.log(JSON.stringify(results.map(({ id, name, status, reason }) => [id, name, status, reason]))));
"""


@pytest.mark.debian
def test_every_audit_of_graphql_http_passes(
    tmp_path: Path, database_url: str, broker_url: str, ours: Door
) -> None:
    install = ["npm", "install", "--no-audit", "--no-fund", "graphql-http@1.23.1", "graphql@16"]
    subprocess.run(install, cwd=tmp_path, check=True, capture_output=True, timeout=100)
    with served(database_url, broker_url) as server:
        told = subprocess.run(
            ["node", "-e", AUDIT, "--", f"{server.origin}/graphql", ours.key],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            timeout=60,
        )
    results = orjson.loads(told.stdout)
    assert len(results) > 60
    assert [result for result in results if result[2] != "ok"] == []


async def test_what_is_kept_of_documents_is_bounded_whatever_is_sent(ours: Door) -> None:
    async def send(number: int, size: int, asked: str = "__typename") -> None:
        assert (await post(ours, {"query": f"{{ {asked} }} # {number} {'x' * size}"})).status_code in (
            200,
            400,
        )

    for number in range(20):
        await send(number, MAX_CHARACTERS - 100)
        await send(number, MAX_CHARACTERS - 100, "unknown")
        await send(number, MAX_CHARACTERS)  # is refused, and not kept at all
    for number in range(KEPT_SHORT + 10):
        await send(number, 0)
    kept = schema._documents
    assert len(kept) == KEPT_SHORT
    assert sum(map(len, kept)) == schema._kept_characters <= KEPT_CHARACTERS
    assert max(map(len, kept)) <= MAX_CHARACTERS
