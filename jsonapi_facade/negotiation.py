"""Media types by JSON:API 1.1, and bodies."""

from collections.abc import Iterator
from email.message import Message
from typing import Any

import orjson
from starlette.requests import Request
from starlette.types import Message as Received

from jsonapi_facade.errors import Problem, Rejected
from schema.body import CLOSE, BrokenOff, TooLarge, TooSlow, whole_body

MEDIA_TYPE = "application/vnd.api+json"
ACCEPTABLE = frozenset({MEDIA_TYPE, "application/json", "application/*", "*/*"})
MAX_BODY = 1024 * 1024


def header(request: Request, name: bytes) -> str | None:
    """The first header of this name, in lower case; Starlette's own way decodes all that it passes."""
    for key, value in request.scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return None


def check_accept(request: Request) -> None:
    """406 where every way of asking for JSON:API has parameters that we do not know."""
    asked = (header(request, b"accept") or "").strip()
    if not asked or asked in ACCEPTABLE:
        return
    if not any(_acceptable(type_, names) for type_, names in _media_types(asked)):
        detail = f"this API answers {MEDIA_TYPE} without parameters; send that in Accept, or nothing"
        raise Rejected([Problem(406, "not_acceptable", detail, {"header": "Accept"})])


async def read_document(request: Request) -> Any:
    """The JSON of a request's body. Raises Rejected: 413, 415, 400."""
    body = await read_limited(request)
    check_content_type(request)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Rejected([Problem(400, "invalid", f"the body is no JSON document: {error}")]) from None


def check_content_type(request: Request) -> None:
    given = header(request, b"content-type") or ""
    type_, names = next(_media_types(given), ("", set()))
    plain = type_ == "application/json" or (type_ == MEDIA_TYPE and names <= {"profile"})
    if not plain:
        detail = f"the body must be {MEDIA_TYPE} without parameters, not {given or 'of an unnamed type'}"
        raise Rejected([Problem(415, "unsupported_media_type", detail, {"header": "Content-Type"})])


async def read_limited(request: Request, limit: int = MAX_BODY) -> bytes:
    """Raises Rejected: 413, 408, 400."""
    try:
        if int(request.headers.get("content-length", "0") or 0) > limit:
            raise TooLarge(f"the body is over the limit of {limit} bytes")
        return await whole_body(request, limit)
    except TooLarge as error:
        raise Rejected([Problem(413, "too_large", str(error))], CLOSE) from None
    except TooSlow as error:
        raise Rejected([Problem(408, "timeout", str(error))], CLOSE) from None
    except BrokenOff as error:  # nobody reads this; the figures do
        raise Rejected([Problem(400, "invalid", str(error))]) from None


async def received(request: Request) -> Request:
    """The same request with its body at hand: who sends it slowly keeps nobody waiting. Raises Rejected."""
    return with_body(request, await read_limited(request))


def with_body(request: Request, body: bytes) -> Request:
    async def receive() -> Received:
        return {"type": "http.request", "body": body}

    return Request(request.scope, receive)


def _acceptable(type_: str, names: set[str]) -> bool:
    return type_ in ACCEPTABLE and (type_ != MEDIA_TYPE or names <= {"profile", "q"})


def _media_types(header: str) -> Iterator[tuple[str, set[str]]]:
    """(media type, names of its parameters) for each of a header's."""
    for part in header.split(","):
        message = Message()
        message["content-type"] = part.strip()
        parameters = message.get_params() or [("", "")]
        yield parameters[0][0].lower(), {name.lower() for name, _ in parameters[1:]}
