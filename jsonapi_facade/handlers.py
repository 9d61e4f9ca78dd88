"""One handler for each kind of call, all resources alike."""

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

import xxhash
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

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
from jsonapi_facade.guarded import done_once, if_matching
from jsonapi_facade.negotiation import (
    MEDIA_TYPE,
    check_accept,
    check_content_type,
    header,
    read_document,
    received,
)
from jsonapi_facade.operations import operation
from jsonapi_facade.query import parse_query
from jsonapi_facade.resources import RESOURCES, Resource
from models.api_key import ApiKeyRole
from models.database import UNAVAILABLE
from resolvers.keys import Unauthorized
from schema.errors import RateLimited
from schema.root import schema

PREFIX = "/carrier/v1/"
CONTENT_TYPE, VARY = (b"content-type", MEDIA_TYPE.encode()), (b"vary", b"Accept")
Handler = Callable[[Request, Any, Resource, str], Awaitable[Response]]


class CarrierV1:
    """Middleware that answers all under /carrier/v1, in front of a router with nothing to choose there."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        response = await answer(Request(scope, receive))
        await response(scope, receive, send)


class Answer(Response):
    """A JSON:API document, or nothing; both differ by Accept."""

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        raw = [VARY]
        if self.body:
            raw = [CONTENT_TYPE, (b"content-length", b"%d" % len(self.body)), VARY]
        for name, value in (headers or {}).items():
            raw.append((name.encode(), value.encode("latin-1")))
        self.raw_headers = raw


def answer(request: Request) -> Awaitable[Response]:
    """The answer to any call, errors included."""
    return _told(_dispatch(request))


async def _told(answering: Awaitable[Response]) -> Response:
    try:
        try:
            return await answering
        except Rejected:
            raise
        except RateLimited as error:
            problem = Problem(error.status, error.code.lower(), error.message)
            raise Rejected([problem], error.headers) from None
        except UNAVAILABLE as error:
            detail = "the database is away; try again in a moment"
            raise Rejected([Problem(503, "unavailable", detail)], {"retry-after": "1"}) from error
        except Exception as error:
            raise unexpected(error) from error
    except Rejected as rejected:
        errors = {"errors": [problem.document() for problem in rejected.problems]}
        return Answer(document.encode(errors), rejected.problems[0].status, rejected.headers)


async def _dispatch(request: Request) -> Response:
    resource, row_id, handlers = _route(_path(request))
    method = "GET" if request.method == "HEAD" else request.method
    if method not in handlers:
        allowed = ", ".join(sorted({*handlers, "HEAD"} if "GET" in handlers else handlers))
        detail = f"{request.method} is not there; this path takes {allowed}"
        raise Rejected([Problem(405, "method_not_allowed", detail)], {"allow": allowed})
    check_accept(request)
    try:
        service, client = request.app.state.service, request.scope["client"]
        context = await service.context_for(header(request, b"authorization"), client)
    except Unauthorized as error:
        raise denied(error.status, error.error, error.description) from None
    if context.viewer.role is not ApiKeyRole.CARRIER:
        raise insufficient_scope("the Carrier API takes a carrier's key, and yours is a platform key")
    handler = handlers[method]
    if asks(request):
        return await explained(request, context, resource, handler.__name__.rstrip("_").capitalize(), row_id)
    if method != "GET":
        request = await received(request)
    async with context.turn():
        if method == "GET":
            return await handler(request, context, resource, row_id)
        return await _write(request, context, resource, row_id, handler)


async def _write(
    request: Request, context: Any, resource: Resource, row_id: str, handler: Handler
) -> Response:
    matching, key = header(request, b"if-match"), header(request, b"idempotency-key")

    async def show(request: Request, within: Any) -> Response:
        return await retrieve(request, within, resource, row_id)

    async def act(request: Request, within: Any) -> Response:
        if matching is None or not row_id:
            return await handler(request, within, resource, row_id)
        return await if_matching(
            within,
            resource,
            row_id,
            matching,
            show,
            lambda locked: handler(request, locked, resource, row_id),
        )

    if key is None:
        return await act(request, context)
    return await done_once(request, context, key, lambda again, within: _told(act(again, within)))


def _route(path: str) -> tuple[Resource, str, dict[str, Handler]]:
    name, _, rest = path.partition("/")
    resource = RESOURCES.get(name)
    if resource is None or "/" in rest or path.endswith("/"):
        raise Rejected([Problem(404, "not_found", f"there is no path {PREFIX}{path:.200}")])
    if resource.type == "phone_number" and rest == "stats":
        return resource, rest, {"GET": stats}
    return resource, rest, offered(resource, of_one=rest != "")


@cache
def offered(resource: Resource, *, of_one: bool) -> dict[str, Handler]:
    """The handlers by method, of a resource's list or of one of its rows."""
    change: dict[str, Handler] = {"PATCH": update, "DELETE": delete} if of_one else {"POST": create}
    changes = {
        m: handler for m, handler in change.items() if handler.__name__.capitalize() in resource.actions
    }
    return {"GET": retrieve if of_one else list_, **changes}


async def list_(request: Request, context: Any, resource: Resource, _: str) -> Response:
    query = parse_query(_query(request), resource, "list")
    plural = resource.root + "s"
    text, shape = operation(resource, f"List{resource.graphql_type}s", query.include, query.fields)
    result = await schema.run(text, query.variables, context, form=document.form(shape))
    listed = check(result)[plural]
    return _found(request, document.page(listed, shape, result, query, _address(request)))


async def stats(request: Request, context: Any, resource: Resource, _: str) -> Response:
    query = parse_query(_query(request), resource, "stats")
    text, _shape = operation(resource, "ListPhoneNumberStatistics", (), ())
    data = check(await schema.run(text, query.variables, context))
    return _found(request, document.stats(data["phoneNumberStats"], query, _address(request)))


async def retrieve(request: Request, context: Any, resource: Resource, row_id: str) -> Response:
    query = parse_query(_query(request), resource, "one")
    text, shape = operation(resource, f"Retrieve{resource.graphql_type}", query.include, query.fields)
    result = await schema.run(text, {"id": row_id}, context, form=document.form(shape))
    node = check(result)[resource.root]
    if node is None:
        raise not_found(resource.type)
    return _found(request, document.one(node, shape, result))


async def create(request: Request, context: Any, resource: Resource, _: str) -> Response:
    body, row_id = await _change(request, context, resource, "Create", None)
    location = f"{_address(request)}/{quote(row_id)}"
    return Answer(body, 201, {"location": location})


async def update(request: Request, context: Any, resource: Resource, row_id: str) -> Response:
    body, _ = await _change(request, context, resource, "Update", row_id)
    return Answer(body)


async def delete(request: Request, context: Any, resource: Resource, row_id: str) -> Response:
    parse_query(_query(request), resource, "one")
    text, _ = operation(resource, f"Delete{resource.graphql_type}", (), ())
    payload = check(await schema.run(text, {"input": {"id": row_id}}, context))[
        f"delete{resource.graphql_type}"
    ]
    if payload["userErrors"]:
        raise user_errors(resource.type, payload["userErrors"])
    return Answer(status_code=204)


async def _change(
    request: Request, context: Any, resource: Resource, verb: str, row_id: str | None
) -> tuple[bytes, str]:
    """(document, id) of what a create or update made."""
    query = parse_query(_query(request), resource, "one")
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
    return document.encode(document.one(node, shape, result)), node["id"]


def _address(request: Request) -> str:
    """The address of the call without its query, on the origin that links carry."""
    origin = request.app.state.public_url
    if not origin:
        host = header(request, b"host") or request.url.netloc
        origin = f"{request.scope['scheme']}://{host}"
    return f"{origin}{PREFIX}{_path(request)}"


def _path(request: Request) -> str:
    path: str = request.scope["path"]
    return path[len(PREFIX) :]


def _query(request: Request) -> str:
    query: bytes = request.scope["query_string"]
    return query.decode("latin-1")


def _found(request: Request, shown: dict[str, Any]) -> Response:
    body = document.encode(shown)
    tag = f'W/"{xxhash.xxh3_128_hexdigest(body)}"'
    asked = header(request, b"if-none-match")
    if asked is not None:
        known = [part.strip().removeprefix("W/") for part in asked.split(",")]
        if tag.removeprefix("W/") in known or known == ["*"]:
            return Answer(status_code=304, headers={"etag": tag})
    return Answer(body, headers={"etag": tag})
