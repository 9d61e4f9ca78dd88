"""How long statements take, as a figure and in the trace."""

from observability import metrics
from observability.tracing import tracing


def observe_statement(pool: str, seconds: float) -> None:
    """A statement of this pool that has just ended."""
    metrics.statement(pool, seconds)
    if tracing.tracer is not None:
        tracing.statement(pool, seconds)
