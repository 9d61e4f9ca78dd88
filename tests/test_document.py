"""The reader of the API's document finds every example, whole."""

import json
from urllib.parse import parse_qsl

import pytest

from tests.document import DOCUMENT, Example, Parameter, examples

EXAMPLES = [
    ("Accounts", "Create an account", "POST", "/accounts", 201),
    ("Accounts", "Delete an account", "DELETE", "/accounts/:id", 204),
    ("Accounts", "List all accounts", "GET", "/accounts", 200),
    ("Accounts", "Retrieve an account", "GET", "/accounts/:id", 200),
    ("Accounts", "Update an account", "PATCH", "/accounts/:id", 200),
    ("Events", "List all events", "GET", "/events", 200),
    ("Events", "Retrieve an Event", "GET", "/events/:id", 200),
    ("Messages", "List messages", "GET", "/messages", 200),
    ("Messages", "Retrieve a message", "GET", "/messages/:id", 200),
    ("Messages", "Update a message", "PATCH", "/messages/:id", 200),
    ("Phone Calls", "List phone calls", "GET", "/phone_calls", 200),
    ("Phone Calls", "Retrieve a phone call", "GET", "/phone_calls/:id", 200),
    ("Phone Calls", "Update a phone call", "PATCH", "/phone_calls/:id", 200),
    ("Phone Numbers", "01. Create a phone number", "POST", "/phone_numbers", 201),
    ("Phone Numbers", "02. Update a phone number", "PATCH", "/phone_numbers/:id", 200),
    ("Phone Numbers", "03. Retrieve a phone number", "GET", "/phone_numbers/:id", 200),
    ("Phone Numbers", "04. List all phone numbers", "GET", "/phone_numbers", 200),
    ("Phone Numbers", "05. Delete a phone number", "DELETE", "/phone_numbers/:id", 204),
    (
        "Phone Numbers",
        "06. Get number of available phone numbers per locality having a count less than 2",
        "GET",
        "/phone_numbers/stats",
        200,
    ),
    ("TTS Events", "List all TTS events", "GET", "/tts_events", 200),
    ("TTS Events", "Retrieve a TTS Event", "GET", "/tts_events/:id", 200),
]


def example(title: str) -> Example:
    (found,) = [example for example in examples() if example.title == title]
    return found


def test_every_example_of_the_document_is_found() -> None:
    assert [
        (example.section, example.title, example.method, example.endpoint, example.status)
        for example in examples()
    ] == [
        (section, title, method, f"/carrier/v1{endpoint}", status)
        for section, title, method, endpoint, status in EXAMPLES
    ]
    assert DOCUMENT.read_text(encoding="utf-8").count("\ncurl ") == len(EXAMPLES)


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.title)
def test_an_example_has_what_its_method_calls_for(example: Example) -> None:
    assert example.headers["Content-Type"] == "application/vnd.api+json"
    assert example.headers["Authorization"].startswith("Bearer ")
    match example.method:
        case "GET":
            assert example.body is None
            assert "data" in example.response
        case "DELETE":
            assert (example.body, example.response) == ("", None)
        case "POST" | "PATCH":
            sent = json.loads(example.body or "")["data"]
            assert sent["type"] == example.response["data"]["type"]
            assert example.path == example.endpoint.replace(":id", sent.get("id", ""))


def test_a_body_is_the_text_that_was_sent() -> None:
    body = example("Update an account").body
    assert body is not None
    assert (body.count('"status": null'), body.count('"status": "disabled"')) == (1, 1)
    assert json.loads(body)["data"] == {
        "attributes": {
            "status": "disabled",
            "name": "Bob Cats",
            "billing_enabled": False,
            "default_tts_voice": "Basic.Kal",
            "metadata": {"bar": "foo"},
        },
        "type": "account",
        "id": "aaae3f6b-8475-495f-b752-2d97576e124c",
    }


def test_a_query_is_the_text_that_was_sent() -> None:
    query = example("List messages").query
    assert query.startswith("filter[status]=sent&filter[from_date]=2021-11-01T00%3A00%3A00Z&")
    assert parse_qsl(query) == [
        ("filter[status]", "sent"),
        ("filter[from_date]", "2021-11-01T00:00:00Z"),
        ("filter[to_date]", "2021-11-01T00:00:00Z"),
        ("filter[account]", "2d8cc9ac-a2db-4558-bbb5-59db1815ef19"),
        ("filter[direction]", "outbound-api"),
    ]


def test_a_response_is_the_whole_document() -> None:
    listed = example("List all accounts")
    assert [account["id"] for account in listed.response["data"]] == [
        "72c9feec-2de9-4b46-9401-82ba92379a0c",
        "6f171ddb-af56-4b64-99fd-053cf42ac4a5",
    ]
    assert listed.response["links"] == {
        "prev": "https://api.somleng.org/carrier/v1/accounts"
        "?page%5Bbefore%5D=72c9feec-2de9-4b46-9401-82ba92379a0c",
        "next": None,
    }


def test_a_key_may_begin_with_a_hyphen() -> None:
    assert example("Retrieve an Event").headers["Authorization"] == (
        "Bearer -DVseJRSWj6JnbPScVe3ipTVnMr1Q9toJuS7ZlqDrC0"
    )


def test_parameters_come_from_the_table() -> None:
    assert example("List all accounts").parameters == ()
    assert example("Retrieve an account").parameters == (
        Parameter("id", required=True, description="The id of the account to be retrieved."),
    )
    assert [parameter.name for parameter in example("Create an account").parameters] == [
        "data[attributes][name]",
        "data[attributes][billing_enabled]",
        "data[attributes][billing_mode]",
        "data[attributes][tts_voice]",
        "data[attributes][metadata]",
    ]
    stats = example("06. Get number of available phone numbers per locality having a count less than 2")
    assert [(parameter.name, parameter.required) for parameter in stats.parameters] == [
        ("filter[available]", True),
        ("filter[type]", True),
        ("filter[country]", False),
        ("filter[region]", False),
        ("filter[locality]", False),
        ("group_by", True),
        ("having[count][operator]", False),
        ("having[count][value]", False),
    ]
