"""How long statements take, as a figure and in the trace."""

from time import perf_counter
from typing import Any

import asyncpg

from observability import metrics
from observability.tracing import tracing


def observe_statement(pool: str, seconds: float) -> None:
    """A statement of this pool that has just ended."""
    metrics.statement(pool, seconds)
    if tracing.tracer is not None:
        tracing.statement(pool, seconds)


class TimedConnection(asyncpg.Connection):
    """A connection of the reads. asyncpg's own query loggers cost twenty times as much."""

    async def fetch(self, *arguments: Any, **options: Any) -> Any:
        start = perf_counter()
        try:
            return await super().fetch(*arguments, **options)
        finally:
            observe_statement("reads", perf_counter() - start)

    async def fetchrow(self, *arguments: Any, **options: Any) -> Any:
        start = perf_counter()
        try:
            return await super().fetchrow(*arguments, **options)
        finally:
            observe_statement("reads", perf_counter() - start)
