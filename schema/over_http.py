"""GraphQL over HTTP by its specification, graphql.github.io/graphql-over-http, and persisted documents.

POST takes a JSON object with query, variables, operationName and extensions; GET takes queries alone, with
the same names as parameters of the URL. Accept chooses among application/graphql-response+json, whose status
tells what became of the operation, application/json, whose status is 200 for whatever was an operation at
all, and text/event-stream (over_sse.py).
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from functools import lru_cache
from types import NoneType
from typing import Any

import orjson
from graphql import ExecutionResult, OperationType
from starlette.requests import Request
from starlette.responses import Response

from models.api_key import ApiKeyAccess
from models.database import UNAVAILABLE
from resolvers.context import Context
from resolvers.idempotency import HEADER, Kept, Unusable, once
from resolvers.keys import Unauthorized
from schema import limits
from schema.body import CLOSE, BrokenOff, TooLarge, TooSlow, whole_body
from schema.errors import RateLimited
from schema.over_sse import events
from schema.root import schema

JSON, RESPONSE, EVENTS, PAGE = (
    "application/json",
    "application/graphql-response+json",
    "text/event-stream",
    "text/html",
)
# What a range such as */* stands for: application/json, as clients that name nothing expect it.
RANGES = {"*/*": JSON, "application/*": JSON}
HEADERS = {
    media: {"content-type": f"{media}; charset=utf-8", "vary": "Accept", "cache-control": "no-store"}
    for media in (JSON, RESPONSE)
}
MAX_BODY = 8 * 1024 * 1024  # an import of 10,000 phone numbers has about 3 MiB
MAX_REMEMBERED = 1024  # headers that are read once
KEPT_DOCUMENTS = 512
FAULTS = {"INTERNAL", "UNAVAILABLE"}  # codes of errors that are no answers
EXAMPLE = '{"query": "{ viewer { key { name } } }"}'


@dataclass
class Refused(Exception):
    """A request that is no GraphQL request, with the status that says why."""

    status: int
    message: str
    code: str = "BAD_REQUEST"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Asked:
    """One operation, as a request names it."""

    text: str
    variables: dict[str, Any] | None
    name: str | None
    shows_cost: bool = False

    @property
    def kind(self) -> OperationType | None:
        """Query, mutation or subscription; None where the document does not say so."""
        operation = schema.document(self.text).operation(self.name)
        return operation.node.operation if operation else None


class PersistedDocuments:
    """Documents by their SHA-256, as Apollo's automatic persisted queries send them: the ones used last.

    A client that is told PERSISTED_QUERY_NOT_FOUND sends the document along, so each process keeps its own.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, str] = OrderedDict()

    def document(self, text: str | None, persisted: Any) -> str:
        """The document that a request means. Raises Refused."""
        digest = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
        if not isinstance(digest, str) or persisted.get("version") != 1:
            example = '{"version": 1, "sha256Hash": "…"}'
            raise Refused(400, f"extensions.persistedQuery must be {example}")
        if text is None:
            return self._find(digest)
        if hashlib.sha256(text.encode()).hexdigest() != digest:
            raise Refused(400, "extensions.persistedQuery.sha256Hash is not the SHA-256 of query, in hex")
        if len(text) <= limits.MAX_CHARACTERS:
            self._kept[digest] = text
            self._kept.move_to_end(digest)
            if len(self._kept) > KEPT_DOCUMENTS:
                self._kept.popitem(last=False)
        return text

    def _find(self, digest: str) -> str:
        if digest not in self._kept:
            # Apollo Server's words and status: its clients look for them.
            raise Refused(200, "PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
        self._kept.move_to_end(digest)
        return self._kept[digest]


persisted_documents = PersistedDocuments()


async def graphql(request: Request) -> Response:  # noqa: PLR0911 - one return for each kind of answer
    """Answer GET and POST /graphql; whatever goes wrong is told as JSON with `errors`."""
    media: str | None = JSON
    try:
        media = accepted(request.headers.get("accept", "*/*"), _page(request) is not None)
        if media is None:
            raise Refused(406, f"Accept must allow {RESPONSE}, {JSON} or {EVENTS}", "NOT_ACCEPTABLE")
        if media == PAGE:
            page: Response = await _page(request)(request)
            return page
        _check_request(request)
        service, client = request.app.state.service, request.scope["client"]
        context = await service.context_for(request.headers.get("authorization"), client)
        asked = _asked(await _parameters(request))  # a body is read for those alone who have a key
        key = request.headers.get(HEADER)
        if request.method != "POST" or "subscription" in asked.text:
            _check_kind(request, asked, streams=media == EVENTS)
        if key is not None and asked.kind is OperationType.MUTATION:
            async with context.turn():
                return await _once(media, key, asked, context)
        if media == EVENTS:
            return events(asked, context, payload)
        async with context.turn():
            result = await schema.run(asked.text, asked.variables, context, asked.name)
        return _answer(media, result, _cost(context) if asked.shows_cost else None)
    except Refused as refused:
        return _refusal(media, refused)
    except Unauthorized as error:
        description = f'error="{error.error}", error_description="{error.description}"'
        challenge = {"www-authenticate": f'Bearer realm="carrierql", {description}'}
        return _refusal(media, Refused(error.status, error.description, error.error.upper(), challenge))
    except RateLimited as error:
        return _refusal(media, Refused(error.status, error.message, error.code, error.headers))
    except UNAVAILABLE:
        away = Refused(503, "the database is away; try again", "UNAVAILABLE", {"retry-after": "1"})
        return _refusal(media, away)


@lru_cache(MAX_REMEMBERED)
def accepted(header: str, has_page: bool) -> str | None:
    """The media type to answer with, by an Accept header; None where there is none."""
    offered = (RESPONSE, JSON, EVENTS, PAGE) if has_page else (RESPONSE, JSON, EVENTS)
    best: str | None = None
    highest = 0.0
    for type_, parameters in media_types(header or "*/*"):
        media = RANGES.get(type_, type_)
        quality = _quality(parameters.pop("q", "1"))
        plain = parameters.get("charset", "utf-8").lower() in ("utf-8", "utf8")
        if media in offered and plain and (quality > highest or (quality == highest and media == RESPONSE)):
            best, highest = media, quality
    return best if highest else None


def media_types(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    """(media type, parameters) for each of a header's."""
    for part in header.split(","):
        message = Message()
        message["content-type"] = part.strip()
        (type_, _), *parameters = message.get_params() or [("", "")]
        yield type_.lower(), {name.lower(): value for name, value in parameters}


def _quality(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


def _page(request: Request) -> Any:
    """What answers a browser's GET: set `app.state.graphiql` to `async (request) -> Response`."""
    return getattr(request.app.state, "graphiql", None) if request.method in ("GET", "HEAD") else None


def _check_request(request: Request) -> None:
    """What the method and the headers tell. Raises Refused."""
    if request.method == "POST":
        _check_content_type(request.headers.get("content-type", ""))
    elif request.method not in ("GET", "HEAD"):
        allow = {"allow": "GET, HEAD, POST"}
        raise Refused(405, "/graphql takes GET and POST", "METHOD_NOT_ALLOWED", allow)


async def _parameters(request: Request) -> dict[str, Any]:
    """query, variables, operationName and extensions, of a body or a URL. Raises Refused."""
    if request.method == "POST":
        return _object(await _body(request))
    given: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if name in given:
            given[name] = _json(given[name], f"the parameter {name}")
    return given


@lru_cache(MAX_REMEMBERED)
def _check_content_type(header: str) -> None:
    type_, parameters = next(media_types(header))
    if type_ != JSON or parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        shown = f"{header:.100}" if header else "of an unnamed type"
        raise Refused(415, f"the body must be {JSON} in UTF-8, not {shown}", "UNSUPPORTED_MEDIA_TYPE")


async def _body(request: Request) -> bytes:
    try:
        return await whole_body(request, MAX_BODY)
    except TooLarge as error:
        raise Refused(413, str(error), "TOO_LARGE", CLOSE) from None
    except TooSlow as error:
        raise Refused(408, str(error), "TIMEOUT", CLOSE) from None
    except BrokenOff as error:  # nobody reads this; the figures do
        raise Refused(400, str(error)) from None


def _json(text: bytes | str, what: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Refused(400, f"{what} is no JSON: {error}") from None


def _object(body: bytes) -> dict[str, Any]:
    given = _json(body, "the body")
    if isinstance(given, list):
        raise Refused(400, f"send one operation at a time, such as {EXAMPLE}: batches are not taken")
    if not isinstance(given, dict):
        raise Refused(400, f"the body must be a JSON object such as {EXAMPLE}")
    return given


def _asked(given: dict[str, Any]) -> Asked:
    """The operation that the parameters name. Raises Refused."""
    text, variables, name, extensions = (
        given.get("query"),
        given.get("variables"),
        given.get("operationName"),
        given.get("extensions"),
    )
    for wrong, message in (
        (not isinstance(text, str | NoneType), "query must be a string"),
        (not isinstance(variables, dict | NoneType), "variables must be an object"),
        (not isinstance(name, str | NoneType), "operationName must be a string"),
        (not isinstance(extensions, dict | NoneType), "extensions must be an object"),
    ):
        if wrong:
            raise Refused(400, message)
    if extensions and "persistedQuery" in extensions:
        text = persisted_documents.document(text, extensions["persistedQuery"])
    if text is None:
        raise Refused(400, f"name an operation by query, such as {EXAMPLE}")
    return Asked(text, variables, name or None, bool(extensions and extensions.get("cost") is True))


def _check_kind(request: Request, asked: Asked, *, streams: bool) -> None:
    """A GET asks, and changes nothing; a subscription is answered as a stream. Raises Refused."""
    if request.method != "POST" and asked.kind is OperationType.MUTATION:
        raise Refused(405, "send a mutation by POST", "METHOD_NOT_ALLOWED", {"allow": "POST"})
    if not streams and asked.kind is OperationType.SUBSCRIPTION:
        message = f"a subscription is answered to Accept: {EVENTS}, or over WebSocket (graphql-transport-ws)"
        raise Refused(406, message, "NOT_ACCEPTABLE")


def payload(result: ExecutionResult) -> dict[str, Any]:
    """What a client is sent: `data` alone where nothing went wrong, `errors` alone where nothing was run."""
    if not result.errors:
        return {"data": result.data}
    errors = [error.formatted for error in result.errors]
    return {"errors": errors} if was_not_run(result) else {"errors": errors, "data": result.data}


def was_not_run(result: ExecutionResult) -> bool:
    """Whether a document, its limits, its operation's name or its variables were refused."""
    return result.data is None and all(error.path is None for error in result.errors or ())


def _answer(media: str, result: ExecutionResult, extensions: dict[str, Any] | None = None) -> Response:
    status = 400 if media == RESPONSE and result.errors and was_not_run(result) else 200
    shown = payload(result)
    if extensions:
        shown["extensions"] = extensions
    return Response(orjson.dumps(shown, option=orjson.OPT_UTC_Z), status, HEADERS[media])


def _cost(context: Context) -> dict[str, Any] | None:
    """What `extensions: {"cost": true}` asks for; None where nothing is counted."""
    budget = context.budget
    if budget is None:
        return None
    shown = {
        "requested": context.charged,
        "limit": budget.limit,
        "remaining": budget.remaining,
        "resetSeconds": budget.reset_seconds,
    }
    return {"cost": shown}


async def _once(media: str, key: str, asked: Asked, context: Context) -> Response:
    """The answer to a mutation with an Idempotency-Key."""
    if media == EVENTS:
        raise Refused(406, f"a mutation with {HEADER} is answered as JSON", "NOT_ACCEPTABLE")

    async def act(within: Context) -> tuple[Kept, bool]:
        result = await schema.run(asked.text, asked.variables, within, asked.name)
        codes = {(error.extensions or {}).get("code") for error in result.errors or ()}
        is_one = not codes & FAULTS
        if not is_one:  # what the other mutations of the document wrote is undone with it
            result = ExecutionResult(None, result.errors)
        answer = _answer(media, result)
        return Kept(answer.status_code, dict(answer.headers), bytes(answer.body)), is_one

    if context.viewer.access is ApiKeyAccess.READ:
        kept, _ = await act(context)  # it is refused, which must not be kept for the carrier's other keys
    else:
        said = [asked.text, asked.variables, asked.name]
        request = b"POST /graphql\n" + orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
        try:
            kept = await once(context, key, request, act)
        except Unusable as error:
            raise Refused(error.status, error.message, error.code.upper(), error.headers) from None
    return Response(kept.body, kept.status, kept.headers)


def _refusal(media: str | None, refused: Refused) -> Response:
    shown = {"errors": [{"message": refused.message, "extensions": {"code": refused.code}}]}
    headers = HEADERS[RESPONSE if media == RESPONSE else JSON] | refused.headers
    return Response(orjson.dumps(shown), refused.status, headers)
