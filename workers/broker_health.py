"""Whether the broker answers: what the web process asks, which needs no broker's client for anything else."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

SECONDS = 2
AMQP_PORTS = {"amqp": 5672, "amqps": 5671}


async def answers(url: str) -> bool:
    """Whether the broker at `url` answers within two seconds."""
    parts = urlsplit(url)
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(SECONDS):
            if parts.scheme in AMQP_PORTS:
                _, writer = await asyncio.open_connection(
                    parts.hostname, parts.port or AMQP_PORTS[parts.scheme]
                )
                writer.close()
                return True
            return await _redis_answers(url)
    return False


async def _redis_answers(url: str) -> bool:
    from redis.asyncio import Redis  # noqa: PLC0415  takes a tenth of a second, which a start need not wait
    from redis.exceptions import RedisError  # noqa: PLC0415  the same

    with suppress(RedisError):
        async with Redis.from_url(url, socket_timeout=SECONDS) as client:
            return bool(await client.ping())
    return False
