"""Structured logs on stderr, for every process alike, of what libraries say too.

No secret, message or whole phone number gets into them: what is known by its name is left out, and texts
lose what looks like one. A traceback shows the first line of each error: a database tells rows in the rest.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from types import TracebackType
from typing import Any

import structlog

from observability.requests import CURRENT

REDACTED = "[redacted]"
SECRET_NAMES = frozenset(
    {"authorization", "cookie", "api_key", "auth_token", "token", "password", "secret", "signing_secret"}
    | {"secret_key", "database_url", "broker_url", "url", "body", "response_body", "details", "variables"}
    | {"to", "from", "number"}
)
PATTERNS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w\-.~+/=]{8,}"), rf"\1 {REDACTED}"),
    (re.compile(r"whsec_[\w+/=]+|eyJ[\w\-]+\.[\w\-]+\.[\w\-]+"), REDACTED),
    (re.compile(r"(://[^\s:/@]*):[^\s@/]+@"), rf"\1:{REDACTED}@"),
    (re.compile(r"\+\d{3}\d{4,12}\b"), f"+{REDACTED}"),
    (re.compile(r"(?s)\s*DETAIL:.*"), f" DETAIL: {REDACTED}"),
)
Event = MutableMapping[str, Any]
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def configure_logging(form: str) -> None:
    """`console` or `json`."""
    console = form == "console"
    shared: list[Any] = [
        add_request,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(told),
        redact,
    ]
    last: Any = structlog.processors.JSONRenderer()
    if console:
        last = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*shared, last], logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    of_libraries = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared[:3],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shared[3:], last],
    )
    of_libraries.setFormatter(formatter)
    logging.basicConfig(level=logging.ERROR, handlers=[of_libraries], force=True)


def add_request(_logger: Any, _method: str, event: Event) -> Event:
    """Whose request it is about."""
    if request := CURRENT.get():
        event["request_id"] = request.id
        if request.trace_parent:
            event["trace_id"] = request.trace_parent.split("-")[1]
    return event


def redact(_logger: Any, _method: str, event: Event) -> Event:
    for name, value in event.items():
        event[name] = REDACTED if name.lower() in SECRET_NAMES else _redacted(value)
    return event


def _redacted(value: Any) -> Any:
    if isinstance(value, dict):
        return redact(None, "", dict(value))
    if isinstance(value, list | tuple):
        return [_redacted(one) for one in value]
    if not isinstance(value, str):
        return value if isinstance(value, int | float | None) else _redacted(str(value))
    for pattern, instead in PATTERNS:
        value = pattern.sub(instead, value)
    return value


def told(exc_info: ExcInfo) -> str:
    """A traceback without local variables and with one line of each error."""
    return "".join(_told(exc_info[1], set())).rstrip()


def _told(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None and id(earlier) not in seen:
        yield from _told(earlier, seen)
        yield "\nThen:\n\n" if error.__cause__ is None else "\nFrom it came:\n\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__qualname__}: {str(error).partition(chr(10))[0]}\n"
    for one in getattr(error, "exceptions", ()):
        yield from _told(one, seen)
