"""What goes wrong, as JSON:API error objects."""

import logging
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from graphql import ExecutionResult

from jsonapi_facade.operations import snake

log = logging.getLogger("carrierql")


@dataclass(frozen=True)
class Problem:
    """One error object; `source` is {"pointer": …}, {"parameter": …}, {"header": …} or empty."""

    status: int
    code: str
    detail: str
    source: dict[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        shown = {
            "id": str(uuid4()),
            "status": str(self.status),
            "code": self.code,
            "title": HTTPStatus(self.status).phrase,
            "detail": self.detail,
        }
        return shown | ({"source": self.source} if self.source else {})


class Rejected(Exception):
    """A call that is answered with error objects; the first one's status is the answer's.

    The names of `headers` are in lower case, as ASGI wants them.
    """

    def __init__(self, problems: Iterable[Problem], headers: dict[str, str] | None = None) -> None:
        self.problems = list(problems)
        self.headers = headers or {}
        super().__init__(self.problems[0].detail)


def at_pointer(pointer: str, detail: str, code: str = "invalid", status: int = 422) -> Problem:
    return Problem(status, code, detail, {"pointer": pointer})


def at_parameter(parameter: str, detail: str) -> Problem:
    return Problem(400, "invalid", detail, {"parameter": parameter})


def not_found(type_: str) -> Rejected:
    return Rejected([Problem(404, "not_found", f"there is no such {type_}")])


def unexpected(error: BaseException) -> Rejected:
    """A fault of ours: the log has it under the id that the caller gets."""
    identifier = secrets.token_hex(8)
    log.error("request failed", extra={"id": identifier}, exc_info=error)
    return Rejected(
        [Problem(500, "internal", f"something went wrong on our side; the log knows it as {identifier}")]
    )


def user_errors(type_: str, errors: Iterable[Any]) -> Rejected:
    """The userErrors of a mutation: 404 where its row is not there, else 422 with pointers."""
    shown = []
    for error in errors:
        path, code, message = _parts(error)
        if path == ["id"] and code == "not_found":
            return not_found(type_)
        name = snake(path[0]) if path else ""
        pointer = "/data/id" if name == "id" else "/".join(["/data/attributes", name, *path[1:]]).rstrip("/")
        detail = message.replace(path[0], name) if path else message
        shown.append(at_pointer(pointer, detail, code))
    return Rejected(shown)


def check(result: ExecutionResult) -> dict[str, Any]:
    """The data of an operation without errors; raises Rejected for the others."""
    if not result.errors:
        assert result.data is not None
        return result.data
    error = result.errors[0]
    code = (error.extensions or {}).get("code")
    if code == "FORBIDDEN":
        raise insufficient_scope(error.message)
    if code == "UNAVAILABLE":
        raise Rejected([Problem(503, "unavailable", error.message)], {"retry-after": "1"})
    if code == "INTERNAL":
        raise Rejected([Problem(500, "internal", error.message)])
    raise unexpected(error)


def insufficient_scope(description: str) -> Rejected:
    return denied(403, "insufficient_scope", description)


def denied(status: int, error: str, description: str) -> Rejected:
    challenge = f'Bearer realm="carrierql", error="{error}", error_description="{description}"'
    return Rejected([Problem(status, error, description)], {"www-authenticate": challenge})


def _parts(error: Any) -> tuple[list[str], str, str]:
    """(path, code, message) of a userError, from a payload or from schema.problems."""
    if isinstance(error, dict):
        return list(error["field"] or ()), error["code"].lower(), error["message"]
    return list(error.field or ()), error.code.value.lower(), error.message
