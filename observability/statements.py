"""How long statements take, as a figure and in the trace."""

from collections.abc import Callable

from observability import metrics
from observability.tracing import tracing

_observed: dict[str, Callable[[float], None]] = {}


def observe_statement(pool: str, seconds: float) -> None:
    """A statement of this pool that has just ended."""
    observe = _observed.get(pool)
    if observe is None:
        observe = _observed[pool] = metrics.SQL.labels(pool).observe
    observe(seconds)
    tracing.statement(pool, seconds)
