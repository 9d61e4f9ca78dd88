"""The message broker, by its URL. It carries hints alone: an endpoint has work. None of them matters."""

from typing import Any
from urllib.parse import urlsplit

import redis
from dramatiq import Broker, Message
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker
from pika.exceptions import AMQPError
from redis.exceptions import RedisError

from workers.broker_health import AMQP_PORTS

QUEUE, ACTOR = "webhooks", "deliver"
DAY = 86_400_000
#: What the brokers' clients raise while the broker is away.
AWAY = (OSError, TimeoutError, RedisError, AMQPError)


def connect(url: str) -> Broker:
    """A Dramatiq broker without middleware: a hint is neither tried again nor limited in time.

    Redis requeues what a killed worker had fetched only by chance and after a minute, so here a little
    sooner; the next hint comes by itself anyway.
    """
    broker: Broker
    if urlsplit(url).scheme in AMQP_PORTS:
        broker = RabbitmqBroker(url=url, middleware=[], confirm_delivery=True)
    else:
        client = redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5)
        make: Any = RedisBroker  # Dramatiq leaves it untyped
        broker = make(client=client, middleware=[], heartbeat_timeout=15_000, dead_message_ttl=DAY)
    broker.declare_queue(QUEUE)
    return broker


def send_hint(broker: Broker, endpoint: str) -> None:
    """Tell the workers that an endpoint has work. Blocks; raises what the broker's client raises."""
    broker.enqueue(Message(QUEUE, ACTOR, (endpoint,), {}, {}))
