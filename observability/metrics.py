"""The figures at /metrics, for Prometheus.

One process keeps them in memory. Several on one port (WEB_CONCURRENCY) keep them in files under
PROMETHEUS_MULTIPROC_DIR, which `carrierql serve` makes: whichever process is asked answers for all.
"""

import os
from bisect import bisect_left
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
MAX_NAMES = 100  # of operations that clients named: a label's values must be bounded
OTHERS = "others"

REGISTRY = CollectorRegistry()
REQUESTS = Histogram(
    "carrierql_request_seconds",
    "From a request's arrival to the beginning of its answer.",
    ["door", "operation", "status"],
    buckets=SECONDS,
    registry=REGISTRY,
)
SQL = Histogram(
    "carrierql_sql_seconds",
    "One statement, as the service waits for it.",
    ["pool"],
    buckets=SECONDS,
    registry=REGISTRY,
)
CONNECTIONS = Gauge(
    "carrierql_pool_connections",
    "Connections to the database: in use, open, and the most that may be.",
    ["pool", "state"],
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
ADMISSION = Gauge(
    "carrierql_requests",
    "Requests in progress, waiting for their turn, and the most that may be in progress.",
    ["state"],
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
GAVE_UP = Counter(
    "carrierql_completion_gave_up",
    "Answers that compiled completion left to graphql-core.",
    registry=REGISTRY,
)
REFUSED = Counter(
    "carrierql_refused",
    "Requests refused: by the budget of their key, for too many wrong keys from their address, because too"
    " many of their carrier were waiting (share), or too many of all (busy).",
    ["reason"],
    registry=REGISTRY,
)
WEBHOOKS = Gauge(  # PostgreSQL counts, so that no restart begins anew: they only ever rise
    "carrierql_webhooks",
    "Since ever: attempts that succeeded and failed, and deliveries given up (exhausted).",
    ["outcome"],
    multiprocess_mode="mostrecent",
    registry=REGISTRY,
)
DUE = Gauge(
    "carrierql_webhook_due",
    "Webhooks that are due now, of all carriers.",
    multiprocess_mode="mostrecent",
    registry=REGISTRY,
)
OLDEST_DUE = Gauge(
    "carrierql_webhook_oldest_due_seconds",
    "For how long the oldest due webhook has been waiting.",
    multiprocess_mode="mostrecent",
    registry=REGISTRY,
)


class Tally:
    """Observations of one child of a histogram, on an event loop: counted for a fifteenth of its own price.

    They are handed over at each scrape, and each second for other processes' scrapes.
    """

    def __init__(self, child: Any) -> None:
        self._child = child
        self._counts = [0] * (len(SECONDS) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        self._counts[bisect_left(SECONDS, seconds)] += 1
        self._sum += seconds

    def hand_over(self) -> None:
        if any(self._counts):
            for bucket, count in zip(self._child._buckets, self._counts, strict=True):
                if count:
                    bucket.inc(count)
            self._child._sum.inc(self._sum)
            self._counts, self._sum = [0] * len(self._counts), 0.0


_requests: dict[tuple[str, str, int], Tally] = {}
_statements: dict[str, Tally] = {}
_names: set[str] = set()


def answered(door: str, operation: str, status: int, seconds: float) -> None:
    tally = _requests.get((door, operation, status)) or _of_requests(door, operation, status)
    tally.observe(seconds)


def _of_requests(door: str, operation: str, status: int) -> Tally:
    key = (door, _bounded(door, operation), status)
    if key not in _requests:
        _requests[key] = Tally(REQUESTS.labels(*key))
    return _requests[key]


def statement(pool: str, seconds: float) -> None:
    tally = _statements.get(pool)
    if tally is None:
        tally = _statements[pool] = Tally(SQL.labels(pool))
    tally.observe(seconds)


def hand_over() -> None:
    for tally in (*_requests.values(), *_statements.values()):
        tally.hand_over()


def _bounded(door: str, operation: str) -> str:
    """The facade's own names, and the first ones of clients."""
    if door == "graphql" and operation not in _names:
        if len(_names) >= MAX_NAMES:
            return OTHERS
        _names.add(operation)
    return operation


def refused(reason: str) -> None:
    REFUSED.labels(reason).inc()


def connections(pools: Mapping[str, Mapping[str, int]]) -> None:
    """The pools of this process."""
    for pool, states in pools.items():
        for state, count in states.items():
            CONNECTIONS.labels(pool, state).set(count)


def admission(states: Mapping[str, int]) -> None:
    """Of this process."""
    for state, count in states.items():
        ADMISSION.labels(state).set(count)


def webhooks(figures: Any) -> None:
    """What `workers.queue.figures` found at the last look."""
    DUE.set(figures.due)
    OLDEST_DUE.set(figures.oldest_due_seconds)
    for outcome in ("succeeded", "failed", "exhausted"):
        WEBHOOKS.labels(outcome).set(getattr(figures, outcome))


def exposition() -> bytes:
    """All figures as text, of all processes on this port."""
    hand_over()
    directory = os.environ.get(DIRECTORY)
    if directory is None:
        return generate_latest(REGISTRY)
    _forget_the_dead(Path(directory))
    registry = CollectorRegistry()
    MultiProcessCollector(registry, directory)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _forget_the_dead(directory: Path) -> None:
    """What a killed process had in use is in use no more."""
    for file in directory.glob("gauge_livesum_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not Path(f"/proc/{pid}").exists():
            mark_process_dead(pid, str(directory))  # type: ignore[no-untyped-call]
