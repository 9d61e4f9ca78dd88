"""The request that is being answered: its id, its trace, and what it turned out to be."""

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from random import getrandbits
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from observability import metrics
from observability.tracing import tracing

REQUEST_ID = re.compile(rb"[A-Za-z0-9_.\-]{1,128}")
TRACE_PARENT = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
MAX_NAME = 80


@dataclass(slots=True)
class Request:
    """`trace_parent` is W3C's: of the caller, or of our own span where traces are sent.

    `address` is the client's, as the server knows it: behind a proxy that is believed, the one that it names.
    """

    id: str
    trace_parent: str | None
    operation: str = ""
    door: str = ""
    address: str | None = None
    headers: Callable[[], Iterable[tuple[bytes, bytes]]] = tuple  # further ones of the answer, as it begins


CURRENT: ContextVar[Request | None] = ContextVar("request", default=None)


def note_operation(name: str) -> None:
    """The GraphQL operation behind the request, REST or not."""
    if request := CURRENT.get():
        request.operation = name[:MAX_NAME] or "anonymous"


def answer_with(headers: Callable[[], Iterable[tuple[bytes, bytes]]]) -> None:
    """Have these headers in the request's answer, whatever it turns out to be."""
    if request := CURRENT.get():
        request.headers = headers


@contextmanager
def following(request_id: str | None, trace_parent: str | None, name: str) -> Iterator[dict[str, str]]:
    """Work that a request led to: the logs tell whose it is. The headers that pass it on are yielded."""
    with tracing.span(name, trace_parent):
        trace_parent = tracing.trace_parent() or trace_parent
        token = CURRENT.set(Request(request_id, trace_parent, name) if request_id else None)
        try:
            headers = {"X-Request-Id": request_id, "traceparent": trace_parent}
            yield {header: value for header, value in headers.items() if value}
        finally:
            CURRENT.reset(token)


class Observe:
    """ASGI middleware: an id for every request, which is answered too, and its figures.

    Plain functions pass on what is to be awaited: a coroutine for each call would be felt in every request.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "lifespan":
            return self._app(scope, receive, send)
        request = _request(scope)
        CURRENT.set(request)
        start = perf_counter()

        def answer(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                own = (b"x-request-id", request.id.encode())
                message["headers"] = [*message["headers"], own, *request.headers()]
                metrics.answered(request.door, request.operation, message["status"], perf_counter() - start)
            return send(message)

        if tracing.tracer is None:
            return self._app(scope, receive, answer)
        return self._traced(scope, receive, answer, request)

    async def _traced(self, scope: Scope, receive: Receive, send: Send, request: Request) -> None:
        """The same within a span, which what follows has as its parent."""
        with tracing.span(request.door, request.trace_parent) as span:
            request.trace_parent = tracing.trace_parent()
            span.set_attribute("carrierql.request_id", request.id)
            await self._app(scope, receive, send)
            span.update_name(request.operation or request.door)


def _request(scope: Scope) -> Request:
    """Takes over the caller's id and trace where they are well-formed: they end up in headers and logs."""
    given = trace = None
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value
        elif name == b"traceparent":
            trace = value
    return Request(
        given.decode() if given and REQUEST_ID.fullmatch(given) else getrandbits(128).to_bytes(16).hex(),
        trace.decode() if trace and TRACE_PARENT.fullmatch(trace) else None,
        "",
        _door(scope["path"]),
        (scope.get("client") or (None,))[0],
    )


def _door(path: str) -> str:
    return "rest" if path.startswith("/carrier/v1") else "graphql" if path == "/graphql" else "other"
