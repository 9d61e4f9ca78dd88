"""One handler for each kind of call, all resources alike."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import xxhash
from starlette.requests import Request
from starlette.responses import Response

from jsonapi_facade import document
from jsonapi_facade.bodies import explain, mutation_input
from jsonapi_facade.errors import (
    Problem,
    Rejected,
    check,
    denied,
    insufficient_scope,
    not_found,
    unexpected,
    user_errors,
)
from jsonapi_facade.explain import asks, explained
from jsonapi_facade.negotiation import MEDIA_TYPE, check_accept, check_content_type, read_document
from jsonapi_facade.operations import operation
from jsonapi_facade.query import parse_query
from jsonapi_facade.resources import RESOURCES, Resource
from models.api_key import ApiKeyRole
from models.database import UNAVAILABLE
from resolvers.keys import Unauthorized
from schema.root import schema

PREFIX = "/carrier/v1"
Handler = Callable[[Request, Any, Resource, str], Awaitable[Response]]


async def carrier_v1(request: Request) -> Response:
    """Any call under /carrier/v1, errors included."""
    try:
        try:
            return await _dispatch(request)
        except Rejected:
            raise
        except UNAVAILABLE as error:
            detail = "the database is away; try again in a moment"
            raise Rejected([Problem(503, "unavailable", detail)], {"Retry-After": "1"}) from error
        except Exception as error:
            raise unexpected(error) from error
    except Rejected as rejected:
        errors = {"errors": [problem.document() for problem in rejected.problems]}
        return _respond(document.encode(errors), rejected.problems[0].status, rejected.headers)


async def _dispatch(request: Request) -> Response:
    resource, row_id, handlers = _route(request.path_params["path"])
    method = "GET" if request.method == "HEAD" else request.method
    if method not in handlers:
        allowed = ", ".join(sorted({*handlers, "HEAD"} if "GET" in handlers else handlers))
        detail = f"{request.method} is not there; this path takes {allowed}"
        raise Rejected([Problem(405, "method_not_allowed", detail)], {"Allow": allowed})
    check_accept(request)
    try:
        context = await request.app.state.service.context_for(request.headers.get("authorization"))
    except Unauthorized as error:
        raise denied(error.status, error.error, error.description) from None
    if context.viewer.role is not ApiKeyRole.CARRIER:
        raise insufficient_scope("the Carrier API takes a carrier's key, and yours is a platform key")
    handler = handlers[method]
    if asks(request):
        return await explained(request, context, resource, handler.__name__.rstrip("_").capitalize(), row_id)
    return await handler(request, context, resource, row_id)


def _route(path: str) -> tuple[Resource, str, dict[str, Handler]]:
    name, _, rest = path.partition("/")
    resource = RESOURCES.get(name)
    if resource is None or "/" in rest or path.endswith("/"):
        raise Rejected([Problem(404, "not_found", f"there is no path {PREFIX}/{path:.200}")])
    if resource.type == "phone_number" and rest == "stats":
        return resource, rest, {"GET": stats}
    if rest:
        change: dict[str, Handler] = {"PATCH": update, "DELETE": delete}
        offered = {m: h for m, h in change.items() if h.__name__.capitalize() in resource.actions}
        return resource, rest, {"GET": retrieve, **offered}
    return resource, rest, {"GET": list_, **({"POST": create} if "Create" in resource.actions else {})}


async def list_(request: Request, context: Any, resource: Resource, _: str) -> Response:
    query = parse_query(request.url.query, resource, "list")
    plural = resource.root + "s"
    text, shape = operation(resource, f"List{resource.graphql_type}s", query.include, query.fields)
    data = check(await schema.run(text, query.variables, context))
    return _found(request, document.page(data[plural], shape, query, _address(request)))


async def stats(request: Request, context: Any, resource: Resource, _: str) -> Response:
    query = parse_query(request.url.query, resource, "stats")
    text, _shape = operation(resource, "ListPhoneNumberStatistics", (), ())
    data = check(await schema.run(text, query.variables, context))
    return _found(request, document.stats(data["phoneNumberStats"], query, _address(request)))


async def retrieve(request: Request, context: Any, resource: Resource, row_id: str) -> Response:
    query = parse_query(request.url.query, resource, "one")
    text, shape = operation(resource, f"Retrieve{resource.graphql_type}", query.include, query.fields)
    node = check(await schema.run(text, {"id": row_id}, context))[resource.root]
    if node is None:
        raise not_found(resource.type)
    return _found(request, document.one(node, shape))


async def create(request: Request, context: Any, resource: Resource, _: str) -> Response:
    body, row_id = await _change(request, context, resource, "Create", None)
    location = f"{_address(request)}/{quote(row_id)}"
    return _respond(body, 201, {"Location": location})


async def update(request: Request, context: Any, resource: Resource, row_id: str) -> Response:
    body, _ = await _change(request, context, resource, "Update", row_id)
    return _respond(body, 200)


async def delete(request: Request, context: Any, resource: Resource, row_id: str) -> Response:
    parse_query(request.url.query, resource, "one")
    text, _ = operation(resource, f"Delete{resource.graphql_type}", (), ())
    payload = check(await schema.run(text, {"input": {"id": row_id}}, context))[
        f"delete{resource.graphql_type}"
    ]
    if payload["userErrors"]:
        raise user_errors(resource.type, payload["userErrors"])
    return Response(status_code=204, headers={"Vary": "Accept"})


async def _change(
    request: Request, context: Any, resource: Resource, verb: str, row_id: str | None
) -> tuple[bytes, str]:
    """(document, id) of what a create or update made."""
    query = parse_query(request.url.query, resource, "one")
    check_content_type(request)
    given = mutation_input(await read_document(request), resource, verb, row_id)
    text, shape = operation(resource, f"{verb}{resource.graphql_type}", query.include, query.fields)
    result = await schema.run(text, {"input": given}, context)
    if result.data is None and (rejected := explain(given, resource, verb)):
        raise rejected
    payload = check(result)[f"{verb.lower()}{resource.graphql_type}"]
    if payload["userErrors"]:
        raise user_errors(resource.type, payload["userErrors"])
    node = payload[resource.root]
    return document.encode(document.one(node, shape)), node["id"]


def _address(request: Request) -> str:
    """The address of the call without its query, on the origin that links carry."""
    origin = request.app.state.public_url or f"{request.url.scheme}://{request.url.netloc}"
    return f"{origin}{PREFIX}/{request.path_params['path']}"


def _found(request: Request, shown: dict[str, Any]) -> Response:
    body = document.encode(shown)
    tag = f'W/"{xxhash.xxh3_128_hexdigest(body)}"'
    known = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    if tag.removeprefix("W/") in known or known == ["*"]:
        return Response(status_code=304, headers={"ETag": tag, "Vary": "Accept"})
    return _respond(body, 200, {"ETag": tag})


def _respond(body: bytes, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, {"Content-Type": MEDIA_TYPE, "Vary": "Accept", **(headers or {})})
