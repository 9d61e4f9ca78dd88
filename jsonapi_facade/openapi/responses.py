"""What the calls answer."""

from typing import Any

from jsonapi_facade.errors import Problem
from jsonapi_facade.explain import PARAMETER, READS, VALUE, WITH_BODY
from jsonapi_facade.negotiation import MAX_BODY, MEDIA_TYPE
from jsonapi_facade.openapi.schemas import Json, ref
from jsonapi_facade.resources import Resource

EXAMPLE_ID = "01a20d34-c04e-7661-80e5-83ccb0b5dcfa"

# Status -> name, code and what it says; where it is due is told by `_refusals`.
REFUSALS = {
    400: ("BadRequest", "invalid", "Something in the query is wrong, or the body is no JSON document."),
    401: ("Unauthorized", "invalid_token", "The key is missing, unknown, revoked or expired."),
    403: ("Forbidden", "insufficient_scope", "The key is live but may not do this."),
    404: (
        "NotFound",
        "not_found",
        "There is no such object: the id is unknown, another carrier's or no UUID.",
    ),
    406: ("NotAcceptable", "not_acceptable", f"`Accept` does not allow `{MEDIA_TYPE}` without parameters."),
    409: ("Conflict", "conflict", "The body's type or id is not that of the address."),
    413: ("TooLarge", "too_large", f"The body has more than {MAX_BODY} bytes."),
    415: (
        "UnsupportedMediaType",
        "unsupported_media_type",
        f"The body is not sent as `{MEDIA_TYPE}` or JSON.",
    ),
    422: ("Unprocessable", "invalid", "Something in the body is wrong; each error points to its place."),
    500: ("Internal", "internal", "A fault of the service; the log has it under the id in `detail`."),
    503: ("Unavailable", "unavailable", "The database is away for a moment."),
}
ALWAYS = (400, 401, 403, 406, 500, 503)
REFUSAL_HEADERS = {401: ("WWW-Authenticate",), 403: ("WWW-Authenticate",), 503: ("Retry-After",)}
HEADERS = {
    "ETag": "A weak tag of the document, for `If-None-Match`.",
    "Location": "The address of the new object.",
    "Vary": "Always `Accept`.",
    "WWW-Authenticate": "The challenge of RFC 6750, with `error` and `error_description`.",
    "Retry-After": "Seconds to wait.",
    "X-Request-Id": "The id of the call: its own `X-Request-Id` where it has one, else a new one.",
}


def call_responses(resource: Resource, verb: str, told: str, example: Any) -> Json:
    explanation = {"application/json": {"schema": ref("Explanation")}}
    shown: Json = {"200": {"description": f"With `{PARAMETER}={VALUE}`.", "content": explanation}}
    if verb in READS:
        document = _document(resource, verb, example) | explanation
        shown["200"] = {"description": told, "headers": _headers("ETag", "Vary"), "content": document}
        same = "The document is the one that `If-None-Match` names."
        shown["304"] = {"description": same, "headers": _headers("ETag", "Vary")}
    if verb == "Create":
        headers = _headers("Location", "Vary")
        document = _document(resource, verb, example)
        shown["201"] = {"description": "It was created.", "headers": headers, "content": document}
    if verb == "Update":
        document = _document(resource, verb, example) | explanation
        shown["200"] = {"description": "As it is now.", "headers": _headers("Vary"), "content": document}
    if verb == "Delete":
        shown["204"] = {"description": "It is gone.", "headers": _headers("Vary")}
    return shown | {str(status): _response_ref(status) for status in sorted(_refusals(verb))}


def _document(resource: Resource, verb: str, example: Any) -> Json:
    kind = {"List": "Page", "Stats": "StatisticPage"}.get(verb, "Document")
    return {MEDIA_TYPE: {"schema": ref(f"{resource.graphql_type}{kind}"), "example": example}}


def _refusals(verb: str) -> set[int]:
    found = set(ALWAYS)
    if verb in ("Retrieve", "Update", "Delete"):
        found.add(404)
    if verb in WITH_BODY:
        found |= {409, 413, 415}
    return found | ({422} if verb in {*WITH_BODY, "Delete"} else set())


def _headers(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*names, "X-Request-Id")}


def _response_ref(status: int) -> Json:
    return {"$ref": f"#/components/responses/{REFUSALS[status][0]}"}


def refusal(status: int) -> Json:
    _, code, told = REFUSALS[status]
    example = {"errors": [Problem(status, code, told.replace("`", "")).document() | {"id": EXAMPLE_ID}]}
    headers = ["Vary", *REFUSAL_HEADERS.get(status, ())]
    return {
        "description": told,
        "headers": _headers(*headers),
        "content": {MEDIA_TYPE: {"schema": ref("Errors"), "example": example}},
    }
