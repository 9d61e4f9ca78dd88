"""The API's document, docs/carrier-api.txt, read into the examples that it consists of.

`python -m tests.document > jsonapi_facade/openapi/examples.json` renews those that the reference shows.
"""

import json
import re
import shlex
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

DOCUMENT = Path(__file__).parent.parent / "docs" / "carrier-api.txt"

# What stands before has no examples: the authentication and the webhooks.
FIRST_SECTION = "Accounts\nCreate an account\n"

EXAMPLE = re.compile(
    r"^Request\n"
    r"(?P<curl>curl .*?)\n"
    r"Endpoint\n"
    r"[A-Z]+ (?P<endpoint>\S+)\n.*?"
    r"^Parameters\n(?P<parameters>.*?)"
    r"^Response\n"
    r"(?P<status>\d{3}) [A-Z][^\n]*\n",
    re.MULTILINE | re.DOTALL,
)

PARAMETER = re.compile(r"^\| (?P<name>\S+)(?P<required> required)? \| (?P<description>.+) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Parameter:
    name: str
    """As the document writes it: "id", "filter[status]", "data[attributes][name]"."""
    required: bool
    description: str


@dataclass(frozen=True)
class Example:
    section: str
    title: str
    method: str
    path: str
    query: str
    """As it was sent: raw brackets, percent-encoded values; "" without one."""
    endpoint: str
    """The path with its variable: /carrier/v1/accounts/:id."""
    headers: dict[str, str]
    body: str | None
    """The very text: one example has a key twice. "" for a DELETE, None for a GET."""
    parameters: tuple[Parameter, ...]
    status: int
    response: Any
    """The JSON document; None where the response has no body."""


@cache
def examples() -> tuple[Example, ...]:
    """Read all examples, in the order of the document."""
    return tuple(_examples(DOCUMENT.read_text(encoding="utf-8")))


def _examples(text: str) -> Iterator[Example]:
    section = ""
    position = text.index(FIRST_SECTION)
    for match in EXAMPLE.finditer(text, position):
        heading = text[position : match.start()].splitlines()
        # The first example of a section has the section's name above its title.
        if len(heading) > 1:
            section = heading.pop(0)
        response, position = _response(text, match.end())
        yield _example(section, heading[0], match, response)


def _response(text: str, position: int) -> tuple[Any, int]:
    """Read the JSON at `position`, if there is any, and where the text goes on in the next line."""
    if not text.startswith("{", position):
        return None, position
    response, end = json.JSONDecoder().raw_decode(text, position)
    return response, end + 1


def _example(section: str, title: str, match: re.Match[str], response: Any) -> Example:
    curl = _curl().parse_args(shlex.split(match["curl"].replace("\\\n", ""))[1:])
    url = urlsplit(curl.url)
    return Example(
        section=section,
        title=title,
        method=curl.method,
        path=url.path,
        query=url.query,
        endpoint=urlsplit(match["endpoint"]).path,
        headers=dict(header.split(": ", maxsplit=1) for header in curl.headers),
        body=curl.body,
        parameters=_parameters(match["parameters"]),
        status=int(match["status"]),
        response=response,
    )


def _curl() -> ArgumentParser:
    parser = ArgumentParser("curl")
    parser.add_argument("url")
    parser.add_argument("-X", dest="method", default="GET")
    parser.add_argument("-d", dest="body")
    parser.add_argument("-H", dest="headers", action="append")
    return parser


def _parameters(text: str) -> tuple[Parameter, ...]:
    rows = [row for row in PARAMETER.finditer(text) if row["name"] != "Name"]
    return tuple(Parameter(row["name"], bool(row["required"]), row["description"]) for row in rows)


VERBS = {"POST": "Create", "PATCH": "Update", "DELETE": "Delete"}


def for_reference() -> dict[str, Any]:
    """The examples as the reference takes them: by the names of the GraphQL operations behind them."""
    return {
        _operation(example): {
            "title": example.title.lstrip("0123456789. "),
            "path": example.path,
            "query": example.query,
            "body": example.body,
            "response": example.response,
        }
        for example in examples()
    }


def _operation(example: Example) -> str:
    *_, plural, last = example.endpoint.replace("/:id", " :id").replace(" ", "/").split("/")
    if last == "stats":
        return "ListPhoneNumberStatistics"
    name = (plural if last == ":id" else last).removesuffix("s").title().replace("_", "")
    verb = VERBS.get(example.method, "Retrieve" if last == ":id" else "List")
    return f"{verb}{name}{'s' if verb == 'List' else ''}"


if __name__ == "__main__":
    json.dump(for_reference(), sys.stdout, indent=1)
