"""`carrierql worker`: the webhook workers alone."""

import resource

import uvloop

from observability.logs import configure_logging
from observability.tracing import tracing
from settings import load


def worker() -> None:
    """Deliver webhooks: needs DATABASE_URL, BROKER_URL and SECRET_KEY. Run as many as you like."""
    from workers.process import work  # noqa: PLC0415  Dramatiq and aiohttp take time to load

    settings = load()
    configure_logging(settings.log_format)
    tracing.configure("carrierql-worker")
    _allow_many_sockets()
    uvloop.run(work(settings))


def _allow_many_sockets() -> None:
    """Slow endpoints hold many connections at once: take as many files as the system lets us have."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
