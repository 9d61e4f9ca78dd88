"""Traces by OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT is set and the extra `otel` is installed.

Without, a caller's `traceparent` is passed on all the same: to the event, and with its webhooks.
"""

import importlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import time_ns
from typing import Any

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


class Tracing:
    """One for the process; `tracer` is None while no traces are sent."""

    def __init__(self) -> None:
        self.tracer: Any = None
        self.propagator: Any = None

    def configure(self, service: str, processor: Any = None) -> None:
        """Send the spans of this process, named `service`; through `processor` where one is given."""
        if processor is None and not os.environ.get(ENDPOINT):
            return
        # Only now: most installations do without, and these imports take a third of a second.
        sdk = importlib.import_module("opentelemetry.sdk.trace")
        resources = importlib.import_module("opentelemetry.sdk.resources")
        provider = sdk.TracerProvider(resource=resources.Resource.create({"service.name": service}))
        provider.add_span_processor(processor or _exporting())
        context = importlib.import_module("opentelemetry.trace.propagation.tracecontext")
        self.propagator = context.TraceContextTextMapPropagator()
        self.tracer = provider.get_tracer("carrierql")

    def span(self, name: str, trace_parent: str | None = None) -> AbstractContextManager[Any]:
        """A span around a block, which is told it (None where no traces are sent).

        It is a child of `trace_parent`, or else of the span around it.
        """
        return nullcontext() if self.tracer is None else self._span(name, trace_parent)

    @contextmanager
    def _span(self, name: str, trace_parent: str | None) -> Iterator[Any]:
        parent = self.propagator.extract({"traceparent": trace_parent}) if trace_parent else None
        with self.tracer.start_as_current_span(name, context=parent) as span:
            yield span

    def statement(self, pool: str, seconds: float) -> None:
        """The span of a statement that has just ended."""
        if self.tracer is not None:
            end = time_ns()
            span = self.tracer.start_span("sql", start_time=end - int(seconds * 1e9))
            span.set_attributes({"db.system": "postgresql", "carrierql.pool": pool})
            span.end(end)

    def trace_parent(self) -> str | None:
        """Of the span that is open here, for whoever goes on with the trace."""
        carrier: dict[str, str] = {}
        if self.propagator is not None:
            self.propagator.inject(carrier)
        return carrier.get("traceparent")


def _exporting() -> Any:
    export = importlib.import_module("opentelemetry.sdk.trace.export")
    otlp = importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    return export.BatchSpanProcessor(otlp.OTLPSpanExporter())


tracing = Tracing()
