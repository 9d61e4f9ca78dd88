"""`carrierql scheduler`: what wakes the webhook workers."""

import uvloop

from observability.logs import configure_logging
from observability.tracing import tracing
from settings import load


def scheduler() -> None:
    """Wake the workers for due webhooks, and clean up: needs what `worker` needs. Any number may run."""
    from workers.process import schedule  # noqa: PLC0415  Dramatiq takes time to load

    settings = load()
    configure_logging(settings.log_format)
    tracing.configure("carrierql-scheduler")
    uvloop.run(schedule(settings))
