"""The message broker, by its URL."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.exceptions import RedisError

SECONDS = 2
AMQP_PORTS = {"amqp": 5672, "amqps": 5671}


async def answers(url: str) -> bool:
    """Whether the broker at `url` answers within two seconds."""
    parts = urlsplit(url)
    with suppress(OSError, RedisError, TimeoutError):
        async with asyncio.timeout(SECONDS):
            if parts.scheme in AMQP_PORTS:
                _, writer = await asyncio.open_connection(
                    parts.hostname, parts.port or AMQP_PORTS[parts.scheme]
                )
                writer.close()
                return True
            async with Redis.from_url(url, socket_timeout=SECONDS) as client:
                return bool(await client.ping())
    return False
