"""The OpenAPI document: valid, complete, and true of what the service really takes and answers."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from jsonapi_facade import openapi
from schema.root import schema
from tests.commands import carrierql
from tests.conftest import JSON_API, Door, new_carrier, new_key
from tests.document import Example, examples, for_reference
from tests.test_budget import another_process
from tests.test_replay import Scene, world

VALIDATOR = "@seriousme/openapi-schema-validator@2.11.0"
ROOT = Path(__file__).parent.parent
DOCUMENT = json.loads(openapi.body())
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}


def of(example: Example) -> dict[str, Any]:
    """The operation that an example is of."""
    path = example.endpoint.replace(":id", "{id}")
    operation: dict[str, Any] = DOCUMENT["paths"][path][example.method.lower()]
    return operation


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        found = DOCUMENT
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def problems(operation: dict[str, Any], status: int, answer: Any, media_type: str = JSON_API) -> list[str]:
    """What is not as the document says of this operation's answer."""
    response = resolved(operation["responses"][str(status)])
    if answer is None:
        return ["there should be a body"] if "content" in response else []
    return wrong(response["content"][media_type]["schema"], answer)


def wrong(shape: dict[str, Any], value: Any) -> list[str]:
    validator = Draft202012Validator(
        {**shape, "components": DOCUMENT["components"]}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def test_the_document_is_valid() -> None:
    assert [str(error) for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


@pytest.fixture
def npm(tmp_path: Path) -> Path:
    """Where the programs of another validator are."""
    (tmp_path / "package.json").write_text("{}")
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", VALIDATOR]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=100)
    return tmp_path / "node_modules" / ".bin"


@pytest.mark.debian
def test_the_document_is_valid_by_another_validator(npm: Path, tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    file.write_bytes(openapi.body())
    checked = subprocess.run(
        [npm / "validate-api", file], capture_output=True, text=True, check=False, timeout=60
    )
    assert (checked.returncode, json.loads(checked.stdout)) == (0, {"valid": True})


def test_what_is_committed_is_what_is_served() -> None:
    """Renewed by the command that CONTRIBUTING.md gives."""
    assert json.loads((ROOT / "docs" / "openapi.json").read_text()) == DOCUMENT
    assert (ROOT / "docs" / "schema.graphql").read_text().rstrip("\n") == schema.as_str().rstrip("\n")
    assert openapi.examples() == for_reference()


async def test_it_is_served_without_a_key(ours: Door) -> None:
    response = await ours.http.get("/openapi.json")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    assert response.json() == DOCUMENT


def test_the_command_prints_it(tmp_path: Path) -> None:
    printed = carrierql("openapi", cwd=tmp_path)
    assert (printed.returncode, printed.stderr) == (0, "")
    assert json.loads(printed.stdout) == DOCUMENT


def test_every_example_is_an_operation_and_every_operation_has_one() -> None:
    assert sorted(of(example)["operationId"] for example in examples()) == sorted(OPERATIONS)


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.title)
def test_the_documented_parameters_are_there(example: Example) -> None:
    operation = of(example)
    names = {resolved(one)["name"] for one in operation["parameters"]}
    documented = {parameter.name for parameter in example.parameters}
    assert {name for name in documented if name.startswith("filter")} == {
        name for name in names if name.startswith("filter")
    }
    body = resolved(body_schema(operation)) if "requestBody" in operation else {}
    attributes = body.get("properties", {}).get("data", {}).get("properties", {}).get("attributes", {})
    for parameter in example.parameters:
        if parameter.name.startswith("data[attributes]"):
            name = parameter.name.removeprefix("data[attributes][").removesuffix("]")
            assert name in attributes["properties"]
            assert (name in attributes.get("required", [])) == parameter.required


def told_headers(operation: dict[str, Any], response: Response) -> set[str]:
    return set(resolved(operation["responses"][str(response.status_code)])["headers"])


def sent_headers(response: Response) -> set[str]:
    return {name for name in DOCUMENT["components"]["headers"] if name in response.headers}


def body_schema(operation: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = operation["requestBody"]["content"][JSON_API]["schema"]
    return found


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.title)
def test_a_documented_request_and_answer_are_valid(example: Example) -> None:
    operation = of(example)
    assert problems(operation, example.status, example.response) == []
    if example.body:
        assert wrong(body_schema(operation), json.loads(example.body)) == []


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.title)
async def test_a_real_answer_is_valid(platform: Door, example: Example) -> None:
    door = await new_carrier(platform, "Described", *world(example))
    path, body = await Scene(platform, door).prepare(example)
    response = await door.rest(example.method, path.removeprefix("/carrier/v1/"), body)
    answer = response.json() if response.content else None
    operation = of(example)
    assert problems(operation, response.status_code, answer) == []
    assert told_headers(operation, response) == sent_headers(response)
    for resource in objects(answer):
        described = DOCUMENT["components"]["schemas"][resource_name(resource["type"])]
        shown = set(described["properties"]["attributes"]["properties"]) - {"auth_token"}
        assert resource["attributes"].keys() - {"auth_token"} == shown


def objects(answer: Any) -> list[dict[str, Any]]:
    data = answer["data"] if answer else []
    return [one for one in (data if isinstance(data, list) else [data]) if one["type"] != "aggregate_data"]


def resource_name(type_: str) -> str:
    return type_.title().replace("_", "")


async def test_included_objects_and_fewer_fields_are_valid(platform: Door) -> None:
    listing = next(example for example in examples() if example.title == "List all TTS events")
    door = await new_carrier(platform, "Described", *world(listing))
    await Scene(platform, door).prepare(listing)
    path = "tts_events?include=account,phone_call&fields[tts_event]=voice,account&fields[account]=name"
    response = await door.rest("GET", path)
    assert len(response.json()["included"]) == 2
    assert problems(of(listing), 200, response.json()) == []


UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize("name", OPERATIONS)
async def test_refusals_are_as_documented(platform: Door, ours: Door, name: str) -> None:
    method, path, operation = OPERATIONS[name]
    path = path.removeprefix("/carrier/v1/").replace("{id}", UNKNOWN)
    reader = await new_key(platform, ours.carrier_id, "READ")
    body = {"data": {"type": "nothing", "id": UNKNOWN}} if method in ("POST", "PATCH") else None
    calls = [
        await Door(ours.http, "unknown").rest(method, path),
        await platform.rest(method, path),
        await ours.rest(method, f"{path}?nothing=1", body),
        await ours.rest(method, path, body),
        await ours.rest(method, path, "{" if body else None),
        await ours.rest(method, path, body, Accept="text/html"),
        await reader.rest(method, path, body),
    ]
    refused = [response for response in calls if response.status_code not in (200, 201)]
    assert {401, 403, 406} <= {response.status_code for response in refused}
    for response in refused:
        assert problems(operation, response.status_code, response.json()) == []
        assert sent_headers(response) <= told_headers(operation, response)


@pytest.mark.parametrize("name", OPERATIONS)
def test_writes_are_safe_to_repeat_and_changes_may_name_what_they_change(name: str) -> None:
    method, _, operation = OPERATIONS[name]
    headers = {shown["name"] for one in operation["parameters"] if (shown := resolved(one))["in"] == "header"}
    tags = {"GET": {"If-None-Match"}, "POST": set()}.get(method, {"If-Match"})
    assert headers == tags | ({"Idempotency-Key"} if method != "GET" else set())
    due = {"408", "409", "413", "422"} if method != "GET" else set()
    due |= {"412"} if method in ("PATCH", "DELETE") else set()
    assert {"408", "409", "412", "413", "422"} & operation["responses"].keys() == due


async def test_refusals_for_a_header_are_as_documented(ours: Door, account: str) -> None:
    path, change = f"accounts/{account}", {"data": {"type": "account", "id": account}}
    await ours.rest("PATCH", path, change, Idempotency_Key="used")
    for status, method, headers in (
        (422, "DELETE", {"Idempotency_Key": "used"}),
        (412, "DELETE", {"If_Match": "other"}),
        (412, "PATCH", {"If_Match": "other"}),
        (400, "DELETE", {"Idempotency_Key": "k" * 256}),
    ):
        response = await ours.rest(method, path, change if method == "PATCH" else None, **headers)
        operation = DOCUMENT["paths"]["/carrier/v1/accounts/{id}"][method.lower()]
        assert (response.status_code, problems(operation, status, response.json())) == (status, [])
        assert told_headers(operation, response) == sent_headers(response)


async def test_a_spent_budget_is_as_documented(database_url: str, broker_url: str, ours: Door) -> None:
    bearer = {"Authorization": f"Bearer {ours.key}"}
    async with another_process(database_url, broker_url, 1) as client:
        await client.get("/carrier/v1/accounts", headers=bearer)
        response = await client.get("/carrier/v1/accounts", headers=bearer)
    operation = DOCUMENT["paths"]["/carrier/v1/accounts"]["get"]
    assert (response.status_code, problems(operation, 429, response.json())) == (429, [])
    assert told_headers(operation, response) == sent_headers(response)


@pytest.mark.parametrize("path", DOCUMENT["paths"])
async def test_a_method_that_is_not_described_is_not_there(ours: Door, path: str) -> None:
    item = {name.upper() for name in DOCUMENT["paths"][path]} - {"PARAMETERS"}
    response = await ours.rest("PUT", path.removeprefix("/carrier/v1/").replace("{id}", UNKNOWN))
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) - {"HEAD"} == item


def test_null_is_allowed_where_the_rules_allow_it() -> None:
    shown = DOCUMENT["components"]["schemas"]["UpdatePhoneNumber"]["properties"]["data"]
    attributes = shown["properties"]["attributes"]["properties"]
    nullable = {name for name, part in attributes.items() if "null" in json.dumps(part)}
    assert nullable == {"number", "region", "locality", "lata", "rate_center", "latitude", "longitude"}
