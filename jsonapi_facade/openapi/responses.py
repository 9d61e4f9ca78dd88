"""What the calls answer."""

from typing import Any

from jsonapi_facade.errors import Problem
from jsonapi_facade.explain import PARAMETER, READS, VALUE, WITH_BODY
from jsonapi_facade.negotiation import MAX_BODY, MEDIA_TYPE
from jsonapi_facade.openapi.parameters import MATCHING
from jsonapi_facade.openapi.schemas import Json, ref
from jsonapi_facade.resources import Resource
from resolvers.idempotency import HEADER as IDEMPOTENCY_KEY
from schema.body import SECONDS

EXAMPLE_ID = "01a20d34-c04e-7661-80e5-83ccb0b5dcfa"

# Status -> name, code and what it says; where it is due is told by `_refusals`.
REFUSALS = {
    400: (
        "BadRequest",
        "invalid",
        "Something in the query or in a header is wrong, or the body is no JSON document.",
    ),
    401: ("Unauthorized", "invalid_token", "The key is missing, unknown, revoked or expired."),
    403: ("Forbidden", "insufficient_scope", "The key is live but may not do this."),
    404: (
        "NotFound",
        "not_found",
        "There is no such object: the id is unknown, another carrier's or no UUID.",
    ),
    406: ("NotAcceptable", "not_acceptable", f"`Accept` does not allow `{MEDIA_TYPE}` without parameters."),
    408: ("Timeout", "timeout", f"The body was not whole after {SECONDS} s."),
    409: (
        "Conflict",
        "conflict",
        f"The type or id is not the address's, or a request with the `{IDEMPOTENCY_KEY}` is in progress.",
    ),
    412: ("PreconditionFailed", "precondition_failed", "The object is not as `If-Match` says any more."),
    413: ("TooLarge", "too_large", f"The body has more than {MAX_BODY} bytes."),
    415: (
        "UnsupportedMediaType",
        "unsupported_media_type",
        f"The body is not sent as `{MEDIA_TYPE}` or JSON.",
    ),
    422: (
        "Unprocessable",
        "invalid",
        f"Each error points to what is wrong in the body, or the `{IDEMPOTENCY_KEY}` is of another request.",
    ),
    429: ("TooManyRequests", "rate_limited", "The key's budget is spent for now."),
    500: ("Internal", "internal", "A fault of the service; the log has it under the id in `detail`."),
    503: ("Unavailable", "unavailable", "The database is away for a moment."),
}
ALWAYS = (400, 401, 403, 406, 429, 500, 503)
UNCOUNTED = (401, 406)  # told before the key's budget is known
REFUSAL_HEADERS = {
    401: ("WWW-Authenticate",),
    403: ("WWW-Authenticate",),
    409: ("Retry-After",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
HEADERS = {
    "ETag": "A weak tag of the document, for `If-None-Match`; without parameters also for `If-Match`.",
    "Location": "The address of the new object.",
    "Vary": "Always `Accept`.",
    "WWW-Authenticate": "The challenge of RFC 6750, with `error` and `error_description`.",
    "Retry-After": "Seconds to wait.",
    "RateLimit": "What is left of the key's budget (`r`, units) and until when (`t`, seconds).",
    "RateLimit-Policy": "The key's budget (`q`, units) and its window (`w`, seconds).",
    "X-Request-Id": "The id of the call: its own `X-Request-Id` where it has one, else a new one.",
}


def call_responses(resource: Resource, verb: str, told: str, example: Any) -> Json:
    explanation = {"application/json": {"schema": ref("Explanation")}}
    told_instead = {"description": f"With `{PARAMETER}={VALUE}`.", "headers": _headers("Vary")}
    shown: Json = {"200": {**told_instead, "content": explanation}}
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
    if verb in MATCHING:
        found.add(412)
    if verb in WITH_BODY:
        found.add(415)
    return found | ({408, 409, 413, 422} if verb not in READS else set())


def _headers(*names: str, counted: bool = True) -> Json:
    always = ("X-Request-Id", *(("RateLimit", "RateLimit-Policy") if counted else ()))
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*names, *always)}


def _response_ref(status: int) -> Json:
    return {"$ref": f"#/components/responses/{REFUSALS[status][0]}"}


def refusal(status: int) -> Json:
    _, code, told = REFUSALS[status]
    example = {"errors": [Problem(status, code, told.replace("`", "")).document() | {"id": EXAMPLE_ID}]}
    headers = ["Vary", *REFUSAL_HEADERS.get(status, ())]
    return {
        "description": told,
        "headers": _headers(*headers, counted=status not in UNCOUNTED),
        "content": {MEDIA_TYPE: {"schema": ref("Errors"), "example": example}},
    }
