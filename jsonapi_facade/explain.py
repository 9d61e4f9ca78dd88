"""`?explain=graphql`: the operation that a call would run, instead of running it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from jsonapi_facade import bodies
from jsonapi_facade.errors import Rejected, at_parameter, insufficient_scope
from jsonapi_facade.negotiation import check_content_type, read_document
from jsonapi_facade.operations import operation
from jsonapi_facade.query import parse_query
from jsonapi_facade.resources import Resource
from models.api_key import ApiKeyAccess

PARAMETER, VALUE = "explain", "graphql"
READS = frozenset({"List", "Stats", "Retrieve"})
WITH_BODY = frozenset({"Create", "Update"})


@dataclass(frozen=True)
class Twin:
    """What /graphql is sent to do the same as a REST call."""

    name: str
    text: str
    variables: dict[str, Any]

    def address(self, origin: str) -> str:
        """Opens it in GraphiQL."""
        written = orjson.dumps(self.variables, option=orjson.OPT_INDENT_2).decode()
        return f"{origin}/graphql?{urlencode({'query': self.text, 'variables': written})}"


def twin(resource: Resource, verb: str, row_id: str = "", query: str = "", body: Any = None) -> Twin:
    """The twin of a List, Stats, Retrieve, Create, Update or Delete. Raises Rejected as the call does."""
    kind = {"List": "list", "Stats": "stats"}.get(verb, "one")
    asked = parse_query(query, resource, kind)
    name = operation_name(resource, verb)
    text, _ = operation(resource, name, asked.include, asked.fields)
    if verb in WITH_BODY:
        given = bodies.mutation_input(body, resource, verb, row_id or None)
        if rejected := bodies.explain(given, resource, verb):
            raise rejected
        return Twin(name, text, {"input": given})
    if verb == "Delete":
        return Twin(name, text, {"input": {"id": row_id}})
    return Twin(name, text, {"id": row_id} if verb == "Retrieve" else asked.variables)


def operation_name(resource: Resource, verb: str) -> str:
    """The name that an operation has in its .graphql file."""
    if verb == "Stats":
        return f"List{resource.graphql_type}Statistics"
    return f"{verb}{resource.graphql_type}{'s' if verb == 'List' else ''}"


def asks(request: Request) -> bool:
    return b"explain=" in request.scope["query_string"]


async def explained(request: Request, context: Any, resource: Resource, verb: str, row_id: str) -> Response:
    """Checks all that can be checked without the rows: the key's rights, the query and the body."""
    if verb not in READS and context.viewer.access is ApiKeyAccess.READ:
        raise insufficient_scope("this takes a key with access WRITE, and yours may only read")
    pairs = parse_qsl(request.url.query, keep_blank_values=True)
    if {value for name, value in pairs if name == PARAMETER} != {VALUE}:
        raise Rejected([at_parameter(PARAMETER, "explain takes one value: graphql")])
    body = None
    if verb in WITH_BODY:
        check_content_type(request)
        body = await read_document(request)
    query = urlencode([pair for pair in pairs if pair[0] != PARAMETER])
    found = twin(resource, verb, row_id, query, body)
    origin = request.app.state.public_url or f"{request.url.scheme}://{request.url.netloc}"
    shown = {
        "operationName": found.name,
        "operation": found.text,
        "variables": found.variables,
        "graphiql": found.address(origin),
    }
    return Response(orjson.dumps(shown), headers={"Content-Type": "application/json", "Vary": "Accept"})
