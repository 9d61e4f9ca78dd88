"""Structured logs on stderr, for every process alike, of what libraries say too.

No secret, message or whole phone number gets into them: what is known by its name is left out, and texts
lose what looks like one. A traceback shows the first line of each error: a database tells rows in the rest.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

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
OURS = "carrierql"  # the logger of all our own modules
STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime"}  # the last two by other formatters


def configure_logging(form: str, least: int = logging.WARNING) -> None:
    """`console` or `json`. Of our own what is at `least` so grave is told, of libraries errors alone."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Line(console if form == "console" else json.dumps))
    logging.basicConfig(level=logging.ERROR, handlers=[handler], force=True)
    logging.getLogger(OURS).setLevel(least)


class Line(logging.Formatter):
    """A record as one event: what is said, whose request it is about, and the `extra` of our own modules."""

    def __init__(self, render: Callable[[dict[str, Any]], str]) -> None:
        super().__init__()
        self._render = render

    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        if request := CURRENT.get():
            event["request_id"] = request.id
            if request.trace_parent:
                event["trace_id"] = request.trace_parent.split("-")[1]
        if record.name == OURS:
            event |= {name: value for name, value in vars(record).items() if name not in STANDARD}
        if record.exc_info and record.exc_info[1]:
            event["exception"] = told(record.exc_info[1])
        return self._render(redact(event))


def console(event: dict[str, Any]) -> str:
    """For people: the traceback below its line."""
    time, level, said, trace = (event.pop(name, "") for name in ("timestamp", "level", "event", "exception"))
    line = " ".join([time, f"{level:<8}", said, *(f"{name}={value}" for name, value in event.items())])
    return f"{line}\n{trace}" if trace else line


def redact(event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: REDACTED if name.lower() in SECRET_NAMES else _redacted(value) for name, value in event.items()
    }


def _redacted(value: Any) -> Any:
    if isinstance(value, dict):
        return redact(value)
    if isinstance(value, list | tuple):
        return [_redacted(one) for one in value]
    if not isinstance(value, str):
        return value if isinstance(value, int | float | None) else _redacted(str(value))
    for pattern, instead in PATTERNS:
        value = pattern.sub(instead, value)
    return value


def told(error: BaseException) -> str:
    """A traceback without local variables and with one line of each error."""
    return "".join(_told(error, set())).rstrip()


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
